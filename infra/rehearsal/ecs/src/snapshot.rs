//! What a witness sees: services and tasks as they are at one moment.

use crate::clock::now;
use crate::ecs::Ecs;
use crate::logs::{LogLine, LogStream};
use crate::service::Service;
use crate::state::State;
use crate::task::{Status, Task};

/// Everything at one moment.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// Epoch seconds.
    pub at: f64,
    /// Every service that is not INACTIVE.
    pub services: Vec<ServiceSnapshot>,
    /// Every task still remembered, oldest first.
    pub tasks: Vec<TaskSnapshot>,
}

/// One service.
#[derive(Debug, Clone)]
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

/// One task.
#[derive(Debug, Clone)]
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
    /// When its targets were deregistered.
    pub deregistered_at: Option<f64>,
    /// When its targets were gone.
    pub drained_at: Option<f64>,
    /// When its processes got SIGTERM.
    pub sigterm_at: Option<f64>,
    /// When it was STOPPED.
    pub stopped_at: Option<f64>,
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

    /// What the `awslogs` driver of each container delivers. Containers without that driver deliver nothing.
    pub fn log_streams(&self) -> Vec<LogStream> {
        self.inner.look(|state| state.tasks.values().flat_map(streams).collect())
    }
}

fn streams(task: &Task) -> impl Iterator<Item = LogStream> {
    task.containers.iter().filter_map(|container| {
        let (group, prefix) = container.log.clone()?;
        // Without a prefix, the driver names the stream after the container's runtime id.
        let stream = if prefix.is_empty() {
            container.runtime_id.clone()
        } else {
            format!("{prefix}/{}/{}", container.name, task.id)
        };
        Some(LogStream { group, stream, task_arn: task.arn.clone(), lines: container.lines.lines() })
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
        steady: service.steady_since.is_some(),
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
        image_digest: first.and_then(|container| container.digest.clone()),
        status: task.status,
        stopping: task.stop.is_some(),
        healthy: task.healthy(),
        was_healthy: task.was_healthy,
        port: first.map_or(0, |container| container.port),
        pid: first.filter(|container| container.exit_code.is_none()).and_then(|container| container.pid),
        exit_code: first.and_then(|container| container.exit_code),
        stop_code: task.stop.as_ref().map(|stop| stop.code),
        stopped_reason: task.stop.as_ref().map(|stop| stop.reason.clone()),
        started_at: task.times.started,
        deregistered_at: task.times.deregistered,
        drained_at: task.times.drained,
        sigterm_at: task.times.sigterm,
        stopped_at: task.times.stopped,
    }
}
