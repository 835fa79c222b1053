//! One task: where it is in its life, what it runs, and how ECS describes it.

use crate::arn::family_and_revision;
use crate::check::ContainerHealth;
use crate::container::Running;
use crate::launch::Origin;
use crate::logs::Ring;
use crate::placement::Need;
use crate::plan::{Health, Stage};
use crate::tags::Tags;
use serde_json::{Map, Value, json};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Where every task listens.
pub(crate) const ADDRESS: &str = "127.0.0.1";

/// `stopCode` of what the service scheduler stops.
pub(crate) const SCHEDULER: &str = "ServiceSchedulerInitiated";

/// `stopCode` of what Fargate Spot takes away.
const SPOT_INTERRUPTION: &str = "SpotInterruption";

/// A task's `lastStatus`, in the order it passes through them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Being placed.
    #[default]
    Provisioning,
    /// Pulling its image.
    Pending,
    /// Its processes are starting, its targets are being registered.
    Activating,
    /// Up.
    Running,
    /// Its targets are draining.
    Deactivating,
    /// Its processes have had SIGTERM.
    Stopping,
    /// Being cleaned up.
    Deprovisioning,
    /// Gone.
    Stopped,
}

impl Status {
    /// AWS's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Pending => "PENDING",
            Self::Activating => "ACTIVATING",
            Self::Running => "RUNNING",
            Self::Deactivating => "DEACTIVATING",
            Self::Stopping => "STOPPING",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Stopped => "STOPPED",
        }
    }

    pub(crate) fn is_pending(self) -> bool {
        self < Self::Running
    }
}

/// Why a task stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
    /// Service-initiated stops wait until the targets have drained; `StopTask` does not.
    pub(crate) waits_for_targets: bool,
}

impl Stop {
    pub(crate) fn by_scheduler(reason: String) -> Self {
        Self { code: SCHEDULER, reason, waits_for_targets: true }
    }

    pub(crate) fn by_user(reason: String) -> Self {
        Self { code: "UserInitiated", reason, waits_for_targets: false }
    }

    pub(crate) fn exited() -> Self {
        let reason = "Essential container in task exited".to_owned();
        Self { code: "EssentialContainerExited", reason, waits_for_targets: false }
    }

    pub(crate) fn failed_to_start(reason: String) -> Self {
        Self { code: "TaskFailedToStart", reason, waits_for_targets: false }
    }

    /// Fargate takes its room back: SIGTERM at once.
    pub(crate) fn interrupted() -> Self {
        let reason = "Your Spot Task was interrupted.".to_owned();
        Self { code: SPOT_INTERRUPTION, reason, waits_for_targets: false }
    }

    /// Whether its targets are left where they are until it has stopped. AWS says that this may be so of Fargate Spot.
    pub(crate) fn keeps_targets(&self) -> bool {
        self.code == SPOT_INTERRUPTION
    }
}

/// The times a task takes, drawn when it is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) provision: Duration,
    pub(crate) pull: Duration,
    pub(crate) start: Duration,
    pub(crate) deprovision: Duration,
}

/// A target a task is registered as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) port: u16,
}

/// A port mapping with the port it really got.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) container_port: u16,
    pub(crate) host_port: u16,
    pub(crate) protocol: String,
}

/// One container of a task.
#[derive(Debug)]
pub(crate) struct Container {
    pub(crate) arn: String,
    pub(crate) runtime_id: String,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    /// Whether its definition has a health check, and what that says.
    pub(crate) checked: bool,
    pub(crate) health: ContainerHealth,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    pub(crate) digest: Option<String>,
    /// What it gets as `PORT`.
    pub(crate) port: u16,
    pub(crate) bindings: Vec<Binding>,
    pub(crate) pid: Option<u32>,
    /// The process itself, while the task lives.
    pub(crate) process: Weak<Running>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) reason: Option<String>,
    /// Log group and stream prefix of the `awslogs` driver.
    pub(crate) log: Option<(String, String)>,
    pub(crate) lines: Arc<Ring>,
}

