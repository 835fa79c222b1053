//! One service: its settings, deployments and events, and how ECS describes them.

use crate::deployment::{Deployment, Record};
use crate::revision::{Digests, Revision};
use crate::state::State;
use crate::strategy::{self, Share};
use crate::tags::Tags;
use crate::task::{Status, Task};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use tokio::time::Instant;

/// ECS returns the last 100 events.
const EVENT_LIMIT: usize = 100;
/// Service deployments kept; AWS keeps 90 days of them.
pub(crate) const RECORD_LIMIT: usize = 100;

/// Settings that are told of deployments and not of the service.
const OF_DEPLOYMENTS: [&str; 2] = ["serviceConnectConfiguration", "volumeConfigurations"];

/// A service's `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceStatus {
    Active,
    /// Deleted, with tasks still stopping.
    Draining,
    Inactive,
}

impl ServiceStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Draining => "DRAINING",
            Self::Inactive => "INACTIVE",
        }
    }
}

/// `deploymentConfiguration`, as far as a rolling deployment has one.
#[derive(Debug, Clone)]
pub(crate) struct Rolling {
    pub(crate) minimum: u32,
    pub(crate) maximum: u32,
    pub(crate) breaker: bool,
    pub(crate) breaker_rolls_back: bool,
    /// Kept and answered; no alarm ends a deployment here.
    pub(crate) alarms: Option<Value>,
}

impl Default for Rolling {
    fn default() -> Self {
        Self { minimum: 100, maximum: 200, breaker: false, breaker_rolls_back: false, alarms: None }
    }
}

impl Rolling {
    pub(crate) fn json(&self) -> Value {
        let mut told = json!({
            "deploymentCircuitBreaker": { "enable": self.breaker, "rollback": self.breaker_rolls_back },
            "maximumPercent": self.maximum,
            "minimumHealthyPercent": self.minimum,
            "strategy": "ROLLING",
            "bakeTimeInMinutes": 0,
        });
        if let Some(alarms) = &self.alarms {
            told["alarms"] = alarms.clone();
        }
        told
    }
}

/// One entry of `loadBalancers`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoadBalancer {
    pub(crate) target_group: String,
    pub(crate) container: String,
    pub(crate) container_port: u16,
}

impl LoadBalancer {
    fn json(&self) -> Value {
        json!({
            "targetGroupArn": self.target_group, "containerName": self.container,
            "containerPort": self.container_port,
        })
    }
}

/// Registrations since the last tick, told in one event per target group.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) registered: BTreeMap<String, usize>,
    pub(crate) deregistered: BTreeMap<String, usize>,
    pub(crate) failed: Vec<(String, String)>,
}

struct ServiceEvent {
    id: String,
    at: f64,
    message: String,
}

/// One service.
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) cluster_arn: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) status: ServiceStatus,
    pub(crate) desired: u32,
    /// None where tasks go by a strategy.
    pub(crate) launch_type: Option<String>,
    pub(crate) strategy: Vec<Share>,
    pub(crate) rolling: Rolling,
    pub(crate) grace: Option<u32>,
    /// Members that are kept and answered but mean nothing here, such as `networkConfiguration`.
    pub(crate) settings: Map<String, Value>,
    pub(crate) tags: Tags,
    pub(crate) created_at: f64,
    pub(crate) created_by: String,
    /// PRIMARY first, then the ACTIVE ones, newest first. Never empty while the service is not INACTIVE.
    pub(crate) deployments: Vec<Deployment>,
    /// What the circuit breaker goes back to.
    pub(crate) last_completed: Option<Deployment>,
    /// Newest first.
    pub(crate) records: VecDeque<Record>,
    /// By ARN; those that a deployment or a record names.
    pub(crate) revisions: BTreeMap<String, Revision>,
    pub(crate) notes: Notes,
    pub(crate) steady_since: Option<Instant>,
    pub(crate) next_placement: Option<Instant>,
    /// The last placement failure told, and when: retries do not repeat it at once.
    pub(crate) told_placement: Option<(String, Instant)>,
    events: VecDeque<ServiceEvent>,
}

