//! CreateCapacityProvider and its kin, PutClusterCapacityProviders, and the strategies of services.

use super::input::{client, includes, invalid, missing, required, strings};
use super::page::page_of;
use crate::arn::last_segment;
use crate::provider::{Managed, Provider};
use crate::service::ServiceStatus;
use crate::state::State;
use crate::strategy::{self, FARGATE, FARGATE_SPOT, Share, is_fargate};
use crate::tags::Tags;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// The bounds of managed scaling's numbers, and what holds where nothing is said.
const TARGET: (u64, u64, u32) = (1, 100, 100);
const STEP: (u64, u64) = (1, 10_000);
const LEAST_STEP: u32 = 1;
const MOST_STEP: u32 = 10_000;
const WARMUP: (u64, u64, u32) = (0, 10_000, 300);

const UNASSOCIATED: &str = "The specified capacity provider strategy cannot contain a capacity provider that is not \
    associated with the cluster. Associate the capacity provider with the cluster and try again.";

impl State {
    pub(super) fn create_capacity_provider(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "name", "Capacity provider name cannot be empty.").map_err(as_client)?;
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() > 255 || !name.chars().all(legal) {
            return Err(client("The capacity provider name is invalid."));
        }
        if ["aws", "ecs", "fargate"].iter().any(|own| name.to_ascii_lowercase().starts_with(own)) {
            return Err(client("The capacity provider name cannot begin with aws, ecs or fargate."));
        }
        if self.providers.contains_key(name) {
            return Err(client("The specified capacity provider already exists. Use a different name."));
        }
        if !input["managedInstancesProvider"].is_null() {
            return Err(unsupported("Managed instances are not part of this ECS."));
        }
        let given = &input["autoScalingGroupProvider"];
        let group_arn = required(given, "autoScalingGroupArn", "An Auto Scaling group must be named.");
        let group_arn = group_arn.map_err(as_client)?;
        let group = last_segment(group_arn).to_owned();
        if self.providers.values().any(|known| known.group == group) {
            return Err(client(
                "The specified Auto Scaling group ARN is already being used by another capacity provider.",
            ));
        }
        let provider = Provider {
            name: name.to_owned(),
            arn: self.arns.capacity_provider(name),
            group_arn: group_arn.to_owned(),
            group,
            managed: managed(&given["managedScaling"], None)?,
            draining: draining(given)?.unwrap_or(true),
            tags: Tags::parse(input)?,
        };
        let told = provider.json(true);
        self.providers.insert(name.to_owned(), provider);
        Ok(json!({ "capacityProvider": told }))
    }

    pub(super) fn update_capacity_provider(&mut self, input: &Value) -> Result<Value, ApiError> {
        let given = &input["autoScalingGroupProvider"];
        let provider = self.providers.get_mut(input["name"].as_str().unwrap_or_default());
        let provider = provider.ok_or_else(not_found)?;
        if let Some(draining) = draining(given)? {
            provider.draining = draining;
        }
        if !given["managedScaling"].is_null() {
            provider.managed = managed(&given["managedScaling"], provider.managed)?;
        }
        Ok(json!({ "capacityProvider": provider.json(false) }))
    }

    pub(super) fn delete_capacity_provider(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name = last_segment(input["capacityProvider"].as_str().unwrap_or_default());
        if self.clusters.values().any(|cluster| cluster.providers.iter().any(|known| known == name)) {
            return Err(client(
                "The specified capacity provider is associated with a cluster: remove it from the cluster first.",
            ));
        }
        let mut gone = self.providers.remove(name).ok_or_else(not_found)?.json(false);
        gone["status"] = "INACTIVE".into();
        gone["updateStatus"] = "DELETE_COMPLETE".into();
        Ok(json!({ "capacityProvider": gone }))
    }

    pub(super) fn describe_capacity_providers(&self, input: &Value) -> Result<Value, ApiError> {
        let tags = includes(input, "TAGS");
        let own = [FARGATE, FARGATE_SPOT].map(|name| (name.to_owned(), self.fargate(name)));
        let all =
            own.into_iter().chain(self.providers.iter().map(|(name, one)| (name.clone(), one.json(tags))));
        let all: Vec<(String, Value)> = all.collect();
        let names: Vec<String> =
            strings(input, "capacityProviders").iter().map(|name| last_segment(name).to_owned()).collect();
        let failures: Vec<Value> = names
            .iter()
            .filter(|name| !all.iter().any(|(known, _)| known == *name))
            .map(|name| missing(&self.arns.capacity_provider(name)))
            .collect();
        let found: Vec<_> =
            all.into_iter().filter(|(name, _)| names.is_empty() || names.contains(name)).collect();
        let mut answer =
            page_of(input, "capacityProviders", &found, |one| one.0.clone(), |one| one.1.clone())?;
        answer["failures"] = failures.into();
        Ok(answer)
    }

    fn fargate(&self, name: &str) -> Value {
        json!({
            "capacityProviderArn": self.arns.capacity_provider(name), "name": name, "status": "ACTIVE", "type": name,
            "tags": [],
        })
    }

    pub(super) fn put_cluster_capacity_providers(&mut self, input: &Value) -> Result<Value, ApiError> {
        required(input, "cluster", "Cluster can not be blank.")?;
        let cluster = self.cluster_name(input)?;
        let (providers, strategy) = self.providers_of(input)?;
        let in_use = |name: &String| {
            self.services.values().any(|service| {
                service.cluster == cluster
                    && service.status != ServiceStatus::Inactive
                    && service.strategy.iter().any(|share| share.provider == *name)
            })
        };
        let left = self.clusters[&cluster].providers.iter().filter(|name| !providers.contains(name));
        if let Some(name) = left.clone().find(|name| in_use(name)) {
            let message = format!("The specified capacity provider {name} is in use and cannot be removed.");
            return Err(ApiError::new("ResourceInUseException", message));
        }
        if let Some(known) = self.clusters.get_mut(&cluster) {
            (known.providers, known.strategy) = (providers, strategy);
        }
        Ok(json!({ "cluster": self.cluster(&self.clusters[&cluster], input) }))
    }

    /// The providers and the default strategy that a cluster is given.
    pub(super) fn providers_of(&self, input: &Value) -> Result<(Vec<String>, Vec<Share>), ApiError> {
        let providers: Vec<String> =
            strings(input, "capacityProviders").iter().map(|name| last_segment(name).to_owned()).collect();
        if let Some(unknown) =
            providers.iter().find(|name| !is_fargate(name) && !self.providers.contains_key(*name))
        {
            let message = format!("The specified capacity provider '{unknown}' was not found.");
            return Err(invalid(message));
        }
        let strategy = strategy::read(&input["defaultCapacityProviderStrategy"]).map_err(invalid)?;
        if strategy.iter().any(|share| !providers.contains(&share.provider)) {
            return Err(invalid(UNASSOCIATED));
        }
        Ok((providers, strategy))
    }

    /// Where tasks are to run: on a launch type, or by a strategy, the cluster's own if neither is said.
    pub(super) fn runs_on(
        &self,
        cluster: &str,
        input: &Value,
    ) -> Result<(Option<String>, Vec<Share>), ApiError> {
        let launch = input["launchType"].as_str();
        let given = strategy::read(&input["capacityProviderStrategy"]).map_err(invalid)?;
        if launch.is_some() && !given.is_empty() {
            return Err(invalid(
                "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
            ));
        }
        if launch.is_some_and(|launch| launch != "EC2" && launch != FARGATE) {
            let message = format!("The launch type {} is not part of this ECS.", launch.unwrap_or_default());
            return Err(unsupported(&message));
        }
        let cluster = &self.clusters[cluster];
        if given.iter().any(|share| !cluster.providers.contains(&share.provider)) {
            return Err(invalid(UNASSOCIATED));
        }
        let strategy = match (launch, given.is_empty()) {
            (None, true) => cluster.strategy.clone(),
            _ => given,
        };
        let launch = strategy.is_empty().then(|| launch.unwrap_or("EC2").to_owned());
        Ok((launch, strategy))
    }
}

