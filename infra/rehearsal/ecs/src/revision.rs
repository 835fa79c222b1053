//! Service revisions: what a deployment brings, and which digests its image tags stand for.
//!
//! The first task of a revision that has its image decides for all that follow: a tag that moves later changes nothing for
//! them. Containers with `versionConsistency` disabled, and tasks of no service, ask the registry each time.

use crate::definition::ContainerPlan;
use crate::registry::Image;
use crate::service::{LoadBalancer, Service};
use crate::state::State;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Digests by container.
pub(crate) type Digests = BTreeMap<String, String>;

/// Settings of a service that its revisions tell of.
const TOLD: [&str; 4] =
    ["networkConfiguration", "platformVersion", "serviceConnectConfiguration", "volumeConfigurations"];

/// One revision of a service.
#[derive(Debug, Clone)]
pub(crate) struct Revision {
    pub(crate) arn: String,
    /// The task definition's ARN.
    pub(crate) definition: String,
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) created_at: f64,
    /// Where its tasks run: `launchType` or `capacityProviderStrategy`, and what else is told.
    pub(crate) settings: Map<String, Value>,
    pub(crate) digests: Digests,
}

impl Revision {
    /// In the shape of DescribeServiceRevisions.
    pub(crate) fn json(&self, service: &str, cluster: &str, plans: &[ContainerPlan]) -> Value {
        let images = plans.iter().map(|plan| {
            let mut image = json!({ "containerName": plan.name, "image": plan.image });
            if let Some(digest) = self.digests.get(&plan.name) {
                image["imageDigest"] = digest.as_str().into();
            }
            image
        });
        let groups = self.load_balancers.iter().map(|one| json!({ "targetGroupArn": one.target_group }));
        let mut told = self.settings.clone();
        let own = json!({
            "serviceRevisionArn": self.arn, "serviceArn": service, "clusterArn": cluster,
            "taskDefinition": self.definition, "createdAt": self.created_at,
            "containerImages": images.collect::<Vec<_>>(),
            "resolvedConfiguration": { "loadBalancers": groups.collect::<Vec<_>>() },
        });
        told.extend(own.as_object().cloned().unwrap_or_default());
        told.into()
    }
}

impl Service {
    /// Makes a revision, and forgets those that nothing names any more.
    pub(crate) fn revise(
        &mut self,
        arn: &str,
        definition: &str,
        load_balancers: &[LoadBalancer],
        created_at: f64,
    ) {
        let of_deployments = self.deployments.iter().chain(&self.last_completed).map(|one| &one.revision);
        let of_records = self.records.iter().map(|record| &record.target_revision);
        let named: BTreeSet<String> = of_deployments.chain(of_records).cloned().collect();
        self.revisions.retain(|known, _| named.contains(known));
        let revision = Revision {
            arn: arn.to_owned(),
            definition: definition.to_owned(),
            load_balancers: load_balancers.to_vec(),
            created_at,
            settings: self.told_of_revisions(),
            digests: Digests::new(),
        };
        self.revisions.insert(arn.to_owned(), revision);
    }
}

impl Service {
    fn told_of_revisions(&self) -> Map<String, Value> {
        let told = self.settings.iter().filter(|(name, _)| TOLD.contains(&name.as_str()));
        let mut told = Value::Object(told.map(|(name, value)| (name.clone(), value.clone())).collect());
        self.add_where(&mut told);
        told.as_object().cloned().unwrap_or_default()
    }

    /// Lets the newest revision tell of the settings that the service has by now.
    pub(crate) fn tell_revision(&mut self) {
        let settings = self.told_of_revisions();
        let newest = self.primary().map(|primary| primary.revision.clone()).unwrap_or_default();
        if let Some(revision) = self.revisions.get_mut(&newest) {
            revision.settings = settings;
        }
    }
}

impl ContainerPlan {
    /// With its tag resolved, if it has been.
    pub(crate) fn resolved(mut self, digests: &Digests) -> Self {
        if let Some(digest) = digests.get(&self.name).filter(|_| self.is_resolved_once()) {
            self.image = format!("{}@{digest}", self.image);
        }
        self
    }

    /// Whether the first digest counts for all tasks.
    fn is_resolved_once(&self) -> bool {
        self.consistent && !self.image.contains('@')
    }
}

impl State {
    /// The revision of the deployment that a task is of; none of a task that runs once.
    fn revision_of(&mut self, task: &str) -> Option<&mut Revision> {
        let task = self.task(task)?;
        let (cluster, service, deployment) =
            (task.cluster.clone(), task.service.clone()?, task.started_by.clone());
        let service = self.service_mut(&cluster, &service)?;
        let revision = service.deployments.iter().find(|one| one.id == deployment)?.revision.clone();
        service.revisions.get_mut(&revision)
    }

    /// What a task is to pull for a container.
    pub(crate) fn reference(&mut self, task: &str, plan: &ContainerPlan) -> String {
        let digests = self.revision_of(task).map(|revision| revision.digests.clone()).unwrap_or_default();
        plan.clone().resolved(&digests).image
    }

    /// A task has its images: what they are, they are for all of its revision, unless another came first.
    pub(crate) fn resolve(&mut self, task: &str, plans: &[ContainerPlan], images: &[Image]) {
        let Some(revision) = self.revision_of(task) else { return };
        for (plan, image) in plans.iter().zip(images).filter(|(plan, _)| plan.is_resolved_once()) {
            revision.digests.entry(plan.name.clone()).or_insert_with(|| image.digest.clone());
        }
    }
}
