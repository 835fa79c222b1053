//! Mistakes that refuse a deployment before anything is changed: each in words, with what to do.

use crate::View;
use crate::look::tags_of;
use changeover_aws::elb::NETWORK;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::rollout::{MOST_AT_ONCE, Rollout};
use changeover_domain::route::{Route, WHOLE, is_at};
use changeover_domain::settings::{Strategy, TAG_PREFIX};
use std::collections::BTreeSet;

/// The tag that puts a service into Changeover's hands; the functions' roles require it as well.
const OPT_IN: &str = "repository";

/// What is wrong with the services themselves.
pub(crate) fn of_members(view: &View, strategy: Strategy, mistakes: &mut Vec<String>) {
    for name in &view.names {
        if !view.members.iter().any(|member| member.name == *name) {
            mistakes.push(format!(
                "cluster {} has no active service {name}: check the name, or create the service",
                view.service.cluster
            ));
        }
    }
    // Settings that name no repository at all are a mistake of their own.
    let named = view.members.iter().any(|member| member.settings.contains_key(OPT_IN));
    for member in &view.members {
        of_member(member, strategy, mistakes);
        of_rollout(view, member, mistakes);
        if (view.settings.is_ok() || named) && !member.settings.contains_key(OPT_IN) {
            mistakes.push(format!(
                "service {} has no tag {TAG_PREFIX}{OPT_IN}: add it, only services with it may be changed",
                member.name
            ));
        }
    }
}

fn of_member(member: &ServiceSeen, strategy: Strategy, mistakes: &mut Vec<String>) {
    let name = &member.name;
    if member.controller != "ECS" {
        mistakes.push(format!(
            "service {name} has deployment controller {}: Changeover needs ECS",
            member.controller
        ));
    }
    if member.ecs_strategy != "ROLLING" {
        mistakes.push(format!(
            "service {name} has ECS's own deployment strategy {}: set it to ROLLING, two deployers must not shift the same traffic",
            member.ecs_strategy
        ));
    }
    if member.minimum_healthy_percent < 100 {
        mistakes.push(format!(
            "service {name} has a minimum healthy percent of {}: set it to 100, below that ECS stops old tasks before new ones serve",
            member.minimum_healthy_percent
        ));
    }
    if strategy == Strategy::Rolling && member.maximum_percent < 200 {
        mistakes.push(format!(
            "service {name} has a maximum percent of {}: set it to 200, so that as many new tasks can start as are running",
            member.maximum_percent
        ));
    }
}

/// ECS must not be at it; unless what it is at does not come about, which only something else can end.
fn of_rollout(view: &View, member: &ServiceSeen, mistakes: &mut Vec<String>) {
    let (name, count) = (&member.name, member.deployments.len());
    match view.rollout(member) {
        Rollout::Over => {}
        Rollout::Moving => mistakes.push(format!(
            "ECS is still busy with a deployment of service {name}: wait until it has completed"
        )),
        Rollout::Failing(_) if count >= MOST_AT_ONCE => mistakes.push(format!(
            "service {name} has {count} deployments of ECS's at once, which takes no more: wait until some of their tasks are gone"
        )),
        Rollout::Failing(_) => {}
    }
}

/// What is wrong between the two members of a pair: tags that contradict, target groups that do not belong together.
pub(crate) fn of_pair(view: &View, strategy: Strategy, mistakes: &mut Vec<String>) {
    if let [first, second] = view.names.as_slice() {
        of_tags(view, [first, second], mistakes);
    } else if strategy == Strategy::BlueGreen {
        mistakes
            .push(format!("{TAG_PREFIX}pair names service {} itself: name the other one", view.service.name));
    }
    if strategy == Strategy::BlueGreen && view.names.len() == 2 {
        of_groups(view, mistakes);
    }
}

