//! CreateCluster, DescribeClusters, DeleteCluster, ListClusters.

use super::input::{includes, invalid, missing, required, strings};
use super::page::page;
use crate::arn::last_segment;
use crate::service::ServiceStatus;
use crate::state::{Cluster, State};
use crate::tags::Tags;
use crate::task::Status;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl State {
    /// Making a cluster that exists is no error: AWS answers with the one there is.
    pub(super) fn create_cluster(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = input["clusterName"].as_str().unwrap_or("default");
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 255 || !name.chars().all(legal) {
            return Err(invalid("Invalid cluster name."));
        }
        if !self.clusters.contains_key(name) {
            let cluster = Cluster {
                name: name.to_owned(),
                arn: self.arns.cluster(name),
                tags: Tags::parse(input)?,
                instances: BTreeMap::new(),
            };
            self.clusters.insert(name.to_owned(), cluster);
        }
        Ok(json!({ "cluster": self.cluster(&self.clusters[name], true) }))
    }

    pub(super) fn describe_clusters(&self, input: &Value) -> Value {
        let mut names = strings(input, "clusters");
        if names.is_empty() {
            names.push("default".to_owned());
        }
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for name in names {
            match self.clusters.get(last_segment(&name)) {
                Some(cluster) => found.push(self.cluster(cluster, includes(input, "TAGS"))),
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
        let mut answer = self.cluster(&self.clusters[&name], false);
        answer["status"] = "INACTIVE".into();
        self.services.retain(|(cluster, _), _| *cluster != name);
        self.clusters.remove(&name);
        Ok(json!({ "cluster": answer }))
    }

    pub(super) fn list_clusters(&self, input: &Value) -> Result<Value, ApiError> {
        let arns: Vec<String> = self.clusters.values().map(|cluster| cluster.arn.clone()).collect();
        page(input, "clusterArns", &arns, 100)
    }

    fn cluster(&self, cluster: &Cluster, tags: bool) -> Value {
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
            "settings": [],
            "capacityProviders": [],
            "defaultCapacityProviderStrategy": [],
            "tags": if tags { cluster.tags.json() } else { json!([]) },
        })
    }
}
