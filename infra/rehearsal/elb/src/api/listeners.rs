//! Listeners: a port of a load balancer, really open, and its default action.

use super::{action, attributes, input, load_balancers, page::page, refuse, rules, tags};
use crate::arn;
use crate::config::Lag;
use crate::elb::Inner;
use crate::plane::{self, AnswerRules, Door};
use crate::state::{Listener, Rule, State};
use arc_swap::ArcSwap;
use rehearsal_wire::ApiError;
use rehearsal_world::net::Listener as Socket;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Listeners of one load balancer.
const LISTENERS: usize = 50;
/// A new listener is complete on every node before it accepts anybody.
const AT_ONCE: Lag = (Duration::ZERO, Duration::ZERO);

pub(crate) async fn create(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let balancer = input::required(input, "LoadBalancerArn")?;
    supported(input::required(input, "Protocol")?)?;
    let port = input::port(input, 0..=u16::MAX)?
        .ok_or_else(|| refuse::validation("A listener port must be specified"))?;
    let actions = action::parse(input, "DefaultActions")?;
    let given = tags::parse(input)?;
    vet(&inner.state.lock(), balancer, port, None)?;
    let (socket, address) = bind(port).await?;
    let mut state = inner.state.lock();
    vet(&state, balancer, port, None)?;
    rules::vet_actions(&state, balancer, &actions)?;
    let arn = arn::listener(balancer, inner.id());
    let rule = Rule {
        arn: arn::rule(&arn, inner.id()),
        listener: arn.clone(),
        load_balancer: balancer.to_owned(),
        priority: None,
        conditions: Vec::new(),
        actions,
    };
    let default_rule = rule.arn.clone();
    rules::put(inner, &mut state, rule, AT_ONCE);
    let answers = Arc::default();
    let close = open_door(inner, &state, balancer, (&arn, &answers), (socket, address))?;
    let listener = Listener {
        load_balancer: balancer.to_owned(),
        address,
        default_rule,
        close,
        attributes: attributes::listener_defaults(),
        answers,
    };
    tags::put(&mut state, &arn, given);
    state.listeners.insert(arn.clone(), listener);
    inner.tick();
    Ok(json!({"Listeners": [render(&state, &arn)]}))
}

pub(crate) fn describe(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let arns = input::texts(input, "ListenerArns");
    let balancer = input::text(input, "LoadBalancerArn");
    if arns.is_empty() && balancer.is_none() {
        return Err(refuse::validation("You must specify either listener ARNs or a load balancer ARN"));
    }
    if let Some(arn) = arns.iter().find(|arn| !state.listeners.contains_key(*arn)) {
        return Err(refuse::listener_not_found(arn));
    }
    if let Some(balancer) = balancer {
        load_balancers::find(&state, balancer)?;
    }
    let found = state
        .listeners
        .iter()
        .filter(|(arn, _)| arns.is_empty() || arns.contains(arn))
        .filter(|(_, known)| balancer.is_none_or(|balancer| known.load_balancer == balancer))
        .map(|(arn, _)| (arn.clone(), render(&state, arn)))
        .collect();
    page(input, "Listeners", found)
}

/// Replaces the default actions as a whole, and moves the listener to another port if asked to.
pub(crate) async fn modify(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "ListenerArn")?;
    input::text(input, "Protocol").map_or(Ok(()), supported)?;
    let (balancer, default_rule, present) = {
        let state = inner.state.lock();
        let known = state.listeners.get(arn).ok_or_else(|| refuse::listener_not_found(arn))?;
        (known.load_balancer.clone(), known.default_rule.clone(), known.address.port())
    };
    let actions = match input.get("DefaultActions") {
        Some(_) => Some(action::parse(input, "DefaultActions")?),
        None => None,
    };
    let port = input::port(input, 0..=u16::MAX)?.filter(|port| *port != present);
    let socket = match port {
        Some(port) => {
            vet(&inner.state.lock(), &balancer, port, Some(arn))?;
            Some(bind(port).await?)
        }
        None => None,
    };
    let mut state = inner.state.lock();
    if !state.listeners.contains_key(arn) {
        return Err(refuse::listener_not_found(arn));
    }
    if let Some(actions) = actions {
        rules::vet_actions(&state, &balancer, &actions)?;
        let mut rule = Rule::clone(&state.rules[&default_rule]);
        rule.actions = actions;
        rules::put(inner, &mut state, rule, inner.config.weight_lag);
    }
    if let Some((socket, address)) = socket {
        let answers = Arc::clone(&state.listeners[arn].answers);
        let close = open_door(inner, &state, &balancer, (arn, &answers), (socket, address))?;
        if let Some(listener) = state.listeners.get_mut(arn) {
            listener.close.cancel();
            listener.close = close;
            listener.address = address;
        }
    }
    inner.tick();
    Ok(json!({"Listeners": [render(&state, arn)]}))
}

