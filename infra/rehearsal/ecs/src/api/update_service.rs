//! UpdateService: some members start a deployment, some do not.

use super::compatible::{check_launch, check_network};
use super::create_service::{
    check_fargate, check_placement, grace, kept, load_balancers, not_found, rolling,
};
use super::input::{count, required};
use crate::arn::last_segment;
use crate::clock::now;
use crate::service::{Service, ServiceStatus};
use crate::state::State;
use crate::strategy::{FARGATE, Share};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// Besides `taskDefinition` and `loadBalancers`: a change of these starts a deployment.
const DEPLOYING: [&str; 4] =
    ["networkConfiguration", "platformVersion", "serviceConnectConfiguration", "volumeConfigurations"];

/// Where tasks run is changed together with all of them.
const MUST_DEPLOY: &str = "When switching from launch type to capacity provider strategy on an existing service, or making \
    a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.";

impl State {
    /// Where a service's tasks are to run from now on. An empty strategy is the launch type again.
    fn moves_to(&self, service: &Service, input: &Value) -> Result<(Option<String>, Vec<Share>), ApiError> {
        let before = (service.launch_type.clone(), service.strategy.clone());
        let Some(given) = input["capacityProviderStrategy"].as_array() else { return Ok(before) };
        let after = if given.is_empty() {
            let launch = if service.is_on_fargate() { FARGATE } else { "EC2" };
            (Some(launch.to_owned()), Vec::new())
        } else {
            self.runs_on(&service.cluster, &json!({ "capacityProviderStrategy": given }))?
        };
        if after != before && input["forceNewDeployment"] != true {
            return Err(super::input::invalid(MUST_DEPLOY));
        }
        Ok(after)
    }

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
        let network = input.get("networkConfiguration").filter(|given| !given.is_null()).cloned();
        check_network(definition, &network.unwrap_or_else(|| service.setting("networkConfiguration")))?;
        let balancers = match input.get("loadBalancers").filter(|given| !given.is_null()) {
            Some(_) => load_balancers(input, definition)?,
            None => primary.load_balancers.clone(),
        };
        let rolling = rolling(input, &service.rolling)?;
        let grace = grace(input, &balancers)?;
        let desired = count(input, "desiredCount")?;
        let settings = kept(input);
        check_placement(input)?;
        let (launch_type, strategy) = self.moves_to(service, input)?;
        let on_fargate = launch_type.as_deref() == Some(FARGATE) || strategy.iter().any(Share::is_fargate);
        check_fargate(on_fargate, input)?;
        check_launch(definition, on_fargate)?;
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
        (service.launch_type, service.strategy) = (launch_type, strategy);
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