/// What a new service is made from.
pub(crate) struct NewService {
    pub(crate) cluster: String,
    pub(crate) cluster_arn: String,
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) desired: u32,
    pub(crate) launch_type: Option<String>,
    pub(crate) strategy: Vec<Share>,
    pub(crate) rolling: Rolling,
    pub(crate) grace: Option<u32>,
    pub(crate) settings: Map<String, Value>,
    pub(crate) tags: Tags,
    pub(crate) created_at: f64,
    pub(crate) created_by: String,
}

impl Service {
    pub(crate) fn new(new: NewService) -> Self {
        Self {
            cluster: new.cluster,
            cluster_arn: new.cluster_arn,
            name: new.name,
            arn: new.arn,
            status: ServiceStatus::Active,
            desired: new.desired,
            launch_type: new.launch_type,
            strategy: new.strategy,
            rolling: new.rolling,
            grace: new.grace,
            settings: new.settings,
            tags: new.tags,
            created_at: new.created_at,
            created_by: new.created_by,
            deployments: Vec::new(),
            last_completed: None,
            records: VecDeque::new(),
            revisions: BTreeMap::new(),
            notes: Notes::default(),
            steady_since: None,
            next_placement: None,
            told_placement: None,
            events: VecDeque::new(),
        }
    }

    pub(crate) fn primary(&self) -> Option<&Deployment> {
        self.deployments.first()
    }

    pub(crate) fn primary_mut(&mut self) -> Option<&mut Deployment> {
        self.deployments.first_mut()
    }

    /// A setting that is kept as it was given; null if there is none.
    pub(crate) fn setting(&self, name: &str) -> Value {
        self.settings.get(name).cloned().unwrap_or_default()
    }

    /// The digests that a revision's image tags stand for, as far as that is decided.
    pub(crate) fn digests(&self, revision: &str) -> Digests {
        self.revisions.get(revision).map(|revision| revision.digests.clone()).unwrap_or_default()
    }

    /// Exactly the healthy tasks that are wanted, of one deployment, and no others on their way in or out.
    pub(crate) fn is_steady(&self, tasks: &[&Task]) -> bool {
        let live = || tasks.iter().filter(|task| task.status != Status::Stopped);
        let of_primary = |task: &&&Task| self.primary().is_some_and(|primary| primary.id == task.started_by);
        self.deployments.len() == 1
            && live().count() == self.desired as usize
            && live().filter(of_primary).all(|task| task.healthy())
            && live().filter(of_primary).count() == self.desired as usize
    }

    /// Adds a service event; `message` without the service's name before it.
    pub(crate) fn tell(&mut self, id: String, at: f64, message: &str) {
        self.tell_whole(id, at, format!("(service {}) {message}", self.name));
    }

    /// Adds a service event as it stands.
    pub(crate) fn tell_whole(&mut self, id: String, at: f64, message: String) {
        tracing::debug!(service = %self.name, "{message}");
        self.events.truncate(EVENT_LIMIT - 1);
        self.events.push_front(ServiceEvent { id, at, message });
    }