fn as_client(error: ApiError) -> ApiError {
    client(error.message)
}

fn unsupported(message: &str) -> ApiError {
    ApiError::new("UnsupportedFeatureException", message)
}

fn not_found() -> ApiError {
    client("The specified capacity provider does not exist. Specify a valid name or ARN and try again.")
}

/// Managed scaling over what was set before; none where it is disabled, as it is unless it is asked for.
fn managed(given: &Value, before: Option<Managed>) -> Result<Option<Managed>, ApiError> {
    let enabled = match given["status"].as_str() {
        Some(status) => status == "ENABLED",
        None => before.is_some(),
    };
    let number = |member: &str, (least, most): (u64, u64), usual: u32| match &given[member] {
        Value::Null => Ok(usual),
        number => number
            .as_u64()
            .filter(|number| (least..=most).contains(number))
            .and_then(|number| u32::try_from(number).ok())
            .ok_or_else(|| client(format!("{member} must be between {least} and {most}."))),
    };
    let usual = before.unwrap_or(Managed {
        target: TARGET.2,
        least_step: LEAST_STEP,
        most_step: MOST_STEP,
        warmup: WARMUP.2,
    });
    let managed = Managed {
        target: number("targetCapacity", (TARGET.0, TARGET.1), usual.target)?,
        least_step: number("minimumScalingStepSize", STEP, usual.least_step)?,
        most_step: number("maximumScalingStepSize", STEP, usual.most_step)?,
        warmup: number("instanceWarmupPeriod", (WARMUP.0, WARMUP.1), usual.warmup)?,
    };
    if managed.least_step > managed.most_step {
        return Err(client("minimumScalingStepSize cannot be more than maximumScalingStepSize."));
    }
    Ok(enabled.then_some(managed))
}

/// `managedDraining`, if it is said; termination protection is refused, for instances have none here.
fn draining(given: &Value) -> Result<Option<bool>, ApiError> {
    if given["managedTerminationProtection"] == "ENABLED" {
        return Err(unsupported("Managed termination protection is not part of this ECS."));
    }
    Ok(given["managedDraining"].as_str().map(|draining| draining == "ENABLED"))
}