pub(crate) fn delete(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "ListenerArn")?;
    let mut state = inner.state.lock();
    if !state.listeners.contains_key(arn) {
        return Err(refuse::listener_not_found(arn));
    }
    remove(inner, &mut state, arn);
    Ok(json!({}))
}

/// Closes a listener's port and removes its rules.
pub(crate) fn remove(inner: &Arc<Inner>, state: &mut State, arn: &str) {
    if let Some(listener) = state.listeners.remove(arn) {
        listener.close.cancel();
    }
    let rules: Vec<String> = state.rules_of(arn).iter().map(|rule| rule.arn.clone()).collect();
    for rule in rules {
        rules::remove(inner, state, &rule);
    }
    state.tags.remove(arn);
    inner.tick();
}

fn supported(protocol: &str) -> Result<(), ApiError> {
    if protocol == "HTTP" {
        return Ok(());
    }
    Err(ApiError::new("UnsupportedProtocol", format!("Protocol '{protocol}' is not offered here; use HTTP")))
}

/// Whether the load balancer is there and has the port free for `listener`.
fn vet(state: &State, balancer: &str, port: u16, listener: Option<&str>) -> Result<(), ApiError> {
    load_balancers::find(state, balancer)?;
    let others = || {
        state
            .listeners
            .iter()
            .filter(|(arn, known)| known.load_balancer == balancer && listener != Some(arn.as_str()))
    };
    if others().any(|(_, known)| port != 0 && known.address.port() == port) {
        return Err(ApiError::new(
            "DuplicateListener",
            "A listener already exists on this port for this load balancer",
        ));
    }
    if others().count() >= LISTENERS {
        return Err(ApiError::new("TooManyListeners", "The load balancer has too many listeners"));
    }
    Ok(())
}

/// Unlike in AWS a port can be taken, by anyone on this machine.
async fn bind(port: u16) -> Result<(Socket, SocketAddr), ApiError> {
    plane::open(port).await.map_err(|error| {
        ApiError::new(
            "InvalidConfigurationRequest",
            format!("Port {port} cannot be opened on 127.0.0.1: {error}"),
        )
    })
}

/// Serves an open port; the answer closes it.
fn open_door(
    inner: &Arc<Inner>,
    state: &State,
    balancer: &str,
    (arn, answers): (&str, &Arc<ArcSwap<AnswerRules>>),
    (socket, address): (Socket, SocketAddr),
) -> Result<CancellationToken, ApiError> {
    let close = inner.stop.child_token();
    let door = Arc::new(Door {
        inner: Arc::clone(inner),
        listener: arn.to_owned(),
        port: address.port(),
        balancer: Arc::clone(&load_balancers::find(state, balancer)?.runtime),
        answers: Arc::clone(answers),
        close: close.clone(),
    });
    inner.spawn(door.serve(socket));
    Ok(close)
}

/// The port is the one that was really opened.
fn render(state: &State, arn: &str) -> Value {
    let listener = &state.listeners[arn];
    json!({
        "ListenerArn": arn,
        "LoadBalancerArn": listener.load_balancer,
        "Port": listener.address.port(),
        "Protocol": "HTTP",
        "DefaultActions": action::render(&state.rules[&listener.default_rule].actions),
    })
}
