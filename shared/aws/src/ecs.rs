//! Amazon ECS: services, tasks, container instances, in plain types; and the changes we make.

use crate::{At, Aws, moment};
use aws_sdk_ecs::types::{
    ContainerInstance, ContainerInstanceField, ContainerInstanceStatus, DesiredStatus, Resource, Service,
    ServiceField, Tag, Task, TaskDefinition, TaskDefinitionField,
};
use changeover_domain::StepError;
use changeover_domain::capacity::Instance;
use changeover_domain::evidence::{EcsDeployment, Exposed, ServiceEvent, ServiceSeen, Stopped, TaskSeen};
use changeover_domain::settings;
use std::collections::{BTreeMap, BTreeSet};

/// Most tasks of one service that are looked at; DescribeTasks takes 100 at a time.
pub const MAX_TASKS: usize = 1_000;
/// Most container instances that are looked at.
pub const MAX_INSTANCES: usize = 1_000;
/// DescribeTasks and DescribeContainerInstances take this many at a time.
const PER_CALL: usize = 100;

/// The services there are of these names, in the order asked; a missing or inactive one is left out.
pub async fn services(aws: &Aws, cluster: &str, names: &[&str]) -> Result<Vec<ServiceSeen>, StepError> {
    let request = aws.ecs().describe_services().cluster(cluster).include(ServiceField::Tags);
    let answer = request.set_services(Some(names.iter().map(ToString::to_string).collect())).send().await;
    if crate::is_code(&answer, "ClusterNotFoundException") {
        return Ok(Vec::new());
    }
    let answer = answer.at("DescribeServices", &format!("{cluster}/{}", names.join(", ")))?;
    let mut seen: Vec<ServiceSeen> =
        answer.services().iter().map(service).filter(|service| service.status == "ACTIVE").collect();
    seen.sort_by_key(|service| names.iter().position(|name| *name == service.name));
    Ok(seen)
}

/// One service.
pub async fn service_named(aws: &Aws, cluster: &str, name: &str) -> Result<ServiceSeen, StepError> {
    services(aws, cluster, &[name]).await?.pop().ok_or_else(|| StepError::Aws {
        call: "DescribeServices".into(),
        on: format!("{cluster}/{name}"),
        detail: "there is no active service of this name".into(),
    })
}

fn service(service: &Service) -> ServiceSeen {
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    let configuration = service.deployment_configuration();
    let tags = service.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?)));
    ServiceSeen {
        name: service.service_name().unwrap_or_default().to_owned(),
        status: service.status().unwrap_or_default().to_owned(),
        task_definition: service.task_definition().unwrap_or_default().to_owned(),
        desired: count(service.desired_count()),
        running: count(service.running_count()),
        pending: count(service.pending_count()),
        minimum_healthy_percent: configuration.and_then(|c| c.minimum_healthy_percent()).map_or(100, count),
        maximum_percent: configuration.and_then(|c| c.maximum_percent()).map_or(200, count),
        controller: service
            .deployment_controller()
            .map_or_else(|| "ECS".to_owned(), |controller| controller.r#type().as_str().to_owned()),
        ecs_strategy: configuration
            .and_then(|configuration| configuration.strategy())
            .map_or_else(|| "ROLLING".to_owned(), |strategy| strategy.as_str().to_owned()),
        launch_type: service.launch_type().map(|launch| launch.as_str().to_owned()),
        capacity_providers: !service.capacity_provider_strategy().is_empty(),
        scheduling: service.scheduling_strategy().map_or("", |strategy| strategy.as_str()).to_owned(),
        has_network: service
            .network_configuration()
            .is_some_and(|network| network.awsvpc_configuration().is_some()),
        exposes: exposes(service),
        port_names: port_names(service),
        target_groups: service
            .load_balancers()
            .iter()
            .filter_map(|lb| {
                let port = u16::try_from(lb.container_port().unwrap_or(0)).unwrap_or(0);
                Some((lb.target_group_arn()?.to_owned(), port))
            })
            .collect(),
        deployments: service.deployments().iter().map(deployment).collect(),
        events: service
            .events()
            .iter()
            .filter_map(|event| {
                let at = moment(event.created_at()?)?;
                Some(ServiceEvent { at, message: event.message()?.to_owned() })
            })
            .collect(),
        settings: settings::from_tags(tags),
    }
}

