//! ListContainerInstances, DescribeContainerInstances, UpdateContainerInstancesState.

use super::input::{invalid, missing, some_strings};
use super::page::page;
use crate::arn::last_segment;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeContainerInstances.
const DESCRIBED_AT_ONCE: usize = 100;
/// AWS's bound on one UpdateContainerInstancesState.
const UPDATED_AT_ONCE: usize = 10;

impl State {
    pub(super) fn list_container_instances(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let status = input["status"].as_str();
        let fits =
            |active: bool| status.is_none_or(|status| status == if active { "ACTIVE" } else { "DRAINING" });
        let instances = self.clusters[&cluster].instances.values().filter(|instance| fits(instance.active));
        let arns: Vec<String> = instances.map(|instance| instance.arn.clone()).collect();
        page(input, "containerInstanceArns", &arns, 100)
    }

    pub(super) fn describe_container_instances(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for reference in some_strings(input, "containerInstances", DESCRIBED_AT_ONCE)? {
            let arn = self.arns.instance(&cluster, last_segment(&reference));
            match self.clusters[&cluster].instances.get(&arn) {
                Some(instance) => found.push(instance.json(self)),
                None => failures.push(missing(&arn)),
            }
        }
        Ok(json!({ "containerInstances": found, "failures": failures }))
    }

    /// DRAINING: nothing new is placed there, and the tasks of services are replaced elsewhere.
    pub(super) fn update_container_instances_state(&mut self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let active = match input["status"].as_str() {
            Some("ACTIVE") => true,
            Some("DRAINING") => false,
            _ => return Err(invalid("Container instance status should be one of [DRAINING,ACTIVE]")),
        };
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for reference in some_strings(input, "containerInstances", UPDATED_AT_ONCE)? {
            let arn = self.arns.instance(&cluster, last_segment(&reference));
            let known = self.clusters.get_mut(&cluster).and_then(|cluster| cluster.instances.get_mut(&arn));
            match known {
                Some(instance) => {
                    instance.active = active;
                    found.push(arn);
                }
                None => failures.push(missing(&arn)),
            }
        }
        let instances = &self.clusters[&cluster].instances;
        let updated: Vec<Value> = found.iter().map(|arn| instances[arn].json(self)).collect();
        Ok(json!({ "containerInstances": updated, "failures": failures }))
    }
}