    /// In the shape of DescribeServices, without tags.
    pub(crate) fn json(&self, state: &State) -> Value {
        let tasks: Vec<&Task> = state.tasks_of(&self.cluster, &self.name).collect();
        let mut members = self.settings.clone();
        members.retain(|name, _| !OF_DEPLOYMENTS.contains(&name.as_str()));
        let mut add = |name: &str, value: Value| members.insert(name.to_owned(), value);
        add("serviceArn", self.arn.clone().into());
        add("serviceName", self.name.clone().into());
        add("clusterArn", self.cluster_arn.clone().into());
        add("status", self.status.name().into());
        add("desiredCount", self.desired.into());
        add("runningCount", running(&tasks).into());
        add("pendingCount", pending(&tasks).into());
        add("deploymentConfiguration", self.rolling.json());
        add("deploymentController", json!({ "type": "ECS" }));
        add("createdAt", self.created_at.into());
        add("createdBy", self.created_by.clone().into());
        add("loadBalancers", self.load_balancers());
        let current = if self.status == ServiceStatus::Inactive { &[] } else { self.deployments.as_slice() };
        add("deployments", current.iter().map(|deployment| self.deployment(deployment, &tasks)).collect());
        add("events", self.events.iter().map(ServiceEvent::json).collect());
        if let Some(grace) = self.grace {
            add("healthCheckGracePeriodSeconds", grace.into());
        }
        if let Some(primary) = self.primary() {
            add("taskDefinition", primary.definition.clone().into());
            if primary.in_progress() {
                add("currentServiceDeployment", primary.record.clone().into());
            }
            let revision = |deployment: &Deployment| {
                let tasks: Vec<_> = deployment.tasks(&tasks).collect();
                json!({
                    "arn": deployment.revision, "requestedTaskCount": self.requested(deployment, &tasks),
                    "runningTaskCount": running(&tasks), "pendingTaskCount": pending(&tasks),
                })
            };
            add("currentServiceRevisions", self.deployments.iter().map(revision).collect());
        }
        let mut told = Value::Object(members);
        self.add_where(&mut told);
        told
    }

    /// Where its tasks run: AWS tells the launch type or the strategy, never both.
    pub(crate) fn add_where(&self, told: &mut Value) {
        match &self.launch_type {
            Some(launch) => told["launchType"] = launch.as_str().into(),
            None => told["capacityProviderStrategy"] = strategy::json(&self.strategy),
        }
    }

    /// Whether its tasks run on Fargate.
    pub(crate) fn is_on_fargate(&self) -> bool {
        self.launch_type.as_deref() == Some("FARGATE") || self.strategy.iter().any(Share::is_fargate)
    }

    fn load_balancers(&self) -> Value {
        let balancers = self.primary().map(|primary| primary.load_balancers.as_slice()).unwrap_or_default();
        balancers.iter().map(LoadBalancer::json).collect()
    }

    /// The PRIMARY deployment wants them all; an ACTIVE one what it still has.
    fn requested(&self, deployment: &Deployment, tasks: &[&Task]) -> usize {
        if self.primary().is_some_and(|primary| primary.id == deployment.id) {
            return self.desired as usize;
        }
        tasks.iter().filter(|task| task.stop.is_none()).count()
    }

    fn deployment(&self, deployment: &Deployment, tasks: &[&Task]) -> Value {
        let tasks: Vec<_> = deployment.tasks(tasks).collect();
        let primary = self.primary().is_some_and(|primary| primary.id == deployment.id);
        let mut value = json!({
            "id": deployment.id,
            "status": if primary { "PRIMARY" } else { "ACTIVE" },
            "taskDefinition": deployment.definition,
            "desiredCount": self.requested(deployment, &tasks),
            "pendingCount": pending(&tasks),
            "runningCount": running(&tasks),
            "failedTasks": deployment.failed_tasks,
            "createdAt": deployment.created_at,
            "updatedAt": deployment.updated_at,
            "rolloutState": deployment.rollout.name(),
            "rolloutStateReason": deployment.reason,
        });
        self.add_where(&mut value);
        for name in OF_DEPLOYMENTS.into_iter().chain(["networkConfiguration"]) {
            if let Some(setting) = self.settings.get(name) {
                value[name] = setting.clone();
            }
        }
        value
    }
}

impl ServiceEvent {
    fn json(&self) -> Value {
        json!({ "id": self.id, "createdAt": self.at, "message": self.message })
    }
}

pub(crate) fn running(tasks: &[&Task]) -> usize {
    tasks.iter().filter(|task| task.status == Status::Running).count()
}

pub(crate) fn pending(tasks: &[&Task]) -> usize {
    tasks.iter().filter(|task| task.status.is_pending()).count()
}
