//! Attributes of load balancers and target groups: AWS's keys, with AWS's defaults.
//!
//! The data plane acts on `idle_timeout.timeout_seconds`, `client_keep_alive.seconds` and
//! `deregistration_delay.timeout_seconds`; the others are kept and told.

use super::{input, load_balancers, refuse};
use crate::elb::Inner;
use crate::state::Group;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long a connection may be silent, unless set otherwise.
pub(crate) const IDLE_SECONDS: u64 = 60;
/// How long a client's connection may live, unless set otherwise.
pub(crate) const KEEP_ALIVE_SECONDS: u64 = 3_600;
/// How long a target drains, unless set otherwise.
const DEREGISTRATION_SECONDS: u64 = 300;

const IDLE: &str = "idle_timeout.timeout_seconds";
const KEEP_ALIVE: &str = "client_keep_alive.seconds";
const DEREGISTRATION: &str = "deregistration_delay.timeout_seconds";

const LOAD_BALANCER: [(&str, &str); 10] = [
    (IDLE, "60"),
    (KEEP_ALIVE, "3600"),
    ("access_logs.s3.enabled", "false"),
    ("access_logs.s3.bucket", ""),
    ("access_logs.s3.prefix", ""),
    ("deletion_protection.enabled", "false"),
    ("load_balancing.cross_zone.enabled", "true"),
    ("routing.http.drop_invalid_header_fields.enabled", "false"),
    ("routing.http.xff_header_processing.mode", "append"),
    ("routing.http2.enabled", "true"),
];

const GROUP: [(&str, &str); 14] = [
    (DEREGISTRATION, "300"),
    ("stickiness.enabled", "false"),
    ("stickiness.type", "lb_cookie"),
    ("stickiness.lb_cookie.duration_seconds", "86400"),
    ("stickiness.app_cookie.cookie_name", ""),
    ("stickiness.app_cookie.duration_seconds", "86400"),
    ("slow_start.duration_seconds", "0"),
    ("load_balancing.algorithm.type", "round_robin"),
    ("load_balancing.algorithm.anomaly_mitigation", "off"),
    ("load_balancing.cross_zone.enabled", "use_load_balancer_configuration"),
    ("target_group_health.dns_failover.minimum_healthy_targets.count", "1"),
    ("target_group_health.dns_failover.minimum_healthy_targets.percentage", "off"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1"),
    ("target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off"),
];

pub(crate) fn load_balancer_defaults() -> BTreeMap<String, String> {
    defaults(&LOAD_BALANCER)
}

pub(crate) fn group_defaults() -> BTreeMap<String, String> {
    defaults(&GROUP)
}

fn defaults(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn describe_load_balancer(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let balancer = load_balancers::find(&state, input::required(input, "LoadBalancerArn")?)?;
    Ok(render(&balancer.attributes))
}

pub(crate) fn modify_load_balancer(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let mut state = inner.state.lock();
    let arn = input::required(input, "LoadBalancerArn")?;
    let balancer = state.load_balancers.get_mut(arn).ok_or_else(|| refuse::load_balancer_not_found(arn))?;
    let changed = changed(&balancer.attributes, input, "Load balancer")?;
    balancer.attributes = changed;
    let runtime = &balancer.runtime;
    runtime.idle_seconds.store(seconds(&balancer.attributes, IDLE, IDLE_SECONDS), Ordering::Relaxed);
    let keep_alive = seconds(&balancer.attributes, KEEP_ALIVE, KEEP_ALIVE_SECONDS);
    runtime.keep_alive_seconds.store(keep_alive, Ordering::Relaxed);
    inner.tick();
    Ok(render(&balancer.attributes))
}

pub(crate) fn describe_group(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let arn = input::required(input, "TargetGroupArn")?;
    let group = state.groups.get(arn).ok_or_else(|| refuse::group_not_found(arn))?;
    Ok(render(&group.attributes))
}

pub(crate) fn modify_group(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let mut state = inner.state.lock();
    let arn = input::required(input, "TargetGroupArn")?;
    let group = state.groups.get_mut(arn).ok_or_else(|| refuse::group_not_found(arn))?;
    group.attributes = changed(&group.attributes, input, "Target group")?;
    inner.tick();
    Ok(render(&group.attributes))
}

/// The attributes with the input's changes; all of them or none.
fn changed(
    known: &BTreeMap<String, String>,
    input: &Value,
    what: &str,
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut attributes = known.clone();
    for attribute in input::list(input, "Attributes") {
        let key = input::required(attribute, "Key")?;
        let value = input::text(attribute, "Value").unwrap_or_default();
        let Some(slot) = attributes.get_mut(key) else {
            return Err(refuse::validation(format!("{what} attribute key '{key}' is not recognized")));
        };
        check(what, key, value)?;
        value.clone_into(slot);
    }
    Ok(attributes)
}

fn check(what: &str, key: &str, value: &str) -> Result<(), ApiError> {
    let within =
        |bounds: RangeInclusive<u64>| value.parse().is_ok_and(|number: u64| bounds.contains(&number));
    let one_of = |values: &[&str]| values.contains(&value);
    let fine = match key {
        DEREGISTRATION => within(0..=3_600),
        IDLE => within(1..=4_000),
        KEEP_ALIVE => within(60..=604_800),
        "stickiness.lb_cookie.duration_seconds" | "stickiness.app_cookie.duration_seconds" => {
            within(1..=604_800)
        }
        "slow_start.duration_seconds" => value == "0" || within(30..=900),
        "stickiness.type" => one_of(&["lb_cookie", "app_cookie"]),
        "load_balancing.algorithm.type" => {
            one_of(&["round_robin", "least_outstanding_requests", "weighted_random"])
        }
        "load_balancing.cross_zone.enabled" => one_of(&["true", "false", "use_load_balancer_configuration"]),
        key if key.ends_with(".enabled") => one_of(&["true", "false"]),
        _ => true,
    };
    if fine {
        return Ok(());
    }
    Err(refuse::validation(format!("{what} attribute value '{value}' is not valid for the key '{key}'")))
}

fn seconds(attributes: &BTreeMap<String, String>, key: &str, default: u64) -> u64 {
    attributes.get(key).and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn render(attributes: &BTreeMap<String, String>) -> Value {
    let list: Vec<Value> =
        attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Attributes": list})
}

impl Group {
    /// How long its targets drain.
    pub(crate) fn deregistration_delay(&self) -> Duration {
        Duration::from_secs(seconds(&self.attributes, DEREGISTRATION, DEREGISTRATION_SECONDS))
    }
}
