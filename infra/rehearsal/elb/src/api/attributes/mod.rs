//! Attributes of load balancers, listeners and target groups: AWS's keys, with AWS's defaults.
//!
//! Every key that AWS knows is known. What a value changes is acted on; a value that could not be is refused in words,
//! and so are keys of other types of load balancers, as in AWS.

mod balancer;
mod group;
mod listener;

pub(crate) use balancer::{IDLE_SECONDS, KEEP_ALIVE_SECONDS, PROTECTED, load_balancer_defaults};
pub(crate) use group::group_defaults;
pub(crate) use listener::listener_defaults;

use super::{input, load_balancers, refuse};
use crate::elb::Inner;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Attributes by key.
pub(crate) type Attributes = BTreeMap<String, String>;

/// What an attribute's value may be.
enum May {
    /// One of these.
    Be(&'static [&'static str]),
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// The same, or this word.
    NumberOr(u64, u64, &'static str),
    /// Whatever it is.
    Text,
    /// A header's value: one of these, or any where there are none; nothing where the header is left alone.
    Header(&'static [&'static str]),
    /// Another value than the default is AWS's to act on and not this rehearsal's.
    NotChange(&'static str),
}

/// A key, its default, and what it may be.
type Known = (&'static str, &'static str, May);

const SWITCH: May = May::Be(&["true", "false"]);

fn defaults(known: &[Known]) -> Attributes {
    known.iter().map(|(key, value, _)| ((*key).to_owned(), (*value).to_owned())).collect()
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
    balancer.attributes =
        changed(&balancer.attributes, input, "Load balancer", balancer::KNOWN, balancer::FOREIGN)?;
    balancer::apply(&balancer.runtime, &balancer.attributes);
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
    let group = state.groups.get(arn).ok_or_else(|| refuse::group_not_found(arn))?;
    let attributes = changed(&group.attributes, input, "Target group", group::KNOWN, group::FOREIGN)?;
    group::vet(&state, arn, &attributes)?;
    let told = render(&attributes);
    if let Some(group) = state.groups.get_mut(arn) {
        group.runtime.routing.store(Arc::new(crate::routing::Routing::of(&attributes)));
        group.attributes = attributes;
    }
    inner.tick();
    Ok(told)
}

pub(crate) fn describe_listener(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let arn = input::required(input, "ListenerArn")?;
    let listener = state.listeners.get(arn).ok_or_else(|| refuse::listener_not_found(arn))?;
    Ok(render(&listener.attributes))
}

pub(crate) fn modify_listener(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let mut state = inner.state.lock();
    let arn = input::required(input, "ListenerArn")?;
    let listener = state.listeners.get_mut(arn).ok_or_else(|| refuse::listener_not_found(arn))?;
    listener.attributes =
        changed(&listener.attributes, input, "Listener", listener::KNOWN, listener::FOREIGN)?;
    listener.answers.store(Arc::new(listener::rules(&listener.attributes)));
    inner.tick();
    Ok(render(&listener.attributes))
}

/// The attributes with the input's changes; all of them or none.
fn changed(
    before: &Attributes,
    input: &Value,
    what: &str,
    known: &[Known],
    foreign: &[&str],
) -> Result<Attributes, ApiError> {
    let mut attributes = before.clone();
    for attribute in input::list(input, "Attributes") {
        let key = input::required(attribute, "Key")?;
        let value = input::text(attribute, "Value").unwrap_or_default();
        let Some((_, default, may)) = known.iter().find(|(name, ..)| *name == key) else {
            let why = if foreign.contains(&key) {
                "is not supported for an Application Load Balancer with HTTP targets"
            } else {
                "is not recognized"
            };
            return Err(refuse::validation(format!("{what} attribute key '{key}' {why}")));
        };
        check(what, key, value, default, may)?;
        attributes.insert(key.to_owned(), value.to_owned());
    }
    Ok(attributes)
}

