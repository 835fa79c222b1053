//! A service that is to get a second one, and the second as the first is.

use super::group::{Group, Which, find_group};
use super::without_nulls;
use crate::elb::{RouteActions, routes};
use crate::{At, Aws, ecs};
use aws_sdk_ecs::types::{
    DeploymentCircuitBreaker, DeploymentConfiguration, LoadBalancer, Service, ServiceField, Tag,
};
use changeover_domain::StepError;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::name::ServiceName;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What stands before the keys of AWS's own tags, which nobody else may set.
const OF_AWS: &str = "aws:";

/// A service that is to get a second one, as it is.
#[derive(Debug, Clone)]
pub struct First {
    /// Itself, in plain words.
    pub member: ServiceSeen,
    /// Its ARN.
    pub arn: String,
    /// Its tags, whoever set them, but AWS's own.
    pub tags: BTreeMap<String, String>,
    /// Its only target group; none if it has none or several.
    pub group: Option<Group>,
    /// The routes that forward to that.
    pub routes: Vec<RouteActions>,
    /// What it has that a second service cannot have as well, or that is not copied, in words.
    pub apart: Vec<&'static str>,
    service: Service,
}

/// A service with its target group and routes; none if there is no such active service.
pub async fn look(aws: &Aws, name: &ServiceName) -> Result<Option<First>, StepError> {
    let Some(member) = ecs::services(aws, &name.cluster, &[&name.name]).await?.pop() else { return Ok(None) };
    let request = aws.ecs().describe_services().cluster(&name.cluster).services(&name.name);
    let answer =
        request.include(ServiceField::Tags).send().await.at("DescribeServices", &name.to_string())?;
    let Some(service) = answer.services.unwrap_or_default().pop() else { return Ok(None) };
    let group = match service.load_balancers() {
        [only] => match only.target_group_arn() {
            Some(arn) => find_group(aws, Which::Arn(arn)).await?,
            None => None,
        },
        _ => None,
    };
    let found = match &group {
        Some(group) => routes(aws, group.group.load_balancer_arns(), &[&group.arn]).await?,
        None => Vec::new(),
    };
    let tags = service.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(Some(First {
        arn: service.service_arn().unwrap_or_default().to_owned(),
        tags: tags.filter(|(key, _)| !key.starts_with(OF_AWS)).collect(),
        apart: apart(&service),
        member,
        group,
        routes: found,
        service,
    }))
}

/// What is not copied, in words.
fn apart(service: &Service) -> Vec<&'static str> {
    let primary = service.deployments().first();
    let connect = primary.and_then(|one| one.service_connect_configuration());
    let mut apart = Vec::new();
    if !service.service_registries().is_empty() {
        apart.push("is registered in service discovery");
    }
    if connect.is_some_and(|connect| connect.enabled) {
        apart.push("takes part in Service Connect");
    }
    if primary.is_some_and(|one| !one.volume_configurations().is_empty()) {
        apart.push("has volumes that ECS makes for its tasks");
    }
    let alarms = service.deployment_configuration().and_then(|one| one.alarms());
    if alarms.is_some_and(|alarms| alarms.enable) {
        apart.push("has ECS's own deployment alarms");
    }
    apart
}