/// What its load balancers and service registries name of its task definition.
fn exposes(service: &Service) -> Vec<Exposed> {
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    let balancers = service.load_balancers().iter().map(|balancer| Exposed {
        container: balancer.container_name().unwrap_or_default().to_owned(),
        port: port(balancer.container_port()),
        by: balancer.target_group_arn().or(balancer.load_balancer_name()).unwrap_or_default().to_owned(),
    });
    let registries = service.service_registries().iter().map(|registry| Exposed {
        container: registry.container_name().unwrap_or_default().to_owned(),
        port: port(registry.container_port()),
        by: registry.registry_arn().unwrap_or_default().to_owned(),
    });
    // A registry of addresses alone names no container.
    balancers.chain(registries).filter(|exposed| !exposed.container.is_empty()).collect()
}

/// The port mappings that Service Connect names: only the deployment that is being brought about tells them.
fn port_names(service: &Service) -> Vec<String> {
    let primary = service.deployments().iter().find(|deployment| deployment.status() == Some("PRIMARY"));
    let connect = primary.and_then(|primary| primary.service_connect_configuration());
    let connect = connect.filter(|connect| connect.enabled());
    let named = connect.into_iter().flat_map(|connect| connect.services());
    named.map(|service| service.port_name().to_owned()).collect()
}

fn deployment(deployment: &aws_sdk_ecs::types::Deployment) -> EcsDeployment {
    EcsDeployment {
        id: deployment.id().unwrap_or_default().to_owned(),
        status: deployment.status().unwrap_or_default().to_owned(),
        task_definition: deployment.task_definition().unwrap_or_default().to_owned(),
        desired: u32::try_from(deployment.desired_count()).unwrap_or(0),
        running: u32::try_from(deployment.running_count()).unwrap_or(0),
        rollout_state: deployment.rollout_state().map(|state| state.as_str().to_owned()),
        rollout_reason: deployment.rollout_state_reason().map(str::to_owned),
        failed: u32::try_from(deployment.failed_tasks()).unwrap_or(0),
        began_at: deployment.created_at().and_then(moment),
    }
}

/// A service's tasks: those that run or are starting, and those that stopped of late.
pub async fn tasks(aws: &Aws, cluster: &str, service: &str) -> Result<Vec<TaskSeen>, StepError> {
    let on = format!("{cluster}/{service}");
    let mut arns = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let request = aws.ecs().list_tasks().cluster(cluster).service_name(service).desired_status(status);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            arns.extend(page.at("ListTasks", &on)?.task_arns.unwrap_or_default());
            if arns.len() >= MAX_TASKS {
                break;
            }
        }
    }
    let mut seen = Vec::with_capacity(arns.len());
    for some in arns.chunks(PER_CALL) {
        let request = aws.ecs().describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec()));
        let answer = request.send().await.at("DescribeTasks", &on)?;
        seen.extend(answer.tasks().iter().map(task));
    }
    Ok(seen)
}

fn task(task: &Task) -> TaskSeen {
    let stopping = task.stop_code().is_some() || task.last_status() == Some("STOPPED");
    TaskSeen {
        arn: task.task_arn().unwrap_or_default().to_owned(),
        task_definition: task.task_definition_arn().unwrap_or_default().to_owned(),
        last_status: task.last_status().unwrap_or_default().to_owned(),
        desired_status: task.desired_status().unwrap_or_default().to_owned(),
        health: task.health_status().map_or("UNKNOWN", |health| health.as_str()).to_owned(),
        digests: digests(task),
        addresses: addresses(task),
        ports: ports(task),
        stopped: stopping.then(|| stopped(task)),
    }
}

fn digests(task: &Task) -> BTreeMap<String, String> {
    let each = task.containers().iter();
    each.filter_map(|one| Some((one.name()?.to_owned(), one.image_digest()?.to_owned()))).collect()
}