/// A tag on one member only is enough; two that differ are a contradiction. Each has to name the other: a service that
/// names none is taken for one by itself.
fn of_tags(view: &View, [first, second]: [&str; 2], mistakes: &mut Vec<String>) {
    let (ours, theirs) = (tags_of(&view.members, first), tags_of(&view.members, second));
    for (key, a) in ours.iter().filter(|(key, _)| *key != "pair") {
        if let Some(b) = theirs.get(key).filter(|b| *b != a) {
            mistakes.push(format!(
                "{TAG_PREFIX}{key} is {a:?} on {first} and {b:?} on {second}: give both members the same"
            ));
        }
    }
    let tagged = ours.contains_key("pair") || theirs.contains_key("pair");
    for (tags, name, other) in [(&ours, first, second), (&theirs, second, first)] {
        // Of what is not there, that is told already.
        if !view.members.iter().any(|member| member.name == name) {
            continue;
        }
        match tags.get("pair") {
            Some(pair) if pair.trim() != other => mistakes.push(format!(
                "{TAG_PREFIX}pair on {name} is {pair:?}, but it is paired with {other}: name {other}"
            )),
            None if tagged => mistakes.push(format!(
                "service {name} has no tag {TAG_PREFIX}pair, but it is paired with {other}: name {other}"
            )),
            _ => {}
        }
    }
}

fn of_groups(view: &View, mistakes: &mut Vec<String>) {
    for member in view.members.iter().filter(|member| member.target_groups.len() != 1) {
        mistakes.push(format!(
            "service {} has {} target groups: a member of a pair needs just one",
            member.name,
            member.target_groups.len()
        ));
    }
    let known: BTreeSet<&str> = view.groups.iter().map(|group| group.arn.as_str()).collect();
    let named: BTreeSet<&str> =
        view.members.iter().flat_map(|member| member.target_groups.keys().map(String::as_str)).collect();
    for gone in named.difference(&known) {
        mistakes.push(format!("target group {gone} does not exist"));
    }
    if named.len() == 1 && view.members.len() == 2 {
        mistakes.push("both members have the same target group: each side needs its own".to_owned());
    }
    let balancers: BTreeSet<&String> = view.groups.iter().flat_map(|group| &group.load_balancers).collect();
    if balancers.len() > 1 {
        mistakes.push(format!(
            "the pair's target groups are on different load balancers ({}): put both into the forward actions of one",
            balancers.into_iter().cloned().collect::<Vec<_>>().join(", ")
        ));
    } else if let Some(network) = balancers.iter().find(|arn| arn.contains(NETWORK)) {
        mistakes.push(format!(
            "{network} is a Network Load Balancer, whose weights may cut connections: blue-green needs an Application Load Balancer"
        ));
    }
}

/// What is wrong with the target groups of a rolling service: a target in a group that no load balancer forwards to is
/// never health-checked, and so never healthy.
pub(crate) fn of_rolling_groups(view: &View, service: &ServiceSeen, mistakes: &mut Vec<String>) {
    for arn in service.target_groups.keys() {
        match view.groups.iter().find(|group| group.arn == *arn) {
            None => mistakes.push(format!(
                "target group {arn} of service {} does not exist: take it off the service, or create it",
                service.name
            )),
            Some(group) if group.load_balancers.is_empty() => mistakes.push(format!(
                "no listener or rule forwards to target group {arn} of service {}: forward to it, or take it off the service; until then its targets are never healthy",
                service.name
            )),
            Some(_) => {}
        }
    }
}

/// What is wrong with the routes, for the pair's two target groups.
pub(crate) fn of_routes(routes: &[Route], live: &str, next: &str, mistakes: &mut Vec<String>) {
    if routes.is_empty() {
        mistakes.push(format!(
            "no listener rule forwards to {live} or {next}: forward to both, with weights {WHOLE} and 0"
        ));
    }
    for route in routes {
        if route.asks_cognito {
            mistakes.push(format!(
                "{} has an authenticate-cognito action, and whoever writes one needs cognito-idp:DescribeUserPoolClient, which no role of Changeover has: give it an authenticate-oidc action with the user pool as the issuer, or deploy the service with {TAG_PREFIX}strategy rolling",
                route.id
            ));
        }
        let missing: Vec<&str> =
            [live, next].into_iter().filter(|group| !route.weights.contains_key(*group)).collect();
        if !missing.is_empty() {
            mistakes.push(format!(
                "{} does not forward to {}: add it with weight 0, so that it is health-checked",
                route.id,
                missing.join(" and ")
            ));
        } else if !is_at(route, live, next, 0) {
            mistakes.push(format!(
                "{} has weights {:?}, which are neither side's: give one side {WHOLE} and the other 0",
                route.id, route.weights
            ));
        }
    }
}