fn check(what: &str, key: &str, value: &str, default: &str, may: &May) -> Result<(), ApiError> {
    let within = |least: u64, most: u64| {
        value.parse().is_ok_and(|number: u64| (least..=most).contains(&number)) || value == default
    };
    let fine = match may {
        May::Be(values) => values.contains(&value),
        May::Number(least, most) => within(*least, *most),
        May::NumberOr(least, most, word) => value == *word || within(*least, *most),
        May::Text => true,
        May::Header(values) => {
            value.is_empty()
                || http::HeaderValue::from_str(value).is_ok()
                    && (values.is_empty() || values.contains(&value))
        }
        May::NotChange(_) if value == default => true,
        May::NotChange(why) => {
            return Err(refuse::validation(format!(
                "{what} attribute '{key}' cannot be '{value}' here, only '{default}': {why}"
            )));
        }
    };
    if fine {
        return Ok(());
    }
    Err(refuse::validation(format!("{what} attribute value '{value}' is not valid for the key '{key}'")))
}

fn seconds(attributes: &Attributes, key: &str, default: u64) -> u64 {
    attributes.get(key).and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn render(attributes: &Attributes) -> Value {
    let list: Vec<Value> =
        attributes.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"Attributes": list})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(known: &[Known], foreign: &[&str], key: &str, value: &str) -> Result<String, String> {
        let input = json!({"Attributes": [{"Key": key, "Value": value}]});
        let answer = changed(&defaults(known), &input, "The", known, foreign);
        answer.map(|attributes| attributes[key].clone()).map_err(|error| error.message)
    }

    #[test]
    fn every_default_can_be_set_and_other_types_keys_are_told_apart() {
        for (known, foreign) in [
            (balancer::KNOWN, balancer::FOREIGN),
            (group::KNOWN, group::FOREIGN),
            (listener::KNOWN, listener::FOREIGN),
        ] {
            for (key, default, _) in known {
                assert_eq!(change(known, foreign, key, default).as_deref(), Ok(*default), "{key}");
            }
            for key in foreign {
                let refused = change(known, foreign, key, "true").expect_err(key);
                assert!(refused.contains("not supported for an Application Load Balancer"), "{refused}");
            }
            let refused = change(known, foreign, "no.such.key", "1").expect_err("refused");
            assert!(refused.contains("is not recognized"), "{refused}");
        }
    }

    #[test]
    fn what_could_not_be_acted_on_is_refused_in_words() {
        let (balancer, group, listener) = (balancer::KNOWN, group::KNOWN, listener::KNOWN);
        for (known, key, value, part) in [
            (balancer, "access_logs.s3.enabled", "true", "no bucket"),
            (balancer, "routing.http.desync_mitigation_mode", "strictest", "only 'defensive'"),
            (balancer, "load_balancing.cross_zone.enabled", "false", "cannot be changed"),
            (balancer, "idle_timeout.timeout_seconds", "4001", "not valid"),
            (group, "stickiness.type", "app_cookie", "only 'lb_cookie'"),
            (group, "stickiness.app_cookie.duration_seconds", "60", "only '86400'"),
            (
                listener,
                "routing.http.request.x_amzn_tls_version.header_name",
                "X-Tls",
                "no listeners with TLS",
            ),
            (listener, "routing.http.response.x_content_type_options.header_value", "sniff", "not valid"),
            (listener, "routing.http.response.server.enabled", "yes", "not valid"),
            (group, "load_balancing.algorithm.anomaly_mitigation", "on", "only 'off'"),
            (group, "slow_start.duration_seconds", "29", "not valid"),
            (
                group,
                "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
                "off",
                "not valid",
            ),
            (
                group,
                "target_group_health.dns_failover.minimum_healthy_targets.percentage",
                "101",
                "not valid",
            ),
        ] {
            let refused = change(known, &[], key, value).expect_err(key);
            assert!(refused.contains(part), "{refused}");
        }
    }
}