/// The addresses of a task's own network interface (`awsvpc`), from where ECS tells them first and where it does later.
fn addresses(task: &Task) -> Vec<String> {
    let details = task.attachments().iter().flat_map(|attachment| attachment.details());
    let attached = details.filter(|detail| detail.name() == Some("privateIPv4Address"));
    let attached = attached.filter_map(|detail| detail.value());
    let interfaces = task.containers().iter().flat_map(|container| container.network_interfaces());
    let both = interfaces.flat_map(|interface| [interface.private_ipv4_address(), interface.ipv6_address()]);
    let all: BTreeSet<&str> = attached.chain(both.flatten()).collect();
    all.into_iter().map(str::to_owned).collect()
}

/// Where the ports of a task's containers are reached.
fn ports(task: &Task) -> BTreeMap<u16, u16> {
    let bindings = task.containers().iter().flat_map(|container| container.network_bindings());
    let port = |port: Option<i32>| port.and_then(|port| u16::try_from(port).ok());
    bindings.filter_map(|one| Some((port(one.container_port())?, port(one.host_port())?))).collect()
}

fn stopped(task: &Task) -> Stopped {
    let ended = task.containers().iter().find(|container| {
        container.exit_code().is_some_and(|code| code != 0) || container.reason().is_some()
    });
    let container = ended.or_else(|| task.containers().first()).map(|container| {
        let name = container.name().unwrap_or_default().to_owned();
        (name, container.exit_code())
    });
    let told = task.stopped_reason().unwrap_or("no reason given");
    // Of a task that failed to start ECS says the same in both places, or says it here only.
    let detail = ended.and_then(|container| container.reason()).filter(|reason| !told.contains(*reason));
    let detail = detail.map(|reason| format!(": {reason}")).unwrap_or_default();
    Stopped {
        at: task.stopped_at().or(task.stopping_at()).and_then(moment),
        code: task.stop_code().map_or("", |code| code.as_str()).to_owned(),
        reason: format!("{told}{detail}"),
        container,
    }
}

/// What ECS's own deployment of a service came to be about last.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LastDeployment {
    /// The service, by ARN.
    pub service: String,
    /// The service revision that it brings about, by ARN.
    pub revision: Option<String>,
}

/// The newest of a service's own deployments; none if ECS keeps none.
pub async fn last_deployment(
    aws: &Aws,
    cluster: &str,
    service: &str,
) -> Result<Option<LastDeployment>, StepError> {
    let answer = aws.ecs().list_service_deployments().cluster(cluster).service(service).send().await;
    let answer = answer.at("ListServiceDeployments", &format!("{cluster}/{service}"))?;
    let newest = answer.service_deployments().iter().max_by_key(|one| one.created_at().and_then(moment));
    Ok(newest.map(|newest| LastDeployment {
        service: newest.service_arn().unwrap_or_default().to_owned(),
        revision: newest.target_service_revision_arn().map(str::to_owned),
    }))
}

/// A task definition with its tags, as AWS has it; none if it was deleted.
pub async fn find_task_definition(
    aws: &Aws,
    arn: &str,
) -> Result<Option<(TaskDefinition, BTreeMap<String, String>)>, StepError> {
    let found = task_definition(aws, arn).await;
    match found {
        // "Unable to describe task definition."
        Err(StepError::Aws { detail, .. }) if detail.starts_with("ClientException") => Ok(None),
        found => found.map(Some),
    }
}

/// A task definition with its tags, as AWS has it.
pub async fn task_definition(
    aws: &Aws,
    arn: &str,
) -> Result<(TaskDefinition, BTreeMap<String, String>), StepError> {
    let request =
        aws.ecs().describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags);
    let answer = request.send().await.at("DescribeTaskDefinition", arn)?;
    let tags = answer
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())))
        .collect();
    let definition = answer.task_definition.ok_or_else(|| StepError::Aws {
        call: "DescribeTaskDefinition".into(),
        on: arn.to_owned(),
        detail: "the answer holds no task definition".into(),
    })?;
    Ok((definition, tags))
}

