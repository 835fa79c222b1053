//! What was seen in AWS, as plain types: the evidence that rules judge.

use crate::Timestamp;
use crate::settings::Raw;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// As many strangers of one target group are named.
const MAX_STRAYS: usize = 5;

/// An ECS service as `DescribeServices` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ServiceSeen {
    /// Its name.
    pub name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// The task definition it is set to, by ARN.
    pub task_definition: String,
    /// How many tasks it is told to run.
    pub desired: u32,
    /// How many run.
    pub running: u32,
    /// How many are on their way.
    pub pending: u32,
    /// `minimumHealthyPercent`.
    pub minimum_healthy_percent: u32,
    /// `maximumPercent`.
    pub maximum_percent: u32,
    /// `ECS`, `CODE_DEPLOY` or `EXTERNAL`.
    pub controller: String,
    /// `ROLLING`, or one of ECS's own shifting strategies.
    pub ecs_strategy: String,
    /// `EC2`, `FARGATE`, `EXTERNAL`; none with a capacity provider strategy.
    pub launch_type: Option<String>,
    /// Whether a capacity provider strategy is set: then capacity can follow demand.
    pub capacity_providers: bool,
    /// `REPLICA`, or `DAEMON`: one task on each container instance. Empty where it is not told.
    pub scheduling: String,
    /// Whether it has a network configuration, which `awsvpc` needs.
    pub has_network: bool,
    /// Target group ARN → the container port behind it.
    pub target_groups: BTreeMap<String, u16>,
    /// The containers and ports that its load balancers and registries name.
    pub exposes: Vec<Exposed>,
    /// The port mappings that its Service Connect configuration names.
    pub port_names: Vec<String>,
    /// Its deployments, the primary one first.
    pub deployments: Vec<EcsDeployment>,
    /// Its events, newest first.
    pub events: Vec<ServiceEvent>,
    /// Our tags on it, without the prefix.
    pub settings: Raw,
}

impl ServiceSeen {
    /// The deployment that ECS is bringing about or has brought about.
    pub fn primary(&self) -> Option<&EcsDeployment> {
        self.deployments.iter().find(|deployment| deployment.status == "PRIMARY")
    }
}

/// A container and port that a service's load balancer or service registry names: its task definition must have them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Exposed {
    /// The container.
    pub container: String,
    /// Its port; none where any will do.
    pub port: Option<u16>,
    /// Who names it: a target group's or a registry's ARN.
    pub by: String,
}

/// One of ECS's own deployments of a service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EcsDeployment {
    /// `ecs-svc/…`
    pub id: String,
    /// `PRIMARY`, `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// Its task definition, by ARN.
    pub task_definition: String,
    /// How many tasks it is to run.
    pub desired: u32,
    /// How many of them run.
    pub running: u32,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: Option<String>,
    /// Why.
    pub rollout_reason: Option<String>,
    /// How many of its tasks failed in a row before any ran; it stays 0 once one did.
    pub failed: u32,
    /// When it began.
    pub began_at: Option<Timestamp>,
}

/// A line of a service's events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceEvent {
    /// When.
    pub at: Timestamp,
    /// AWS's words.
    pub message: String,
}

/// A task as `DescribeTasks` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TaskSeen {
    /// Its ARN.
    pub arn: String,
    /// The task definition it runs, by ARN.
    pub task_definition: String,
    /// `RUNNING` and so on.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`: where ECS wants it.
    pub desired_status: String,
    /// `UNHEALTHY` when the container's own health check fails; `UNKNOWN` without one.
    pub health: String,
    /// Container → the digest of the image that it runs, where AWS tells it.
    pub digests: BTreeMap<String, String>,
    /// The addresses of its network interface; none where it shares its instance's.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// Container port → the port of the instance that leads to it, where that is another.
    #[serde(default)]
    pub ports: BTreeMap<u16, u16>,
    /// How it ended, if it did.
    pub stopped: Option<Stopped>,
}

impl TaskSeen {
    /// Whether it is known where requests reach it.
    fn is_placed(&self) -> bool {
        !self.addresses.is_empty() || !self.ports.is_empty()
    }

