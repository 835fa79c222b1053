//! Target groups, and others like them.

use super::without_nulls;
use crate::elb::NETWORK;
use crate::{At, Aws};
use aws_sdk_elasticloadbalancingv2::types::{TargetGroup, TargetGroupAttribute};
use changeover_domain::StepError;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A target group.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Whether clients are pinned to its targets.
    pub pins: bool,
    /// Whether a Network Load Balancer forwards to it.
    pub behind_network: bool,
    pub(super) group: TargetGroup,
    attributes: BTreeMap<String, String>,
}

/// Which target group.
pub(super) enum Which<'a> {
    Arn(&'a str),
    Name(&'a str),
}

/// A target group by its name, if there is one.
pub async fn group_named(aws: &Aws, name: &str) -> Result<Option<Group>, StepError> {
    find_group(aws, Which::Name(name)).await
}

pub(super) async fn find_group(aws: &Aws, which: Which<'_>) -> Result<Option<Group>, StepError> {
    let request = aws.elb().describe_target_groups();
    let (request, on) = match which {
        Which::Arn(arn) => (request.target_group_arns(arn), arn),
        Which::Name(name) => (request.names(name), name),
    };
    let answer = request.send().await;
    if crate::is_code(&answer, "TargetGroupNotFound") {
        return Ok(None);
    }
    let answer = answer.at("DescribeTargetGroups", on)?;
    let Some(group) = answer.target_groups.unwrap_or_default().pop() else { return Ok(None) };
    let arn = group.target_group_arn().unwrap_or_default().to_owned();
    let answer = aws.elb().describe_target_group_attributes().target_group_arn(&arn).send().await;
    let answer = answer.at("DescribeTargetGroupAttributes", &arn)?;
    let attributes: BTreeMap<String, String> = answer
        .attributes()
        .iter()
        .filter_map(|one| Some((one.key()?.to_owned(), one.value()?.to_owned())))
        .collect();
    Ok(Some(Group {
        name: group.target_group_name().unwrap_or_default().to_owned(),
        pins: attributes.get("stickiness.enabled").is_some_and(|enabled| enabled == "true"),
        behind_network: group.load_balancer_arns().iter().any(|arn| arn.contains(NETWORK)),
        arn,
        group,
        attributes,
    }))
}

impl Group {
    /// What `aws elbv2 create-target-group --cli-input-json` takes to make one like it.
    pub fn twin(&self, name: &str) -> Value {
        let group = &self.group;
        without_nulls(json!({
            "Name": name,
            "Protocol": group.protocol().map(|one| one.as_str()),
            "ProtocolVersion": group.protocol_version(),
            "Port": group.port(),
            "VpcId": group.vpc_id(),
            "TargetType": group.target_type().map(|one| one.as_str()),
            "IpAddressType": group.ip_address_type().map(|one| one.as_str()),
            "HealthCheckProtocol": group.health_check_protocol().map(|one| one.as_str()),
            "HealthCheckPort": group.health_check_port(),
            "HealthCheckPath": group.health_check_path(),
            "HealthCheckEnabled": group.health_check_enabled(),
            "HealthCheckIntervalSeconds": group.health_check_interval_seconds(),
            "HealthCheckTimeoutSeconds": group.health_check_timeout_seconds(),
            "HealthyThresholdCount": group.healthy_threshold_count(),
            "UnhealthyThresholdCount": group.unhealthy_threshold_count(),
            "Matcher": group.matcher().map(|one| without_nulls(json!({
                "HttpCode": one.http_code(), "GrpcCode": one.grpc_code(),
            }))),
        }))
    }

    /// Its attributes, as `aws elbv2 modify-target-group-attributes` takes them.
    pub fn attributes(&self) -> Value {
        self.attributes.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
    }

    /// Makes one like it, or finds the one that was made before; its ARN.
    pub async fn make_twin(&self, aws: &Aws, name: &str) -> Result<String, StepError> {
        let group = &self.group;
        let request = aws
            .elb()
            .create_target_group()
            .name(name)
            .set_protocol(group.protocol.clone())
            .set_protocol_version(group.protocol_version.clone())
            .set_port(group.port)
            .set_vpc_id(group.vpc_id.clone())
            .set_target_type(group.target_type.clone())
            .set_ip_address_type(group.ip_address_type.clone())
            .set_health_check_protocol(group.health_check_protocol.clone())
            .set_health_check_port(group.health_check_port.clone())
            .set_health_check_path(group.health_check_path.clone())
            .set_health_check_enabled(group.health_check_enabled)
            .set_health_check_interval_seconds(group.health_check_interval_seconds)
            .set_health_check_timeout_seconds(group.health_check_timeout_seconds)
            .set_healthy_threshold_count(group.healthy_threshold_count)
            .set_unhealthy_threshold_count(group.unhealthy_threshold_count)
            .set_matcher(group.matcher.clone());
        let answer = request.send().await.at("CreateTargetGroup", name)?;
        let made = answer.target_groups().first().and_then(|group| group.target_group_arn());
        let arn = made.unwrap_or_default().to_owned();
        let attribute =
            |(key, value): (&String, &String)| TargetGroupAttribute::builder().key(key).value(value).build();
        let attributes = self.attributes.iter().map(attribute).collect();
        let request = aws.elb().modify_target_group_attributes().target_group_arn(&arn);
        let request = request.set_attributes(Some(attributes));
        request.send().await.at("ModifyTargetGroupAttributes", &arn)?;
        Ok(arn)
    }
}
