//! Targets of target groups, and their health.

use super::{input, refuse};
use crate::elb::Inner;
use crate::health::{TargetHealth, not_registered};
use crate::lifecycle::loopback;
use crate::state::Group;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) fn register(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let group = input::required(input, "TargetGroupArn")?;
    let targets = targets(input)?;
    let mut state = inner.state.lock();
    // All of them or none.
    let known = state.groups.get(group).ok_or_else(|| refuse::group_not_found(group))?;
    for (id, _) in &targets {
        loopback(known, id)?;
    }
    for (id, port) in &targets {
        inner.register(&mut state, group, id, *port)?;
    }
    Ok(json!({}))
}

pub(crate) fn deregister(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let group = input::required(input, "TargetGroupArn")?;
    let targets = targets(input)?;
    let mut state = inner.state.lock();
    for (id, port) in &targets {
        inner.deregister(&mut state, group, id, *port)?;
    }
    Ok(json!({}))
}

pub(crate) fn describe_health(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "TargetGroupArn")?;
    let state = inner.state.lock();
    let group = state.groups.get(arn).ok_or_else(|| refuse::group_not_found(arn))?;
    let told: Vec<Value> = if input::list(input, "Targets").is_empty() {
        let known = group.targets.values();
        known
            .map(|known| render(group, &known.target.id, known.target.port, known.health().describe()))
            .collect()
    } else {
        targets(input)?
            .into_iter()
            .map(|(id, port)| {
                let port = port.unwrap_or(group.port);
                let known = group.targets.get(&(id.clone(), port));
                let health = known.map_or_else(not_registered, |known| known.health().describe());
                render(group, &id, port, health)
            })
            .collect()
    };
    Ok(json!({"TargetHealthDescriptions": told}))
}

fn targets(input: &Value) -> Result<Vec<(String, Option<u16>)>, ApiError> {
    let targets = input::list(input, "Targets");
    if targets.is_empty() {
        return Err(refuse::validation("At least one target must be specified"));
    }
    targets
        .iter()
        .map(|target| Ok((input::required(target, "Id")?.to_owned(), input::port(target, 1..=u16::MAX)?)))
        .collect()
}

fn render(group: &Group, id: &str, port: u16, health: TargetHealth) -> Value {
    let mut told = json!({"State": health.state});
    if let Some(reason) = health.reason {
        told["Reason"] = json!(reason);
    }
    if let Some(description) = health.description {
        told["Description"] = json!(description);
    }
    json!({
        "Target": {"Id": id, "Port": port},
        "HealthCheckPort": group.check.port.unwrap_or(port).to_string(),
        "TargetHealth": told,
    })
}