    /// Whether a target is this task, by address and port. A target that is an instance is told by its port alone: which
    /// instance a task is on, the task does not say.
    fn is_behind(&self, target: &TargetSeen, container_port: Option<u16>) -> bool {
        let port = container_port.map(|port| self.ports.get(&port).copied().unwrap_or(port));
        let at_port = match port {
            Some(port) => port == target.port,
            None => self.ports.is_empty() || self.ports.values().any(|port| *port == target.port),
        };
        let at_address = self.addresses.is_empty() || self.addresses.contains(&target.id);
        self.is_placed() && at_port && at_address
    }

    /// Runs, and is meant to go on.
    pub fn is_up(&self) -> bool {
        self.last_status == "RUNNING" && self.desired_status == "RUNNING"
    }
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopped {
    /// When it stopped or began to.
    pub at: Option<Timestamp>,
    /// `stopCode`.
    pub code: String,
    /// `stoppedReason`.
    pub reason: String,
    /// The container that ended it, and its exit code.
    pub container: Option<(String, Option<i32>)>,
}

/// A target as `DescribeTargetHealth` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetSeen {
    /// An address or an instance.
    pub id: String,
    /// Its port.
    pub port: u16,
    /// `healthy`, `unhealthy`, `initial`, `draining`, `unused` and so on.
    pub state: String,
    /// AWS's reason and description, if it gives any.
    pub why: Option<String>,
}

impl TargetSeen {
    /// Whether it passes its health checks.
    pub fn is_healthy(&self) -> bool {
        self.state == "healthy"
    }

    /// Its address and port, as people write them.
    pub fn place(&self) -> String {
        if self.id.contains(':') {
            format!("[{}]:{}", self.id, self.port)
        } else {
            format!("{}:{}", self.id, self.port)
        }
    }
}

/// Everything about one side, or a rolling service.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SideSeen {
    /// The ECS service.
    pub service: ServiceSeen,
    /// Its tasks, running and stopped of late.
    pub tasks: Vec<TaskSeen>,
    /// Target group ARN → its targets.
    pub targets: BTreeMap<String, Vec<TargetSeen>>,
}

impl SideSeen {
    /// How many targets are healthy in the target group that has the fewest; running tasks if there is none. Only
    /// targets that are the service's tasks count.
    pub fn healthy(&self) -> u32 {
        let healthy =
            |group: &String| self.own_and_stray(group).0.into_iter().filter(|one| one.is_healthy()).count();
        let up = || self.tasks.iter().filter(|task| task.is_up()).count();
        let fewest = self.targets.keys().map(healthy).min().unwrap_or_else(up);
        u32::try_from(fewest).unwrap_or(u32::MAX)
    }

    /// The targets of a group that are tasks of this service, and those that are not. While it is not known of every
    /// running task where it is, all are taken to be tasks.
    pub fn own_and_stray(&self, group: &str) -> (Vec<&TargetSeen>, Vec<&TargetSeen>) {
        let targets = self.targets.get(group).map(Vec::as_slice).unwrap_or_default();
        if self.tasks.iter().any(|task| task.is_up() && !task.is_placed()) {
            return (targets.iter().collect(), Vec::new());
        }
        let port = self.service.target_groups.get(group).copied();
        targets.iter().partition(|target| self.tasks.iter().any(|task| task.is_behind(target, port)))
    }

    /// The targets that are no task of this service and may get its requests, in words. What drains is on its way out.
    pub fn strays(&self) -> Option<String> {
        let stray = |group: &String| {
            let (_, strays) = self.own_and_stray(group);
            let strays = strays.into_iter().filter(|target| target.state != "draining");
            let told = strays.map(|target| format!("{} ({})", target.place(), target.state));
            let told: Vec<String> = told.take(MAX_STRAYS).collect();
            (!told.is_empty()).then(|| format!("{} in {group}", told.join(", ")))
        };
        let told: Vec<String> = self.targets.keys().filter_map(stray).collect();
        let name = &self.service.name;
        (!told.is_empty()).then(|| {
            format!(
                "no task of {name} and yet registered, so that requests may go there: {}",
                told.join("; ")
            )
        })
    }
}
