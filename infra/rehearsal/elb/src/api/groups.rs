//! Target groups.

use super::{attributes, group_settings, input, page::page, refuse, tags};
use crate::arn::Arns;
use crate::elb::Inner;
use crate::metrics::GroupMetrics;
use crate::state::{Group, State};
use crate::target::GroupRuntime;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Target groups of one account and region.
const GROUPS: usize = 3_000;

pub(crate) fn create(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let name = input::name(input, "Target group")?;
    let target_type = input::text(input, "TargetType").unwrap_or("instance");
    if !["ip", "instance"].contains(&target_type) {
        return Err(refuse::validation(format!("Target type '{target_type}' is not offered here")));
    }
    match input::text(input, "Protocol") {
        Some("HTTP") => {}
        Some(other) => {
            return Err(ApiError::new(
                "UnsupportedProtocol",
                format!("Protocol '{other}' is not offered here"),
            ));
        }
        None => return Err(refuse::validation("A protocol must be specified")),
    }
    if let Some(version) = input::text(input, "ProtocolVersion").filter(|version| *version != "HTTP1") {
        return Err(refuse::validation(format!("Protocol version '{version}' is not offered here")));
    }
    let port =
        input::port(input, 1..=u16::MAX)?.ok_or_else(|| refuse::validation("A port must be specified"))?;
    let check = group_settings::changed(
        &group_settings::defaults(),
        input,
        inner.config.health_check_interval_floor,
    )?;
    let vpc = input::text(input, "VpcId").filter(|vpc| !vpc.is_empty()).map(str::to_owned);
    if vpc.is_none() {
        return Err(refuse::validation("A VPC ID must be specified"));
    }
    let given = tags::parse(input)?;
    let mut state = inner.state.lock();
    if let Some((arn, known)) = state.groups.iter().find(|(_, known)| known.name == name) {
        let same = known.port == port
            && known.vpc == vpc
            && known.target_type == target_type
            && known.check == check;
        if !same {
            return Err(ApiError::new(
                "DuplicateTargetGroupName",
                format!("A target group with the same name '{name}' exists, but with different settings"),
            ));
        }
        return Ok(json!({"TargetGroups": [render(&state, arn, known)]}));
    }
    if state.groups.len() >= GROUPS {
        return Err(ApiError::new(
            "TooManyTargetGroups",
            "The maximum number of target groups has been reached",
        ));
    }
    let arn = Arns::new(&inner.config).group(name, inner.id());
    let metrics = GroupMetrics::new(inner.config.metrics_history);
    let group = Group {
        name: name.to_owned(),
        port,
        vpc,
        target_type: target_type.to_owned(),
        check,
        attributes: attributes::group_defaults(),
        in_use: false,
        targets: BTreeMap::new(),
        runtime: Arc::new(GroupRuntime::new(&arn, metrics)),
    };
    let told = render(&state, &arn, &group);
    tags::put(&mut state, &arn, given);
    state.groups.insert(arn, group);
    inner.tick();
    Ok(json!({"TargetGroups": [told]}))
}

pub(crate) fn describe(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let (arns, names) = (input::texts(input, "TargetGroupArns"), input::texts(input, "Names"));
    if let Some(arn) = arns.iter().find(|arn| !state.groups.contains_key(*arn)) {
        return Err(refuse::group_not_found(arn));
    }
    if let Some(name) = names.iter().find(|name| !state.groups.values().any(|known| known.name == **name)) {
        return Err(refuse::group_not_found(name));
    }
    let balancer = input::text(input, "LoadBalancerArn");
    if let Some(balancer) = balancer {
        super::load_balancers::find(&state, balancer)?;
    }
    let all = arns.is_empty() && names.is_empty();
    let found = state
        .groups
        .iter()
        .filter(|(arn, known)| all || arns.contains(arn) || names.contains(&known.name))
        .filter(|(arn, _)| balancer.is_none_or(|balancer| state.balancers_of(arn).contains(&balancer)))
        .map(|(arn, known)| (arn.clone(), render(&state, arn, known)))
        .collect();
    page(input, "TargetGroups", found)
}

pub(crate) fn modify(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "TargetGroupArn")?;
    let mut state = inner.state.lock();
    let group = state.groups.get_mut(arn).ok_or_else(|| refuse::group_not_found(arn))?;
    group.check = group_settings::changed(&group.check, input, inner.config.health_check_interval_floor)?;
    inner.tick();
    let told = render(&state, arn, &state.groups[arn]);
    Ok(json!({"TargetGroups": [told]}))
}

/// Deletes a target group that no rule refers to; one that is not there is fine, as in AWS.
pub(crate) fn delete(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "TargetGroupArn")?;
    let mut state = inner.state.lock();
    if state.rules.values().any(|rule| rule.uses(arn)) {
        return Err(ApiError::new(
            "ResourceInUse",
            format!("Target group '{arn}' is currently in use by a listener or a rule"),
        ));
    }
    if let Some(mut group) = state.groups.remove(arn) {
        inner.clear(&mut group);
    }
    state.tags.remove(arn);
    inner.tick();
    Ok(json!({}))
}

fn render(state: &State, arn: &str, group: &Group) -> Value {
    let check = &group.check;
    let mut told = json!({
        "TargetGroupArn": arn,
        "TargetGroupName": group.name,
        "Protocol": "HTTP",
        "Port": group.port,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": check.port.map_or("traffic-port".to_owned(), |port| port.to_string()),
        "HealthCheckEnabled": true,
        "HealthCheckIntervalSeconds": check.interval.as_secs(),
        "HealthCheckTimeoutSeconds": check.timeout.as_secs(),
        "HealthyThresholdCount": check.healthy_threshold,
        "UnhealthyThresholdCount": check.unhealthy_threshold,
        "HealthCheckPath": check.path,
        "Matcher": {"HttpCode": check.matcher},
        "LoadBalancerArns": state.balancers_of(arn),
        "TargetType": group.target_type,
        "ProtocolVersion": "HTTP1",
        "IpAddressType": "ipv4",
    });
    if let Some(vpc) = &group.vpc {
        told["VpcId"] = json!(vpc);
    }
    told
}
