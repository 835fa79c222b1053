//! Rules of listeners. A change replaces a rule's actions, or its conditions, as a whole.

use super::action::{self, Action};
use super::{condition, input, page::page, refuse, tags};
use crate::arn;
use crate::config::Lag;
use crate::elb::Inner;
use crate::state::{Group, Rule, State};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;

/// Rules of one load balancer, defaults aside.
const RULES: usize = 100;

pub(crate) fn create(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let listener = input::required(input, "ListenerArn")?;
    let priority = input::number(input, "Priority", 1..=50_000)?.ok_or_else(|| input::missing("Priority"))?;
    let conditions = condition::parse(input)?;
    let actions = action::parse(input, "Actions")?;
    let given = tags::parse(input)?;
    let mut state = inner.state.lock();
    let balancer = match state.listeners.get(listener) {
        Some(known) => known.load_balancer.clone(),
        None => return Err(refuse::listener_not_found(listener)),
    };
    if state.rules_of(listener).iter().any(|rule| rule.priority == Some(priority)) {
        return Err(ApiError::new("PriorityInUse", format!("Priority '{priority}' is currently in use")));
    }
    let count =
        state.rules.values().filter(|rule| rule.load_balancer == balancer && rule.priority.is_some()).count();
    if count >= RULES {
        return Err(ApiError::new("TooManyRules", "The load balancer has too many rules"));
    }
    vet_actions(&state, &balancer, &actions)?;
    let rule = Rule {
        arn: arn::rule(listener, inner.id()),
        listener: listener.to_owned(),
        load_balancer: balancer,
        priority: Some(priority),
        conditions,
        actions,
    };
    let told = render(&rule);
    tags::put(&mut state, &rule.arn, given);
    put(inner, &mut state, rule, inner.config.weight_lag);
    Ok(json!({"Rules": [told]}))
}

pub(crate) fn describe(inner: &Inner, input: &Value) -> Result<Value, ApiError> {
    let state = inner.state.lock();
    let arns = input::texts(input, "RuleArns");
    let rules = match (input::text(input, "ListenerArn"), arns.is_empty()) {
        (Some(listener), true) if state.listeners.contains_key(listener) => state.rules_of(listener),
        (Some(listener), true) => return Err(refuse::listener_not_found(listener)),
        (None, false) => arns
            .iter()
            .map(|arn| state.rules.get(arn).ok_or_else(|| refuse::rule_not_found(arn)))
            .collect::<Result<_, _>>()?,
        (None, true) | (Some(_), false) => {
            return Err(refuse::validation("You must specify either listener rule ARNs or a listener ARN"));
        }
    };
    page(input, "Rules", rules.into_iter().map(|rule| (rule.arn.clone(), render(rule))).collect())
}

pub(crate) fn modify(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "RuleArn")?;
    let given = |member: &str| input.get(member).is_some_and(|value| !value.is_null());
    let mut state = inner.state.lock();
    let mut rule = match state.rules.get(arn) {
        Some(rule) => Rule::clone(rule),
        None => return Err(refuse::rule_not_found(arn)),
    };
    if rule.priority.is_none() {
        return Err(ApiError::new(
            "OperationNotPermitted",
            format!("Default rule '{arn}' cannot be modified"),
        ));
    }
    if given("Conditions") {
        rule.conditions = condition::parse(input)?;
    }
    if given("Actions") {
        rule.actions = action::parse(input, "Actions")?;
        vet_actions(&state, &rule.load_balancer, &rule.actions)?;
    }
    let told = render(&rule);
    put(inner, &mut state, rule, inner.config.weight_lag);
    Ok(json!({"Rules": [told]}))
}

pub(crate) fn delete(inner: &Arc<Inner>, input: &Value) -> Result<Value, ApiError> {
    let arn = input::required(input, "RuleArn")?;
    let mut state = inner.state.lock();
    let rule = state.rules.get(arn).ok_or_else(|| refuse::rule_not_found(arn))?;
    if rule.priority.is_none() {
        return Err(ApiError::new(
            "OperationNotPermitted",
            format!("Default rule '{arn}' cannot be deleted"),
        ));
    }
    remove(inner, &mut state, arn);
    Ok(json!({}))
}

/// Writes a rule, and tells the nodes.
pub(crate) fn put(inner: &Arc<Inner>, state: &mut State, rule: Rule, lag: Lag) {
    let rule = Arc::new(rule);
    state.rules.insert(rule.arn.clone(), Arc::clone(&rule));
    inner.refresh_usage(state);
    inner.spread_rule(&rule.arn.clone(), Some(rule), lag);
}

/// Removes a rule, and tells the nodes.
pub(crate) fn remove(inner: &Arc<Inner>, state: &mut State, arn: &str) {
    state.rules.remove(arn);
    state.tags.remove(arn);
    inner.refresh_usage(state);
    inner.spread_rule(arn, None, inner.config.weight_lag);
}

/// Whether a load balancer may forward to all of the groups: they exist, and no other one uses them.
pub(crate) fn vet_actions(state: &State, balancer: &str, actions: &[Action]) -> Result<(), ApiError> {
    for action in actions {
        let Action::Forward(forward) = action else { continue };
        for share in &forward.groups {
            if !state.groups.contains_key(&share.group) {
                return Err(refuse::group_not_found(&share.group));
            }
            if forward.groups.len() > 1
                && forward.stickiness.is_none()
                && state.groups.get(&share.group).is_some_and(Group::is_sticky)
            {
                return Err(ApiError::new(
                    "InvalidLoadBalancerAction",
                    "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups",
                ));
            }
            if state.balancers_of(&share.group).iter().any(|other| *other != balancer) {
                return Err(ApiError::new(
                    "TargetGroupAssociationLimit",
                    format!(
                        "The following target groups cannot be associated with more than one load balancer: {}",
                        share.group
                    ),
                ));
            }
        }
    }
    Ok(())
}

fn render(rule: &Rule) -> Value {
    json!({
        "RuleArn": rule.arn,
        "Priority": rule.priority.map_or("default".to_owned(), |priority| priority.to_string()),
        "Conditions": condition::render(&rule.conditions),
        "Actions": action::render(&rule.actions),
        "IsDefault": rule.priority.is_none(),
    })
}
