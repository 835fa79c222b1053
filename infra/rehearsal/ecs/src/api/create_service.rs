//! CreateService, and the checks it shares with UpdateService.

use super::compatible::{check_launch, check_network};
use super::input::{client, count, invalid, required};
use crate::clock::now;
use crate::constraint::{Constraints, strategies};
use crate::definition::Definition;
use crate::service::{LoadBalancer, NewService, Rolling, Service, ServiceStatus};
use crate::state::State;
use crate::strategy::{FARGATE, Share};
use crate::tags::Tags;
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};

/// Members that are kept and answered, though they mean nothing to processes on loopback.
pub(super) const KEPT: [&str; 12] = [
    "networkConfiguration",
    "placementConstraints",
    "placementStrategy",
    "platformVersion",
    "propagateTags",
    "enableECSManagedTags",
    "enableExecuteCommand",
    "serviceRegistries",
    "availabilityZoneRebalancing",
    "schedulingStrategy",
    "serviceConnectConfiguration",
    "volumeConfigurations",
];

impl State {
    pub(super) fn create_service(&mut self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let name = required(input, "serviceName", "Service name cannot be empty.")?.to_owned();
        match self.service(&cluster, &name).map(|service| service.status) {
            Some(ServiceStatus::Active) => return Err(invalid("Creation of service was not idempotent.")),
            Some(ServiceStatus::Draining) => {
                return Err(invalid("Unable to Start a service that is still Draining."));
            }
            Some(ServiceStatus::Inactive) | None => {}
        }
        check_kind(input)?;
        let (launch_type, strategy) = self.runs_on(&cluster, input)?;
        let on_fargate = launch_type.as_deref() == Some(FARGATE) || strategy.iter().any(Share::is_fargate);
        check_fargate(on_fargate, input)?;
        let definition = self.deployable(input["taskDefinition"].as_str().unwrap_or_default())?;
        check_launch(definition, on_fargate)?;
        check_network(definition, &input["networkConfiguration"])?;
        let rolling = rolling(input, &Rolling::default())?;
        let balancers = load_balancers(input, definition)?;
        let network = definition.network_mode().to_owned();
        let definition = definition.arn.clone();
        let grace = grace(input, &balancers)?;
        let mut settings = kept(input);
        check_placement(input)?;
        if let Some(role) = self.role(input, &network, !balancers.is_empty())? {
            settings.insert("roleArn".to_owned(), role.into());
        }
        settings.entry("schedulingStrategy").or_insert(json!("REPLICA"));
        for list in ["placementConstraints", "placementStrategy", "serviceRegistries"] {
            settings.entry(list).or_insert_with(|| json!([]));
        }
        for flag in ["enableECSManagedTags", "enableExecuteCommand"] {
            settings.entry(flag).or_insert(json!(false));
        }
        settings.entry("propagateTags").or_insert(json!("NONE"));
        let key = (cluster, name);
        let service = Service::new(NewService {
            cluster_arn: self.arns.cluster(&key.0),
            arn: self.arns.service(&key.0, &key.1),
            cluster: key.0.clone(),
            name: key.1.clone(),
            desired: count(input, "desiredCount")?.unwrap_or(0),
            launch_type,
            strategy,
            rolling,
            grace,
            settings,
            tags: Tags::parse(input)?,
            created_at: now(),
            created_by: self.arns.root(),
        });
        self.services.insert(key.clone(), service);
        self.deploy(&key, definition, balancers)?;
        self.answer(&key)
    }

    /// The role in whose name ECS calls the load balancer: one that was given, or its own.
    fn role(&self, input: &Value, network: &str, balanced: bool) -> Result<Option<String>, ApiError> {
        let account = &self.arns.account;
        let own =
            format!("arn:aws:iam::{account}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS");
        let Some(given) = input["role"].as_str().filter(|role| !role.is_empty()) else {
            return Ok((balanced || network == "awsvpc").then_some(own));
        };
        if network == "awsvpc" {
            let message = "You cannot specify an IAM role for services that require a service linked role.";
            return Err(invalid(message));
        }
        if !balanced {
            return Err(invalid("An IAM role needs a load balancer beside it."));
        }
        let named = given.trim_start_matches('/');
        let arn = if given.starts_with("arn:") {
            given.to_owned()
        } else {
            format!("arn:aws:iam::{account}:role/{named}")
        };
        Ok(Some(arn))
    }

    /// `{"service": …}`, with its tags, as Create, Update and Delete answer.
    pub(super) fn answer(&self, key: &(String, String)) -> Result<Value, ApiError> {
        let service = self.services.get(key).ok_or_else(not_found)?;
        let mut answer = service.json(self);
        answer["tags"] = service.tags.json();
        Ok(json!({ "service": answer }))
    }

    /// A definition that a deployment may start from.
    pub(super) fn deployable(&self, reference: &str) -> Result<&Definition, ApiError> {
        let definition = self.definition(reference).ok_or_else(|| client("TaskDefinition not found."))?;
        if definition.active { Ok(definition) } else { Err(client("TaskDefinition is inactive")) }
    }
}

