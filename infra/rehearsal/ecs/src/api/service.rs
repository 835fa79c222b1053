//! DescribeServices, ListServices, DeleteService.

use super::create_service::not_found;
use super::input::{includes, invalid, missing, required, some_strings};
use super::page::page;
use crate::arn::last_segment;
use crate::service::ServiceStatus;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeServices.
const DESCRIBED_AT_ONCE: usize = 10;

impl State {
    pub(super) fn describe_services(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for reference in some_strings(input, "services", DESCRIBED_AT_ONCE)? {
            match self.service(&cluster, &reference) {
                Some(service) => {
                    let mut answer = service.json(self);
                    if includes(input, "TAGS") {
                        answer["tags"] = service.tags.json();
                    }
                    found.push(answer);
                }
                None => failures.push(missing(&self.arns.service(&cluster, last_segment(&reference)))),
            }
        }
        Ok(json!({ "services": found, "failures": failures }))
    }

    pub(super) fn list_services(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let launch = input["launchType"].as_str();
        let ours = self.services.values().filter(|service| service.cluster == cluster);
        let ours = ours.filter(|service| service.status != ServiceStatus::Inactive);
        let ours =
            ours.filter(|service| launch.is_none_or(|launch| service.launch_type.as_deref() == Some(launch)));
        let arns: Vec<String> = ours.map(|service| service.arn.clone()).collect();
        page(input, "serviceArns", &arns, DESCRIBED_AT_ONCE)
    }

    /// The service drains, and is INACTIVE once its tasks are gone.
    pub(super) fn delete_service(&mut self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let name = last_segment(required(input, "service", "Service cannot be empty.")?).to_owned();
        let key = (cluster, name);
        let service = self.services.get_mut(&key).ok_or_else(not_found)?;
        if service.status == ServiceStatus::Inactive {
            return Err(not_found());
        }
        let force = input["force"].as_bool().unwrap_or(false);
        if service.desired > 0 && !force {
            return Err(invalid("The service cannot be stopped while it is scaled above 0."));
        }
        service.desired = 0;
        service.status = ServiceStatus::Draining;
        self.answer(&key)
    }
}
