//! What a witness sees: services and tasks as they are at one moment.

use crate::clock::now;
use crate::ecs::Ecs;
use crate::logs::{LogLine, LogStream};
use crate::service::Service;
use crate::state::{Cluster, State};
use crate::task::{Container, SCHEDULER, Status, Task};

/// Everything at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Epoch seconds.
    pub at: f64,
    /// Every service that is not INACTIVE.
    pub services: Vec<ServiceSnapshot>,
    /// Every task still remembered, oldest first.
    pub tasks: Vec<TaskSnapshot>,
    /// Every container instance.
    pub instances: Vec<InstanceSnapshot>,
}

impl Snapshot {
    /// A service's tasks, STOPPED ones too, oldest first.
    pub fn tasks_of<'a>(
        &'a self,
        cluster: &'a str,
        service: &'a str,
    ) -> impl Iterator<Item = &'a TaskSnapshot> {
        let ours =
            move |task: &&TaskSnapshot| task.cluster == cluster && task.service.as_deref() == Some(service);
        self.tasks.iter().filter(ours)
    }
}

/// One service.
#[derive(Debug, Clone, Default)]
pub struct ServiceSnapshot {
    /// Its cluster's name.
    pub cluster: String,
    /// Its name.
    pub name: String,
    /// Tasks wanted.
    pub desired: u32,
    /// Tasks whose `lastStatus` is RUNNING.
    pub running: usize,
    /// RUNNING tasks, not about to stop, that are healthy in all their target groups.
    pub healthy: usize,
    /// Tasks on their way up.
    pub pending: usize,
    /// The PRIMARY deployment's task definition.
    pub task_definition: String,
    /// The PRIMARY deployment's `rolloutState`.
    pub rollout_state: &'static str,
    /// PRIMARY and ACTIVE deployments.
    pub deployments: usize,
    /// It has exactly the healthy tasks it wants, of one deployment, and no others.
    pub steady: bool,
}

/// One container instance.
#[derive(Debug, Clone)]
pub struct InstanceSnapshot {
    /// Its ARN.
    pub arn: String,
    /// Its cluster's name.
    pub cluster: String,
    /// CPU units it has.
    pub cpu: u32,
    /// MiB it has.
    pub memory: u32,
    /// CPU units left.
    pub cpu_left: u32,
    /// MiB left.
    pub memory_left: u32,
    /// It takes no tasks and gives up those it has.
    pub draining: bool,
    /// Its agent is connected.
    pub connected: bool,
}

/// One task.
#[derive(Debug, Clone, Default)]
pub struct TaskSnapshot {
    /// Its ARN.
    pub arn: String,
    /// Its cluster's name.
    pub cluster: String,
    /// Its service's name.
    pub service: Option<String>,
    /// The deployment that started it.
    pub started_by: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// ARN of the container instance it runs on; none on Fargate.
    pub instance: Option<String>,
    /// Its first container's image as the task definition names it.
    pub image: String,
    /// Digest of its first container's image, once pulled.
    pub image_digest: Option<String>,
    /// `lastStatus`.
    pub status: Status,
    /// It has been asked to stop.
    pub stopping: bool,
    /// RUNNING, staying, and healthy in all its target groups.
    pub healthy: bool,
    /// It has been healthy at some time.
    pub was_healthy: bool,
    /// The port its first container listens on.
    pub port: u16,
    /// The target groups it is to serve in, and the port in each.
    pub targets: Vec<(String, u16)>,
    /// Its first container's process, while that runs.
    pub pid: Option<u32>,
    /// Its first container's exit code.
    pub exit_code: Option<i32>,
    /// `stopCode`.
    pub stop_code: Option<&'static str>,
    /// `stoppedReason`.
    pub stopped_reason: Option<String>,
    /// When it became RUNNING (epoch seconds, as all that follow).
    pub started_at: Option<f64>,
    /// When it was asked to stop.
    pub stopping_at: Option<f64>,
    /// When its targets were deregistered.
    pub deregistered_at: Option<f64>,
    /// When its targets were gone.
    pub drained_at: Option<f64>,
    /// When its processes got SIGTERM.
    pub sigterm_at: Option<f64>,
    /// When it was STOPPED.
    pub stopped_at: Option<f64>,
}

impl TaskSnapshot {
    /// The service scheduler stops it, for whatever reason; not a crash, not `StopTask`.
    pub fn stopped_by_scheduler(&self) -> bool {
        self.stop_code == Some(SCHEDULER)
    }

    /// The scheduler stops it because another revision, fewer tasks or another host is wanted, not because it
    /// failed its health checks.
    pub fn scaled_away(&self) -> bool {
        let reason = self.stopped_reason.as_deref().unwrap_or_default();
        self.stopped_by_scheduler() && reason.starts_with("Scaling activity")
    }
}