pub(super) fn not_found() -> ApiError {
    ApiError::new("ServiceNotFoundException", "Service not found.")
}

pub(super) fn kept(input: &Value) -> Map<String, Value> {
    let members = KEPT.iter().filter_map(|member| Some(((*member).to_owned(), input.get(*member)?.clone())));
    members.filter(|(_, value)| !value.is_null()).collect()
}

/// Every mistake in constraints and strategies at once.
pub(super) fn check_placement(input: &Value) -> Result<(), ApiError> {
    let constraints = Constraints::read(&input["placementConstraints"]).err();
    let strategies = strategies(&input["placementStrategy"]).err();
    let wrong: Vec<String> = constraints.into_iter().chain(strategies).collect();
    if wrong.is_empty() { Ok(()) } else { Err(invalid(wrong.join("; "))) }
}

/// On Fargate there is nothing to choose from.
pub(super) fn check_fargate(on_fargate: bool, input: &Value) -> Result<(), ApiError> {
    for (member, what) in
        [("placementConstraints", "Placement constraints"), ("placementStrategy", "Placement strategies")]
    {
        let given = input[member].as_array().is_some_and(|list| !list.is_empty());
        if given && on_fargate {
            return Err(invalid(format!("{what} are not supported with FARGATE launch type.")));
        }
    }
    Ok(())
}

/// Only what this ECS does: replicas, rolled.
fn check_kind(input: &Value) -> Result<(), ApiError> {
    let unsupported = |what: &str, value: &Value| {
        let value = value.as_str().unwrap_or_default();
        ApiError::new("UnsupportedFeatureException", format!("{what} {value} is not part of this ECS."))
    };
    let controller = &input["deploymentController"]["type"];
    if !controller.is_null() && controller != "ECS" {
        return Err(unsupported("The deployment controller", controller));
    }
    let scheduling = &input["schedulingStrategy"];
    if !scheduling.is_null() && scheduling != "REPLICA" {
        return Err(unsupported("The scheduling strategy", scheduling));
    }
    Ok(())
}

/// `deploymentConfiguration` over what was set before; members not given stay.
pub(super) fn rolling(input: &Value, before: &Rolling) -> Result<Rolling, ApiError> {
    let given = &input["deploymentConfiguration"];
    let strategy = given["strategy"].as_str().unwrap_or("ROLLING");
    if strategy != "ROLLING" {
        let message = format!("The deployment strategy {strategy} is not part of this ECS.");
        return Err(ApiError::new("UnsupportedFeatureException", message));
    }
    let breaker = &given["deploymentCircuitBreaker"];
    let rolling = Rolling {
        minimum: count(given, "minimumHealthyPercent")?.unwrap_or(before.minimum),
        maximum: count(given, "maximumPercent")?.unwrap_or(before.maximum),
        breaker: breaker["enable"].as_bool().unwrap_or(before.breaker),
        breaker_rolls_back: breaker["rollback"].as_bool().unwrap_or(before.breaker_rolls_back),
        alarms: given.get("alarms").filter(|alarms| !alarms.is_null()).or(before.alarms.as_ref()).cloned(),
    };
    if rolling.minimum == 100 && rolling.maximum == 100 {
        return Err(invalid(
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ));
    }
    if rolling.maximum < rolling.minimum {
        return Err(invalid("maximumPercent cannot be less than minimumHealthyPercent."));
    }
    Ok(rolling)
}

/// `loadBalancers`, each of which must name a container and port of the definition.
pub(super) fn load_balancers(input: &Value, definition: &Definition) -> Result<Vec<LoadBalancer>, ApiError> {
    let containers = definition.containers();
    let mut balancers = Vec::new();
    for given in input["loadBalancers"].as_array().into_iter().flatten() {
        let target_group =
            required(given, "targetGroupArn", "The target group ARN cannot be empty.")?.to_owned();
        let name = given["containerName"].as_str().unwrap_or_default().to_owned();
        let Some(container) = containers.iter().find(|container| container.name == name) else {
            return Err(invalid(format!("The container {name} does not exist in the task definition.")));
        };
        let port = given["containerPort"].as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
        if !container.ports.iter().any(|mapping| mapping.container_port == port) {
            let message = format!("The container {name} did not have a container port {port} defined.");
            return Err(invalid(message));
        }
        balancers.push(LoadBalancer { target_group, container: name, container_port: port });
    }
    Ok(balancers)
}

pub(super) fn grace(input: &Value, balancers: &[LoadBalancer]) -> Result<Option<u32>, ApiError> {
    let grace = count(input, "healthCheckGracePeriodSeconds")?;
    if grace.is_some_and(|seconds| seconds > 0) && balancers.is_empty() {
        let message = "Health check grace period is only valid for services configured to use load balancers";
        return Err(invalid(message));
    }
    Ok(grace)
}
