//! ListContainerInstances, DescribeContainerInstances.

use super::input::{missing, some_strings};
use super::page::page;
use crate::arn::last_segment;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeContainerInstances.
const DESCRIBED_AT_ONCE: usize = 100;

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
}
