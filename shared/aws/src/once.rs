//! Tasks that run once, apart from any service's own number of tasks: they start as the service's tasks do.

use crate::{At, Aws, is_code};
use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, ContainerOverride, LaunchType, NetworkConfiguration, Tag, TaskOverride,
};
use changeover_domain::StepError;

/// What is to run.
#[derive(Debug, Clone, Copy)]
pub struct Once<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// The service in whose network, and on whose kind of room, it runs.
    pub service: &'a str,
    /// The task definition, by ARN.
    pub revision: &'a str,
    /// The container whose command is replaced.
    pub container: &'a str,
    /// By what.
    pub command: &'a [String],
    /// What makes a repeated start the same start: 64 characters at most.
    pub token: &'a str,
    /// Who starts it: 128 characters at most.
    pub started_by: &'a str,
    /// A tag that it gets: key and value.
    pub tag: (&'a str, &'a str),
}

/// What came of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A task, by ARN.
    Task(String),
    /// There is no room at the moment, or none that fits; in ECS's words.
    NoRoom(String),
}

/// How a task that runs once is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Now {
    /// It has not ended.
    Runs(String),
    /// It has: the exit code of the container, if that came so far, and ECS's reason.
    Ended {
        /// The exit code.
        code: Option<i32>,
        /// Why it stopped, in ECS's words.
        reason: String,
    },
    /// ECS does not know it: not yet, or not any more.
    Unknown,
}

/// Starts it. With the same token it is started once (RunTask's `clientToken`).
///
/// # Errors
/// `Busy` or `Aws`, as ECS answers.
pub async fn run(aws: &Aws, once: &Once<'_>) -> Result<Start, StepError> {
    let on = format!("{}/{}", once.cluster, once.service);
    let found = aws.ecs().describe_services().cluster(once.cluster).services(once.service).send().await;
    let found = found.at("DescribeServices", &on)?;
    let service = found.services().first().ok_or_else(|| StepError::Aws {
        call: "DescribeServices".into(),
        on: on.clone(),
        detail: "there is no such service".into(),
    })?;
    let network: Option<NetworkConfiguration> = service.network_configuration().cloned();
    let providers: Vec<CapacityProviderStrategyItem> = service.capacity_provider_strategy().to_vec();
    // One or the other: ECS refuses both.
    let launch: Option<LaunchType> = service.launch_type().filter(|_| providers.is_empty()).cloned();
    let command =
        ContainerOverride::builder().name(once.container).set_command(Some(once.command.to_vec())).build();
    let (key, value) = once.tag;
    let request = aws
        .ecs()
        .run_task()
        .cluster(once.cluster)
        .task_definition(once.revision)
        .count(1)
        .set_launch_type(launch)
        .set_capacity_provider_strategy(Some(providers).filter(|some| !some.is_empty()))
        .set_platform_version(service.platform_version().map(str::to_owned))
        .set_network_configuration(network)
        .overrides(TaskOverride::builder().container_overrides(command).build())
        .client_token(once.token)
        .started_by(once.started_by)
        .tags(Tag::builder().key(key).value(value).build());
    let answer = request.send().await.at("RunTask", &on)?;
    if let Some(arn) = answer.tasks().first().and_then(|task| task.task_arn()) {
        return Ok(Start::Task(arn.to_owned()));
    }
    let why = answer.failures().first().map(|failure| {
        let detail = failure.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        format!("{}{detail}", failure.reason().unwrap_or("no reason given"))
    });
    Ok(Start::NoRoom(why.unwrap_or_else(|| "ECS started nothing and gave no reason".to_owned())))
}

/// How it is, by the exit code of one of its containers.
///
/// # Errors
/// `Busy` or `Aws`, as ECS answers.
pub async fn look(aws: &Aws, cluster: &str, task: &str, container: &str) -> Result<Now, StepError> {
    let answer = aws.ecs().describe_tasks().cluster(cluster).tasks(task).send().await;
    let answer = answer.at("DescribeTasks", task)?;
    let Some(task) = answer.tasks().first() else { return Ok(Now::Unknown) };
    let status = task.last_status().unwrap_or_default();
    if status != "STOPPED" {
        return Ok(Now::Runs(status.to_owned()));
    }
    let ours = task.containers().iter().find(|one| one.name() == Some(container));
    let detail = ours.and_then(|one| one.reason()).map(|reason| format!(": {reason}")).unwrap_or_default();
    let reason = format!("{}{detail}", task.stopped_reason().unwrap_or("no reason given"));
    Ok(Now::Ended { code: ours.and_then(|one| one.exit_code()), reason })
}

/// Stops it, if it is there still.
///
/// # Errors
/// `Busy` or `Aws`, as ECS answers.
pub async fn stop(aws: &Aws, cluster: &str, task: &str, why: &str) -> Result<(), StepError> {
    let answer = aws.ecs().stop_task().cluster(cluster).task(task).reason(why).send().await;
    // "The referenced task was not found."
    if is_code(&answer, "InvalidParameterException") {
        return Ok(());
    }
    answer.at("StopTask", task).map(|_| ())
}
