//! CreateCluster, DescribeClusters, DeleteCluster, ListClusters.

use super::input::{includes, invalid, missing, required, strings};
use super::page::page;
use crate::arn::last_segment;
use crate::service::ServiceStatus;
use crate::state::{Cluster, State};
use crate::strategy;
use crate::tags::Tags;
use crate::task::Status;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The one setting of clusters, and the value of it that changes nothing.
const INSIGHTS: &str = "containerInsights";
const OFF: &str = "disabled";
/// Members of CreateCluster that nothing here would act on.
const UNPLAYED: [&str; 2] = ["configuration", "serviceConnectDefaults"];

impl State {
    /// Making a cluster that exists is no error: AWS answers with the one there is.
    pub(super) fn create_cluster(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = input["clusterName"].as_str().unwrap_or("default");
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 255 || !name.chars().all(legal) {
            return Err(invalid("Invalid cluster name."));
        }
        for member in UNPLAYED {
            if !input[member].is_null() {
                let message = format!("{member} of a cluster is not part of this ECS.");
                return Err(ApiError::new("UnsupportedFeatureException", message));
            }
        }
        if !self.clusters.contains_key(name) {
            let (providers, strategy) = self.providers_of(input)?;
            let cluster = Cluster {
                name: name.to_owned(),
                arn: self.arns.cluster(name),
                tags: Tags::parse(input)?,
                settings: settings(input, BTreeMap::new())?,
                providers,
                strategy,
                instances: BTreeMap::new(),
            };
            self.clusters.insert(name.to_owned(), cluster);
        }
        Ok(
            json!({ "cluster": self.cluster(&self.clusters[name], &json!({ "include": ["TAGS", "SETTINGS"] })) }),
        )
    }

    pub(super) fn update_cluster_settings(&mut self, input: &Value) -> Result<Value, ApiError> {
        required(input, "cluster", "Cluster can not be blank.")?;
        let name = self.cluster_name(input)?;
        let changed = settings(input, self.clusters[&name].settings.clone())?;
        if let Some(cluster) = self.clusters.get_mut(&name) {
            cluster.settings = changed;
        }
        Ok(json!({ "cluster": self.cluster(&self.clusters[&name], &json!({ "include": ["SETTINGS"] })) }))
    }

    pub(super) fn describe_clusters(&self, input: &Value) -> Value {
        let mut names = strings(input, "clusters");
        if names.is_empty() {
            names.push("default".to_owned());
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.clusters.get(last_segment(&name)) {
                Some(cluster) => found.push(self.cluster(cluster, input)),
                None => failures.push(missing(&self.arns.cluster(last_segment(&name)))),
            }
        }
        json!({ "clusters": found, "failures": failures })
    }

    /// AWS answers with the cluster, INACTIVE; here it is then gone.
    pub(super) fn delete_cluster(&mut self, input: &Value) -> Result<Value, ApiError> {
        required(input, "cluster", "Cluster can not be blank.")?;
        let name = self.cluster_name(input)?;
        let ours = |cluster: &str| cluster == name;
        let in_use = |code: &str, what: &str| {
            Err(ApiError::new(code, format!("The Cluster cannot be deleted while {what}.")))
        };
        let services = self.services.values().filter(|service| ours(&service.cluster));
        if services.clone().any(|service| service.status != ServiceStatus::Inactive) {
            return in_use("ClusterContainsServicesException", "Services are active");
        }
        if self.tasks.values().any(|task| ours(&task.cluster) && task.status != Status::Stopped) {
            return in_use("ClusterContainsTasksException", "Tasks are active");
        }
        if !self.clusters[&name].instances.is_empty() {
            let what = "Container Instances are active or draining";
            return in_use("ClusterContainsContainerInstancesException", what);
        }
        let mut answer = self.cluster(&self.clusters[&name], input);
        answer["status"] = "INACTIVE".into();
        self.services.retain(|(cluster, _), _| *cluster != name);
        self.clusters.remove(&name);
        Ok(json!({ "cluster": answer }))
    }

    pub(super) fn list_clusters(&self, input: &Value) -> Result<Value, ApiError> {
        let arns: Vec<String> = self.clusters.values().map(|cluster| cluster.arn.clone()).collect();
        page(input, "clusterArns", &arns, 100)
    }

    /// In the shape of DescribeClusters, with what `include` asks for.
    pub(super) fn cluster(&self, cluster: &Cluster, input: &Value) -> Value {
        let count = |wanted: fn(Status) -> bool| {
            let ours = self.tasks.values().filter(|task| task.cluster == cluster.name);
            ours.filter(|task| wanted(task.status)).count()
        };
        let active = self.services.values().filter(|service| service.cluster == cluster.name);
        let active = active.filter(|service| service.status == ServiceStatus::Active);
        json!({
            "clusterArn": cluster.arn,
            "clusterName": cluster.name,
            "status": "ACTIVE",
            "registeredContainerInstancesCount": cluster.instances.len(),
            "runningTasksCount": count(|status| status == Status::Running),
            "pendingTasksCount": count(Status::is_pending),
            "activeServicesCount": active.count(),
            "statistics": [],
            "settings": if includes(input, "SETTINGS") { told(&cluster.settings) } else { json!([]) },
            "capacityProviders": cluster.providers,
            "defaultCapacityProviderStrategy": strategy::json(&cluster.strategy),
            "tags": if includes(input, "TAGS") { cluster.tags.json() } else { json!([]) },
        })
    }
}

/// `settings` over what was set before. Metrics of containers are published by nobody here, so only `disabled` is taken.
fn settings(
    input: &Value,
    mut before: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    before.entry(INSIGHTS.to_owned()).or_insert_with(|| OFF.to_owned());
    for given in input["settings"].as_array().into_iter().flatten() {
        let (name, value) =
            (given["name"].as_str().unwrap_or_default(), given["value"].as_str().unwrap_or_default());
        if name != INSIGHTS {
            return Err(invalid(format!("The cluster setting '{name}' is not known.")));
        }
        if value != OFF {
            let message = format!("{INSIGHTS} {value} is not part of this ECS: leave it disabled.");
            return Err(ApiError::new("UnsupportedFeatureException", message));
        }
    }
    Ok(before)
}

fn told(settings: &BTreeMap<String, String>) -> Value {
    settings.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}
