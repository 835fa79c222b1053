//! Load balancers: application ones, on loopback.

use super::attributes;
use super::{input, page::page, refuse, tags};
use crate::arn::{Arns, tail};
use crate::elb::Inner;
use crate::metrics::BalancerMetrics;
use crate::state::{BalancerRuntime, LoadBalancer, State};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Load balancers of one account and region.
const LOAD_BALANCERS: usize = 50;
/// Subnets of a load balancer, at least.
const LEAST_SUBNETS: usize = 2;
/// The zones that a load balancer's subnets are told to be in, one each, in the order in which they are named.
const ZONES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

pub(crate) fn create(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let name = input::name(input, "Load balancer")?;
    if let Some(kind) = input::text(input, "Type").filter(|kind| *kind != "application") {
        return Err(refuse::validation(format!("Load balancers of type '{kind}' are not offered here")));
    }
    let scheme = input::text(input, "Scheme").unwrap_or("internet-facing");
    if !["internet-facing", "internal"].contains(&scheme) {
        return Err(refuse::constraint(
            "scheme",
            scheme,
            "Member must satisfy enum value set: [internet-facing, internal]",
        ));
    }
    let mut subnets = input::texts(input, "Subnets");
    subnets.extend(
        input::list(input, "SubnetMappings")
            .iter()
            .filter_map(|map| input::text(map, "SubnetId"))
            .map(str::to_owned),
    );
    vet_subnets(input, &subnets)?;
    if let Some(kind) = input::text(input, "IpAddressType").filter(|kind| *kind != "ipv4") {
        return Err(refuse::validation(format!(
            "The IP address type '{kind}' is not offered here; use ipv4"
        )));
    }
    let given = tags::parse(input)?;
    let mut state = inner.state.lock();
    if let Some((arn, known)) = state.load_balancers.iter().find(|(_, known)| known.name == name) {
        if known.scheme != scheme || known.subnets != subnets {
            return Err(ApiError::new(
                "DuplicateLoadBalancerName",
                format!("A load balancer with the same name '{name}' exists, but with different settings"),
            ));
        }
        return Ok(json!({"LoadBalancers": [render(inner, arn, known)]}));
    }
    if state.load_balancers.len() >= LOAD_BALANCERS {
        return Err(ApiError::new(
            "TooManyLoadBalancers",
            "The maximum number of load balancers has been reached",
        ));
    }
    let arn = Arns::new(&inner.config).load_balancer(name, inner.id());
    let balancer = LoadBalancer {
        name: name.to_owned(),
        scheme: scheme.to_owned(),
        subnets,
        security_groups: input::texts(input, "SecurityGroups"),
        created: rehearsal_world::since_epoch().as_secs_f64(),
        attributes: attributes::load_balancer_defaults(),
        runtime: Arc::new(BalancerRuntime {
            metrics: Mutex::new(BalancerMetrics::new(inner.config.metrics_history)),
            idle_seconds: AtomicU64::new(attributes::IDLE_SECONDS),
            keep_alive_seconds: AtomicU64::new(attributes::KEEP_ALIVE_SECONDS),
            headers: ArcSwap::default(),
        }),
    };
    let told = render(inner, &arn, &balancer);
    tags::put(&mut state, &arn, given);
    state.load_balancers.insert(arn, balancer);
    inner.tick();
    Ok(json!({"LoadBalancers": [told]}))
}

/// An Application Load Balancer is in two zones at least, with a subnet in each.
fn vet_subnets(input: &Value, subnets: &[String]) -> Result<(), ApiError> {
    let given = |member: &str| !input::list(input, member).is_empty();
    if given("Subnets") && given("SubnetMappings") {
        return Err(refuse::validation("You must specify either subnets or subnet mappings, but not both"));
    }
    let distinct: BTreeSet<&String> = subnets.iter().collect();
    if distinct.len() < LEAST_SUBNETS {
        return Err(refuse::validation(
            "At least two subnets in two different Availability Zones must be specified",
        ));
    }
    if distinct.len() > ZONES.len() {
        return Err(refuse::validation(format!(
            "There are no more than {} Availability Zones here",
            ZONES.len()
        )));
    }
    Ok(())
}

pub(crate) fn describe(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let (arns, names) = (input::texts(input, "LoadBalancerArns"), input::texts(input, "Names"));
    if let Some(arn) = arns.iter().find(|arn| !state.load_balancers.contains_key(*arn)) {
        return Err(refuse::load_balancer_not_found(arn));
    }
    if let Some(name) =
        names.iter().find(|name| !state.load_balancers.values().any(|known| known.name == **name))
    {
        return Err(refuse::load_balancer_not_found(name));
    }
    let all = arns.is_empty() && names.is_empty();
    let found = state
        .load_balancers
        .iter()
        .filter(|(arn, known)| all || arns.contains(arn) || names.contains(&known.name))
        .map(|(arn, known)| (arn.clone(), render(inner, arn, known)))
        .collect();
    page(input, "LoadBalancers", found)
}

/// Deletes a load balancer with its listeners and rules; one that is not there is fine, as in AWS.
pub(crate) fn delete(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "LoadBalancerArn")?;
    let mut state = inner.state.lock();
    let protected =
        state.load_balancers.get(arn).and_then(|known| known.attributes.get(attributes::PROTECTED));
    if protected.is_some_and(|value| value == "true") {
        return Err(ApiError::new(
            "OperationNotPermitted",
            format!("Load balancer '{arn}' cannot be deleted because deletion protection is enabled"),
        ));
    }
    let listeners: Vec<String> = state
        .listeners
        .iter()
        .filter(|(_, listener)| listener.load_balancer == arn)
        .map(|(arn, _)| arn.clone())
        .collect();
    for listener in listeners {
        super::listeners::remove(inner, &mut state, &listener);
    }
    state.load_balancers.remove(arn);
    state.tags.remove(arn);
    inner.tick();
    Ok(json!({}))
}

pub(crate) fn find<'a>(state: &'a State, arn: &str) -> Result<&'a LoadBalancer, ApiError> {
    state.load_balancers.get(arn).ok_or_else(|| refuse::load_balancer_not_found(arn))
}

/// The DNS name is where the load balancer can really be reached: its listeners are on loopback.
fn render(inner: &Inner, arn: &str, balancer: &LoadBalancer) -> Value {
    let zones: Vec<Value> = balancer
        .subnets
        .iter()
        .zip(ZONES)
        .map(|(subnet, zone)| json!({"ZoneName": format!("{}{zone}", inner.config.region), "SubnetId": subnet, "LoadBalancerAddresses": []}))
        .collect();
    json!({
        "LoadBalancerArn": arn,
        "DNSName": "127.0.0.1",
        "CanonicalHostedZoneId": format!("Z{}", tail(arn).to_uppercase()),
        "CreatedTime": balancer.created,
        "LoadBalancerName": balancer.name,
        "Scheme": balancer.scheme,
        "State": {"Code": "active"},
        "Type": "application",
        "AvailabilityZones": zones,
        "SecurityGroups": balancer.security_groups,
        "IpAddressType": "ipv4",
    })
}