impl Ecs {
    /// Everything as it is now.
    pub fn snapshot(&self) -> Snapshot {
        self.inner.look(|state| {
            let active = state.services.values().filter_map(|service| look_at_service(state, service));
            Snapshot {
                at: now(),
                services: active.collect(),
                tasks: state.tasks.values().map(look_at_task).collect(),
                instances: state
                    .clusters
                    .values()
                    .flat_map(|cluster| look_at_instances(state, cluster))
                    .collect(),
            }
        })
    }

    /// The last lines a task printed, container by container; empty if it is not known.
    pub fn logs(&self, task_arn: &str) -> Vec<LogLine> {
        self.inner.look(|state| {
            let containers = state.task(task_arn).map(|task| task.containers.as_slice()).unwrap_or_default();
            containers.iter().flat_map(|container| container.lines.lines()).collect()
        })
    }

    /// One stream of a log group, as GetLogEvents asks for it; `None` before the container has been made and
    /// after its task is forgotten.
    pub fn log_stream(&self, group: &str, stream: &str) -> Option<LogStream> {
        self.inner.look(|state| {
            let of_group = |task: &&Task| {
                task.containers.iter().any(|one| one.log.as_ref().is_some_and(|(named, _)| named == group))
            };
            state.tasks.values().filter(of_group).flat_map(names).find_map(|(name, task, container)| {
                (name.0 == group && name.1 == stream).then(|| log_stream(name, task, container))
            })
        })
    }

    /// What the `awslogs` driver of each container delivers. Containers without that driver deliver nothing.
    pub fn log_streams(&self) -> Vec<LogStream> {
        self.inner.look(|state| {
            let all = state.tasks.values().flat_map(names);
            all.map(|(name, task, container)| log_stream(name, task, container)).collect()
        })
    }
}

/// Log group and stream of each container that has them.
fn names(task: &Task) -> impl Iterator<Item = ((String, String), &Task, &Container)> {
    task.containers.iter().filter_map(move |container| {
        let (group, prefix) = container.log.clone()?;
        // Without a prefix, the driver names the stream after the container's runtime id.
        let stream = if prefix.is_empty() {
            container.runtime_id.clone()
        } else {
            format!("{prefix}/{}/{}", container.name, task.id)
        };
        Some(((group, stream), task, container))
    })
}

fn log_stream((group, stream): (String, String), task: &Task, container: &Container) -> LogStream {
    LogStream { group, stream, task_arn: task.arn.clone(), lines: container.lines.lines() }
}

fn look_at_instances<'a>(
    state: &'a State,
    cluster: &'a Cluster,
) -> impl Iterator<Item = InstanceSnapshot> + 'a {
    cluster.instances.values().map(|instance| {
        let room = instance.room(state, None);
        InstanceSnapshot {
            arn: instance.arn.clone(),
            cluster: cluster.name.clone(),
            cpu: instance.cpu,
            memory: instance.memory,
            cpu_left: room.cpu,
            memory_left: room.memory,
            draining: !instance.active,
            connected: instance.connected,
        }
    })
}

fn look_at_service(state: &State, service: &Service) -> Option<ServiceSnapshot> {
    let primary = service.primary().filter(|_| service.status != crate::service::ServiceStatus::Inactive)?;
    let tasks: Vec<&Task> = state.tasks_of(&service.cluster, &service.name).collect();
    Some(ServiceSnapshot {
        cluster: service.cluster.clone(),
        name: service.name.clone(),
        desired: service.desired,
        running: crate::service::running(&tasks),
        healthy: tasks.iter().filter(|task| task.healthy()).count(),
        pending: crate::service::pending(&tasks),
        task_definition: primary.definition.clone(),
        rollout_state: primary.rollout.name(),
        deployments: service.deployments.len(),
        // Computed, not only remembered: the scheduler sees a stop one tick later.
        steady: service.steady_since.is_some() && service.is_steady(&tasks),
    })
}

fn look_at_task(task: &Task) -> TaskSnapshot {
    let first = task.containers.first();
    TaskSnapshot {
        arn: task.arn.clone(),
        cluster: task.cluster.clone(),
        service: task.service.clone(),
        started_by: task.started_by.clone(),
        task_definition: task.definition.clone(),
        instance: task.instance.clone(),
        image: first.map(|container| container.image.clone()).unwrap_or_default(),
        image_digest: first.and_then(|container| container.digest.clone()),
        status: task.status,
        stopping: task.stop.is_some(),
        healthy: task.healthy(),
        was_healthy: task.was_healthy,
        port: first.map_or(0, |container| container.port),
        targets: task.targets.iter().map(|target| (target.group.clone(), target.port)).collect(),
        pid: first.filter(|container| container.exit_code.is_none()).and_then(|container| container.pid),
        exit_code: first.and_then(|container| container.exit_code),
        stop_code: task.stop.as_ref().map(|stop| stop.code),
        stopped_reason: task.stop.as_ref().map(|stop| stop.reason.clone()),
        started_at: task.times.started,
        stopping_at: task.times.stopping,
        deregistered_at: task.times.deregistered,
        drained_at: task.times.drained,
        sigterm_at: task.times.sigterm,
        stopped_at: task.times.stopped,
    }
}