/// The container instances whose agent is connected: those that take tasks, and those that are told to take no more.
pub async fn instances(aws: &Aws, cluster: &str) -> Result<Vec<Instance>, StepError> {
    let mut arns = Vec::new();
    // Without a status ECS lists all but those that are gone.
    let mut pages = aws.ecs().list_container_instances().cluster(cluster).into_paginator().send();
    while let Some(page) = pages.next().await {
        arns.extend(page.at("ListContainerInstances", cluster)?.container_instance_arns.unwrap_or_default());
        if arns.len() >= MAX_INSTANCES {
            break;
        }
    }
    let mut found = Vec::with_capacity(arns.len());
    for some in arns.chunks(PER_CALL) {
        let request = aws.ecs().describe_container_instances().cluster(cluster);
        let request =
            request.set_container_instances(Some(some.to_vec())).include(ContainerInstanceField::Tags);
        let answer = request.send().await.at("DescribeContainerInstances", cluster)?;
        found.extend(answer.container_instances().iter().filter(|i| i.agent_connected()).map(instance));
    }
    Ok(found)
}

fn instance(instance: &ContainerInstance) -> Instance {
    let of = |all: &[Resource], name: &str| {
        let found = all.iter().find(|resource| resource.name() == Some(name));
        u32::try_from(found.map_or(0, Resource::integer_value)).unwrap_or(0)
    };
    let (left, whole) = (instance.remaining_resources(), instance.registered_resources());
    let ports = left.iter().find(|resource| resource.name() == Some("PORTS"));
    let ports = ports.map(Resource::string_set_value).unwrap_or_default();
    let tasks = instance.running_tasks_count().saturating_add(instance.pending_tasks_count());
    Instance {
        id: instance.container_instance_arn().unwrap_or_default().to_owned(),
        ec2: instance.ec2_instance_id().map(str::to_owned),
        cpu: of(left, "CPU"),
        memory: of(left, "MEMORY"),
        whole: (of(whole, "CPU"), of(whole, "MEMORY")),
        taken_ports: ports.iter().filter_map(|port| port.parse().ok()).collect(),
        tasks: u32::try_from(tasks).unwrap_or(0),
        draining: instance.status() != Some(ContainerInstanceStatus::Active.as_str()),
        joined_at: instance.registered_at().and_then(moment),
    }
}

/// Lets a container instance take no more tasks, or take tasks again.
pub async fn set_draining(aws: &Aws, cluster: &str, instance: &str, draining: bool) -> Result<(), StepError> {
    let status = if draining { ContainerInstanceStatus::Draining } else { ContainerInstanceStatus::Active };
    let request = aws.ecs().update_container_instances_state().cluster(cluster).container_instances(instance);
    let answer = request.status(status).send().await.at("UpdateContainerInstancesState", instance)?;
    // Of a list, each has its own failure.
    match answer.failures().first() {
        None => Ok(()),
        Some(failure) => Err(StepError::Aws {
            call: "UpdateContainerInstancesState".into(),
            on: instance.to_owned(),
            detail: failure.reason().or(failure.detail()).unwrap_or("no reason given").to_owned(),
        }),
    }
}

/// What to change about a service; what is not said stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change<'a> {
    /// The cluster.
    pub cluster: &'a str,
    /// The ECS service.
    pub service: &'a str,
    /// Another task definition, by ARN.
    pub task_definition: Option<&'a str>,
    /// Another number of tasks; never said for a service that an autoscaler may be scaling.
    pub desired: Option<u32>,
}

/// Changes a service.
pub async fn update_service(aws: &Aws, change: &Change<'_>) -> Result<(), StepError> {
    let mut request = aws.ecs().update_service().cluster(change.cluster).service(change.service);
    request = request.set_task_definition(change.task_definition.map(str::to_owned));
    if let Some(desired) = change.desired {
        request = request.desired_count(i32::try_from(desired).unwrap_or(i32::MAX));
    }
    request.send().await.at("UpdateService", &format!("{}/{}", change.cluster, change.service))?;
    Ok(())
}

/// Sets tags on a service; others stay.
pub async fn tag_service(aws: &Aws, arn: &str, tags: &BTreeMap<String, String>) -> Result<(), StepError> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    let request = aws.ecs().tag_resource().resource_arn(arn).set_tags(Some(tags.iter().map(tag).collect()));
    request.send().await.at("TagResource", arn)?;
    Ok(())
}