/// When things happened, in epoch seconds.
#[derive(Debug, Default)]
pub(crate) struct Times {
    pub(crate) created: f64,
    pub(crate) pull_started: Option<f64>,
    pub(crate) pull_stopped: Option<f64>,
    pub(crate) started: Option<f64>,
    pub(crate) deregistered: Option<f64>,
    pub(crate) drained: Option<f64>,
    pub(crate) sigterm: Option<f64>,
    pub(crate) stopping: Option<f64>,
    pub(crate) execution_stopped: Option<f64>,
    pub(crate) stopped: Option<f64>,
}

/// One task.
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) cluster: String,
    pub(crate) cluster_arn: String,
    /// The service's name.
    pub(crate) service: Option<String>,
    /// What a task that runs once is counted with, if somebody says so.
    pub(crate) group: Option<String>,
    /// The deployment's id; of a task that runs once what somebody says.
    pub(crate) started_by: String,
    /// What makes a repeated RunTask the same; empty of a service's task.
    pub(crate) token: String,
    /// As RunTask was given them.
    pub(crate) overrides: Value,
    pub(crate) definition: String,
    pub(crate) zone: String,
    pub(crate) own_interface: bool,
    pub(crate) attachment_id: String,
    pub(crate) instance: Option<String>,
    pub(crate) launch_type: String,
    pub(crate) provider: Option<String>,
    /// What it waits with for managed scaling to make room; none once it has a place.
    pub(crate) waits: Option<Origin>,
    pub(crate) need: Need,
    pub(crate) pace: Pace,
    pub(crate) status: Status,
    pub(crate) stop: Option<Stop>,
    /// Rung once `stop` is set.
    pub(crate) stopping: CancellationToken,
    pub(crate) containers: Vec<Container>,
    /// What it is to be registered as.
    pub(crate) targets: Vec<Target>,
    pub(crate) registered: bool,
    pub(crate) health: Health,
    pub(crate) was_healthy: bool,
    /// Since when it is RUNNING, on the clock that the grace period goes by.
    pub(crate) running_since: Option<Instant>,
    pub(crate) stopped_since: Option<Instant>,
    pub(crate) times: Times,
    pub(crate) version: u64,
    pub(crate) tags: Tags,
}

impl Task {
    /// What the scheduler needs to know.
    pub(crate) fn stage(&self) -> Stage {
        match (&self.stop, self.status) {
            (None, status) if status.is_pending() => Stage::Pending,
            (None, Status::Running) => Stage::Running,
            _ => Stage::Stopping,
        }
    }

