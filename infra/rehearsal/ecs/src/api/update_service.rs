//! UpdateService: some members start a deployment, some do not.

use super::create_service::{check_fargate, check_placement, grace, kept, load_balancers, not_found, rolling};
use super::input::{count, required};
use crate::arn::last_segment;
use crate::clock::now;
use crate::service::ServiceStatus;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::Value;

/// Besides `taskDefinition` and `loadBalancers`: a change of these starts a deployment.
const DEPLOYING: [&str; 4] =
    ["networkConfiguration", "platformVersion", "serviceConnectConfiguration", "volumeConfigurations"];

impl State {
    pub(super) fn update_service(&mut self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let name = last_segment(required(input, "service", "Service cannot be empty.")?).to_owned();
        let key = (cluster, name);
        let service = self.services.get(&key).ok_or_else(not_found)?;
        if service.status != ServiceStatus::Active {
            return Err(ApiError::new("ServiceNotActiveException", "Service was not ACTIVE."));
        }
        let primary = service.primary().ok_or_else(not_found)?;
        // Everything is checked before anything is changed.
        let current = self.definition(&primary.definition);
        let definition = match input["taskDefinition"].as_str() {
            Some(reference) => Some(self.deployable(reference)?),
            None => current,
        };
        let definition = definition.ok_or_else(|| super::input::client("TaskDefinition not found."))?;
        let balancers = match input.get("loadBalancers").filter(|given| !given.is_null()) {
            Some(_) => load_balancers(input, definition)?,
            None => primary.load_balancers.clone(),
        };
        let rolling = rolling(input, &service.rolling)?;
        let grace = grace(input, &balancers)?;
        let desired = count(input, "desiredCount")?;
        let settings = kept(input);
        check_placement(input)?;
        check_fargate(&service.launch_type, input)?;
        let force = input["forceNewDeployment"].as_bool().unwrap_or(false);
        let deploys = force
            || definition.arn != primary.definition
            || balancers != primary.load_balancers
            || DEPLOYING.iter().any(|member| {
                settings.contains_key(*member) && settings.get(*member) != service.settings.get(*member)
            });
        let definition = definition.arn.clone();
        if deploys {
            self.deploy(&key, definition, balancers)?;
        }
        let service = self.services.get_mut(&key).ok_or_else(not_found)?;
        service.rolling = rolling;
        if let Some(record) = service.records.front_mut().filter(|_| deploys) {
            record.configuration = service.rolling.json();
            record.breaker_enabled = service.rolling.breaker;
        }
        service.settings.extend(settings);
        if deploys {
            service.tell_revision();
        }
        service.grace = grace.or(service.grace);
        if let Some(desired) = desired.filter(|desired| *desired != service.desired) {
            service.desired = desired;
            service.steady_since = None;
            service.next_placement = None;
            if let Some(primary) = service.primary_mut() {
                primary.updated_at = now();
            }
        }
        self.answer(&key)
    }
}