impl First {
    /// What `aws ecs create-service --cli-input-json` takes to make one like it, without tasks, behind another group.
    pub fn twin(&self, name: &str, group: &str, tags: &BTreeMap<String, String>) -> Value {
        let service = &self.service;
        let list = |empty: bool, list: Value| if empty { Value::Null } else { list };
        let placed = service.placement_constraints().iter();
        let placed: Value = placed
            .map(|one| {
                without_nulls(json!({
                    "type": one.r#type().map(|kind| kind.as_str()), "expression": one.expression(),
                }))
            })
            .collect();
        let spread = service.placement_strategy().iter();
        let spread: Value = spread
            .map(|one| {
                without_nulls(json!({ "type": one.r#type().map(|kind| kind.as_str()), "field": one.field() }))
            })
            .collect();
        let providers = service.capacity_provider_strategy().iter();
        let providers: Value = providers
            .map(|one| json!({ "capacityProvider": one.capacity_provider(), "weight": one.weight(), "base": one.base() }))
            .collect();
        let network = service.network_configuration().and_then(|one| one.awsvpc_configuration()).map(|one| {
            without_nulls(json!({ "awsvpcConfiguration": without_nulls(json!({
                "subnets": one.subnets(),
                "securityGroups": one.security_groups(),
                "assignPublicIp": one.assign_public_ip().map(|public| public.as_str()),
            })) }))
        });
        let (container, port) = self.target();
        without_nulls(json!({
            "cluster": service.cluster_arn(),
            "serviceName": name,
            "taskDefinition": service.task_definition(),
            "desiredCount": 0,
            "loadBalancers": [{ "targetGroupArn": group, "containerName": container, "containerPort": port }],
            "launchType": self.launch_type(),
            "capacityProviderStrategy": list(service.capacity_provider_strategy().is_empty(), providers),
            "platformVersion": service.platform_version(),
            "networkConfiguration": network,
            "deploymentConfiguration": {
                "deploymentCircuitBreaker": { "enable": self.breaker().0, "rollback": self.breaker().1 },
                "minimumHealthyPercent": self.member.minimum_healthy_percent,
                "maximumPercent": self.member.maximum_percent,
            },
            "placementConstraints": list(service.placement_constraints().is_empty(), placed),
            "placementStrategy": list(service.placement_strategy().is_empty(), spread),
            "healthCheckGracePeriodSeconds": service.health_check_grace_period_seconds(),
            "enableECSManagedTags": service.enable_ecs_managed_tags(),
            "propagateTags": service.propagate_tags().map(|one| one.as_str()).filter(|one| *one != "NONE"),
            "enableExecuteCommand": service.enable_execute_command(),
            "availabilityZoneRebalancing": service.availability_zone_rebalancing().map(|one| one.as_str()),
            "tags": tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect::<Vec<_>>(),
        }))
    }

    /// Makes one like it, without tasks, behind another group; its ARN.
    pub async fn make_twin(
        &self,
        aws: &Aws,
        name: &str,
        group: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<String, StepError> {
        let service = &self.service;
        let (container, port) = self.target();
        let percent = |percent: u32| i32::try_from(percent).unwrap_or(i32::MAX);
        let (enable, rollback) = self.breaker();
        let breaker = DeploymentCircuitBreaker::builder().enable(enable).rollback(rollback).build();
        let configuration = DeploymentConfiguration::builder()
            .deployment_circuit_breaker(breaker)
            .minimum_healthy_percent(percent(self.member.minimum_healthy_percent))
            .maximum_percent(percent(self.member.maximum_percent))
            .build();
        let balancer = LoadBalancer::builder()
            .target_group_arn(group)
            .container_name(container)
            .container_port(port)
            .build();
        let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
        let request = aws
            .ecs()
            .create_service()
            .set_cluster(service.cluster_arn.clone())
            .service_name(name)
            .set_task_definition(service.task_definition.clone())
            .desired_count(0)
            .load_balancers(balancer)
            .set_launch_type(service.launch_type.clone().filter(|_| self.launch_type().is_some()))
            .set_capacity_provider_strategy(service.capacity_provider_strategy.clone())
            .set_platform_version(service.platform_version.clone())
            .set_network_configuration(service.network_configuration.clone())
            .deployment_configuration(configuration)
            .set_placement_constraints(service.placement_constraints.clone())
            .set_placement_strategy(service.placement_strategy.clone())
            .set_health_check_grace_period_seconds(service.health_check_grace_period_seconds)
            .enable_ecs_managed_tags(service.enable_ecs_managed_tags)
            .set_propagate_tags(service.propagate_tags.clone().filter(|one| one.as_str() != "NONE"))
            .enable_execute_command(service.enable_execute_command)
            .set_availability_zone_rebalancing(service.availability_zone_rebalancing.clone())
            .set_tags(Some(tags.iter().map(tag).collect()));
        let answer = request.send().await.at("CreateService", name)?;
        Ok(answer.service().and_then(|one| one.service_arn()).unwrap_or_default().to_owned())
    }

    /// The container and the port behind its target group.
    fn target(&self) -> (&str, i32) {
        let only = self.service.load_balancers().first();
        let container = only.and_then(|one| one.container_name()).unwrap_or_default();
        (container, only.and_then(|one| one.container_port()).unwrap_or_default())
    }

    /// ECS takes no launch type beside capacity providers.
    fn launch_type(&self) -> Option<&str> {
        let service = &self.service;
        service
            .launch_type()
            .map(|one| one.as_str())
            .filter(|_| service.capacity_provider_strategy().is_empty())
    }

    fn breaker(&self) -> (bool, bool) {
        let breaker =
            self.service.deployment_configuration().and_then(|one| one.deployment_circuit_breaker());
        breaker.map_or((false, false), |one| (one.enable(), one.rollback()))
    }
}
