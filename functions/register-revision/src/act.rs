//! Registers a copy of a task definition.

use crate::Action;
use changeover_aws::At;
use changeover_aws::sdk::ecs::config::Builder;
use changeover_aws::sdk::ecs::config::retry::RetryConfig;
use changeover_aws::sdk::ecs::types::{ContainerDefinition, Tag, TaskDefinition};
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn act(context: &Context, held: &Held<'_>, action: Action) -> Result<String, StepError> {
    match action {
        Action::Use(arn) => Ok(arn),
        Action::Register { source, containers, tags } => {
            held.check_fence().await?;
            register(context, *source, containers, tags).await
        }
    }
}

/// Registers what can be registered of a described task definition: all but what AWS itself fills in (its ARN,
/// revision, status, required attributes, compatibilities and registration), and inference accelerators, which it no
/// longer takes.
async fn register(
    context: &Context,
    source: TaskDefinition,
    containers: Vec<ContainerDefinition>,
    tags: Vec<Tag>,
) -> Result<String, StepError> {
    let family = source.family.clone().unwrap_or_default();
    let request = context
        .aws
        .ecs()
        .register_task_definition()
        .set_container_definitions(Some(containers))
        .set_tags(Some(tags))
        .set_family(source.family)
        .set_task_role_arn(source.task_role_arn)
        .set_execution_role_arn(source.execution_role_arn)
        .set_network_mode(source.network_mode)
        .set_volumes(source.volumes)
        .set_placement_constraints(source.placement_constraints)
        .set_requires_compatibilities(source.requires_compatibilities)
        .set_cpu(source.cpu)
        .set_memory(source.memory)
        .set_pid_mode(source.pid_mode)
        .set_ipc_mode(source.ipc_mode)
        .set_proxy_configuration(source.proxy_configuration)
        .set_ephemeral_storage(source.ephemeral_storage)
        .set_runtime_platform(source.runtime_platform)
        .set_enable_fault_injection(source.enable_fault_injection);
    // Asked twice it makes two revisions, and an answer may be lost on the way: so once, and if that came to nothing the
    // step is tried again, which looks first whether a revision is there.
    let once = Builder::new().retry_config(RetryConfig::disabled());
    let answer =
        request.customize().config_override(once).send().await.at("RegisterTaskDefinition", &family)?;
    answer.task_definition.and_then(|registered| registered.task_definition_arn).ok_or_else(|| {
        StepError::Aws {
            call: "RegisterTaskDefinition".to_owned(),
            on: family,
            detail: "the answer holds no ARN".to_owned(),
        }
    })
}
