//! Revisions of ours: copies of a task definition, registered once and found again by a tag.

use crate::ecs::task_definition;
use crate::{At, Aws};
use aws_sdk_ecs::config::Builder;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::types::{ContainerDefinition, SortOrder, Tag, TaskDefinition};
use changeover_domain::StepError;
use changeover_domain::readiness::{OUR_TAGS, is_reserved};
use std::collections::BTreeMap;

/// How many of the newest revisions of the family are looked through for our own.
const RECENT: i32 = 10;

/// The revision of a family that an earlier run registered, by the tag that it got; none if there is none, or none that is
/// active.
///
/// # Errors
/// What AWS answered.
pub async fn registered(
    aws: &Aws,
    family: &str,
    (key, value): (&str, &str),
) -> Result<Option<String>, StepError> {
    let request = aws.ecs().list_task_definitions().family_prefix(family);
    let listed =
        request.sort(SortOrder::Desc).max_results(RECENT).send().await.at("ListTaskDefinitions", family)?;
    for arn in listed.task_definition_arns() {
        let (_, tags) = task_definition(aws, arn).await?;
        if tags.get(key).is_some_and(|tag| tag == value) {
            return Ok(Some(arn.clone()));
        }
    }
    Ok(None)
}

/// Registers what can be registered of a described task definition, with these containers and tags in place of its own:
/// all but what AWS itself fills in (its ARN, revision, status, required attributes, compatibilities and registration),
/// and inference accelerators, which it no longer takes. Answers the ARN.
///
/// # Errors
/// What AWS answered.
pub async fn register(
    aws: &Aws,
    source: TaskDefinition,
    containers: Vec<ContainerDefinition>,
    tags: Vec<Tag>,
) -> Result<String, StepError> {
    let family = source.family.clone().unwrap_or_default();
    let request = aws
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

/// The containers and tags of a copy: those of the source with these images (container → image), and one tag of ours in
/// the place of whichever it has. Pure.
///
/// # Errors
/// `RecordMissing` if a container is not in the task definition any more.
pub fn copied(
    source: &TaskDefinition,
    images: &BTreeMap<String, String>,
    tags: &BTreeMap<String, String>,
    (key, value): (&str, &str),
) -> Result<(Vec<ContainerDefinition>, Vec<Tag>), StepError> {
    let mut containers = source.container_definitions().to_vec();
    for (name, image) in images {
        let Some(container) = containers.iter_mut().find(|found| found.name() == Some(name)) else {
            return Err(StepError::RecordMissing(format!(
                "the task definition {} has no container {name} any more",
                source.task_definition_arn().unwrap_or_default(),
            )));
        };
        container.image = Some(image.clone());
    }
    let mut tags = tags.clone();
    tags.retain(|key, _| !is_reserved(key) && !OUR_TAGS.contains(&key.as_str()));
    tags.insert(key.to_owned(), value.to_owned());
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
    Ok((containers, tags))
}