    pub(crate) fn desired_status(&self) -> &'static str {
        if self.stop.is_some() { "STOPPED" } else { "RUNNING" }
    }

    /// Ports it holds.
    pub(crate) fn ports(&self) -> impl Iterator<Item = u16> {
        let all = self.containers.iter();
        all.flat_map(|one| one.bindings.iter().map(|binding| binding.host_port).chain([one.port]))
    }

    /// What the health checks of its essential containers come to; none without any.
    pub(crate) fn checks(&self) -> Option<ContainerHealth> {
        let checked = self.containers.iter().filter(|container| container.essential && container.checked);
        let all: Vec<ContainerHealth> = checked.map(|container| container.health).collect();
        if all.is_empty() {
            return None;
        }
        let any = |health| all.contains(&health);
        Some(match () {
            () if any(ContainerHealth::Unhealthy) => ContainerHealth::Unhealthy,
            () if any(ContainerHealth::Unknown) => ContainerHealth::Unknown,
            () => ContainerHealth::Healthy,
        })
    }

    pub(crate) fn healthy(&self) -> bool {
        self.stage() == Stage::Running && self.health == Health::Healthy
    }

    /// In the shape of DescribeTasks, without tags.
    pub(crate) fn json(&self) -> Value {
        let mut task = json!({
            "taskArn": self.arn,
            "clusterArn": self.cluster_arn,
            "taskDefinitionArn": self.definition,
            "lastStatus": self.status.name(),
            "desiredStatus": self.desired_status(),
            "healthStatus": self.checks().unwrap_or_default().name(),
            "connectivity": "CONNECTED",
            "connectivityAt": self.times.created,
            "launchType": self.launch_type,
            "availabilityZone": self.zone,
            "cpu": self.need.cpu.to_string(),
            "memory": self.need.memory.to_string(),
            "createdAt": self.times.created,
            "startedBy": self.started_by,
            "version": self.version,
            "enableExecuteCommand": false,
            "attributes": [],
            "overrides": { "containerOverrides": self.containers.iter()
                .map(|container| self.override_of(&container.name)).collect::<Vec<_>>() },
            "attachments": self.attachments(),
            "containers": self.containers.iter().map(|container| self.container(container)).collect::<Vec<_>>(),
        });
        if let Some(members) = task.as_object_mut() {
            self.add_what_is_known(members);
        }
        task
    }

    fn add_what_is_known(&self, members: &mut Map<String, Value>) {
        let mut add = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        };
        let times = &self.times;
        add("pullStartedAt", times.pull_started.map(Value::from));
        add("pullStoppedAt", times.pull_stopped.map(Value::from));
        add("startedAt", times.started.map(Value::from));
        add("stoppingAt", times.stopping.map(Value::from));
        add("executionStoppedAt", times.execution_stopped.map(Value::from));
        add("stoppedAt", times.stopped.map(Value::from));
        add("group", Some(group(self.service.as_deref(), self.group.as_deref(), &self.definition).into()));
        add("capacityProviderName", self.provider.clone().map(Value::from));
        add("containerInstanceArn", self.instance.clone().map(Value::from));
        add("stopCode", self.stop.as_ref().map(|stop| stop.code.into()));
        add("stoppedReason", self.stop.as_ref().map(|stop| stop.reason.clone().into()));
    }

    /// What was said of a container when the task was started.
    fn override_of(&self, container: &str) -> Value {
        let given = self.overrides["containerOverrides"].as_array().into_iter().flatten();
        let ours = given.into_iter().find(|one| one["name"] == container);
        ours.cloned().unwrap_or_else(|| json!({ "name": container }))
    }

    fn attachments(&self) -> Value {
        if !self.own_interface {
            return json!([]);
        }
        let status = if self.status == Status::Stopped { "DELETED" } else { "ATTACHED" };
        let details = json!([{ "name": "privateIPv4Address", "value": ADDRESS }]);
        json!([{ "id": self.attachment_id, "type": "ElasticNetworkInterface", "status": status, "details": details }])
    }

    /// A network interface has the same address for all here, so bindings tell the port in every mode.
    fn container(&self, container: &Container) -> Value {
        let bindings = container.bindings.iter().map(|binding| {
            json!({
                "bindIP": ADDRESS, "containerPort": binding.container_port, "hostPort": binding.host_port,
                "protocol": binding.protocol,
            })
        });
        let interfaces = if self.own_interface {
            json!([{ "attachmentId": self.attachment_id, "privateIpv4Address": ADDRESS }])
        } else {
            json!([])
        };
        let mut value = json!({
            "containerArn": container.arn,
            "taskArn": self.arn,
            "name": container.name,
            "image": container.image,
            "lastStatus": container.last_status(self.status),
            "networkBindings": bindings.collect::<Vec<_>>(),
            "networkInterfaces": interfaces,
            "healthStatus": container.health.name(),
            "cpu": container.cpu.to_string(),
            "memory": container.memory.to_string(),
        });
        if container.pid.is_some() {
            value["runtimeId"] = container.runtime_id.clone().into();
        }
        for (name, known) in [("imageDigest", &container.digest), ("reason", &container.reason)] {
            if let Some(known) = known {
                value[name] = known.clone().into();
            }
        }
        if let Some(code) = container.exit_code {
            value["exitCode"] = code.into();
        }
        value
    }
}

/// What a task is counted with: its service, or what somebody said, or its definition's family.
pub(crate) fn group(service: Option<&str>, said: Option<&str>, definition: &str) -> String {
    match (service, said) {
        (Some(service), _) => format!("service:{service}"),
        (None, Some(said)) => said.to_owned(),
        (None, None) => format!("family:{}", family_and_revision(definition).0),
    }
}

impl Container {
    fn last_status(&self, task: Status) -> &'static str {
        match (self.pid, self.exit_code) {
            (Some(_), None) if task < Status::Stopped => "RUNNING",
            (None, None) if task < Status::Stopped => "PENDING",
            _ => "STOPPED",
        }
    }
}
