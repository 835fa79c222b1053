//! Everything this ECS knows, behind one lock, and the ways to look it up.

use crate::arn::{Arns, family_and_revision, last_segment};
use crate::config::Config;
use crate::definition::{Definition, Family};
use crate::ids::Ids;
use crate::instance::Instance;
use crate::provider::Provider;
use crate::service::Service;
use crate::strategy::Share;
use crate::tags::Tags;
use crate::task::{Status, Task};
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The cluster meant when none is named.
const DEFAULT_CLUSTER: &str = "default";

/// A cluster.
pub(crate) struct Cluster {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) tags: Tags,
    /// `settings`, by name.
    pub(crate) settings: BTreeMap<String, String>,
    /// The capacity providers that are associated with it, and what holds where a service says nothing.
    pub(crate) providers: Vec<String>,
    pub(crate) strategy: Vec<Share>,
    /// By ARN.
    pub(crate) instances: BTreeMap<String, Instance>,
}

/// All of it.
pub(crate) struct State {
    pub(crate) config: Arc<Config>,
    pub(crate) arns: Arns,
    pub(crate) ids: Ids,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    /// Capacity providers of Auto Scaling groups, by name.
    pub(crate) providers: BTreeMap<String, Provider>,
    /// Whether Fargate Spot has room.
    pub(crate) spot: bool,
    pub(crate) families: BTreeMap<String, Family>,
    /// By cluster and name.
    pub(crate) services: BTreeMap<(String, String), Service>,
    /// In the order they were made.
    pub(crate) tasks: BTreeMap<u64, Task>,
    /// Where in `tasks` an ARN is.
    pub(crate) by_arn: BTreeMap<String, u64>,
    /// Ports that tasks hold.
    pub(crate) ports: BTreeSet<u16>,
    /// EventBridge envelopes not sent yet: they go out once the lock is free.
    pub(crate) outbox: Vec<Value>,
    pub(crate) made: u64,
}

impl State {
    pub(crate) fn new(config: Arc<Config>) -> Self {
        Self {
            arns: Arns { account: config.account.clone(), region: config.region.clone() },
            ids: Ids::new(config.seed),
            config,
            clusters: BTreeMap::new(),
            providers: BTreeMap::new(),
            spot: true,
            families: BTreeMap::new(),
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            by_arn: BTreeMap::new(),
            ports: BTreeSet::new(),
            outbox: Vec::new(),
            made: 0,
        }
    }

    /// The name of the cluster a request means.
    pub(crate) fn cluster_name(&self, input: &Value) -> Result<String, ApiError> {
        let name = last_segment(input["cluster"].as_str().unwrap_or(DEFAULT_CLUSTER));
        match self.clusters.get(name) {
            Some(cluster) => Ok(cluster.name.clone()),
            None => Err(ApiError::new("ClusterNotFoundException", "Cluster not found.")),
        }
    }

    /// The service a reference means, in this cluster.
    pub(crate) fn service(&self, cluster: &str, reference: &str) -> Option<&Service> {
        self.services.get(&(cluster.to_owned(), last_segment(reference).to_owned()))
    }

    pub(crate) fn service_mut(&mut self, cluster: &str, reference: &str) -> Option<&mut Service> {
        self.services.get_mut(&(cluster.to_owned(), last_segment(reference).to_owned()))
    }

    /// Tasks of a service, STOPPED ones too, oldest first.
    pub(crate) fn tasks_of<'a>(&'a self, cluster: &str, service: &str) -> impl Iterator<Item = &'a Task> {
        let (cluster, service) = (cluster.to_owned(), service.to_owned());
        let ours = move |task: &&Task| task.service.as_deref() == Some(&service) && task.cluster == cluster;
        self.tasks.values().filter(ours)
    }

    /// Tasks that hold room on an instance.
    pub(crate) fn tasks_on<'a>(&'a self, instance: &str) -> impl Iterator<Item = &'a Task> {
        let instance = instance.to_owned();
        let there = move |task: &&Task| task.instance.as_ref() == Some(&instance);
        self.tasks.values().filter(there).filter(|task| task.status != Status::Stopped)
    }

    pub(crate) fn add_task(&mut self, task: Task) {
        self.made += 1;
        self.by_arn.insert(task.arn.clone(), self.made);
        self.tasks.insert(self.made, task);
    }

    pub(crate) fn task(&self, arn: &str) -> Option<&Task> {
        self.tasks.get(self.by_arn.get(arn)?)
    }

    pub(crate) fn task_mut(&mut self, arn: &str) -> Option<&mut Task> {
        self.tasks.get_mut(self.by_arn.get(arn)?)
    }

    /// A task by ARN or id, in this cluster.
    pub(crate) fn task_named(&self, cluster: &str, reference: &str) -> Option<&Task> {
        self.task(&self.arns.task(cluster, last_segment(reference)))
    }

    /// A task definition by ARN, `family:revision`, or `family` for the latest ACTIVE one.
    pub(crate) fn definition(&self, reference: &str) -> Option<&Definition> {
        let (family, revision) = family_and_revision(reference);
        let family = self.families.get(family)?;
        match revision {
            Some(revision) => family.revisions.get(&revision.parse().ok()?),
            None => family.latest(),
        }
    }

    /// The same, to change it.
    pub(crate) fn definition_mut(&mut self, reference: &str) -> Option<&mut Definition> {
        let (family, revision) = family_and_revision(reference);
        self.families.get_mut(family)?.revisions.get_mut(&revision?.parse().ok()?)
    }
}

impl State {
    /// What else a task's new status means: success told to its deployment, ports given back, an event.
    pub(crate) fn moved(&mut self, arn: &str, to: Status) {
        let Some(task) = self.task(arn) else { return };
        let ports: Vec<u16> = task.ports().collect();
        let owner =
            task.service.clone().map(|service| (task.cluster.clone(), service, task.started_by.clone()));
        let proven = task.was_healthy;
        match (to, owner) {
            (Status::Running, Some((cluster, service, deployment))) if proven => {
                self.prove(&cluster, &service, &deployment);
            }
            (Status::Stopped, _) => self.ports.retain(|port| !ports.contains(port)),
            _ => {}
        }
        self.announce_task(arn);
    }
}
