//! The service at one moment, for whoever checks invariants from outside.

use crate::elb::Inner;
use crate::state::Rule;
use serde::Serialize;
use std::sync::atomic::Ordering;

/// Rules, targets, and what each node believes of them.
#[derive(Debug, Clone, Serialize)]
pub struct Snapshot {
    /// Grows with every change; two equal ones saw the same service, requests in flight aside.
    pub version: u64,
    /// Changes still on their way to a node. At 0 all nodes agree with the control plane.
    pub pending: usize,
    /// Rules as the API tells them, listeners' default actions included.
    pub rules: Vec<RuleSnapshot>,
    /// Target groups as the API tells them.
    pub groups: Vec<GroupSnapshot>,
    /// What each node has applied.
    pub nodes: Vec<NodeSnapshot>,
}

/// A rule and where it forwards to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleSnapshot {
    /// The rule.
    pub rule_arn: String,
    /// Its listener.
    pub listener_arn: String,
    /// The listener's load balancer.
    pub load_balancer_arn: String,
    /// `None` for a listener's default action.
    pub priority: Option<u32>,
    /// The forward action; empty if the rule does not forward.
    pub groups: Vec<WeightSnapshot>,
}

/// A target group's weight in a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WeightSnapshot {
    /// The target group.
    pub target_group_arn: String,
    /// Its weight, 0–999.
    pub weight: u32,
}

/// A target group and its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupSnapshot {
    /// The target group.
    pub target_group_arn: String,
    /// Its name.
    pub name: String,
    /// Some rule refers to it.
    pub in_use: bool,
    /// Its targets, draining ones too.
    pub targets: Vec<TargetSnapshot>,
}

/// A target as the control plane knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetSnapshot {
    /// Its address.
    pub id: String,
    /// Its port.
    pub port: u16,
    /// `initial`, `healthy`, `unhealthy`, `unused` or `draining`.
    pub state: String,
    /// AWS's reason code.
    pub reason: Option<String>,
    /// Requests and upgraded connections on it now.
    pub in_flight: usize,
}

/// What one node believes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeSnapshot {
    /// Which node.
    pub node: usize,
    /// The rules it acts on.
    pub rules: Vec<RuleSnapshot>,
    /// The targets it may send new requests to.
    pub targets: Vec<NodeTargetSnapshot>,
}

/// A target that a node may send new requests to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeTargetSnapshot {
    /// The target group.
    pub target_group_arn: String,
    /// The target's address.
    pub id: String,
    /// The target's port.
    pub port: u16,
    /// Healthy as far as this node knows; others get requests only when none is.
    pub healthy: bool,
}

impl Snapshot {
    pub(crate) fn take(inner: &Inner) -> Self {
        let state = inner.state.lock();
        let mut rules: Vec<_> = state.rules.values().map(|rule| RuleSnapshot::of(rule)).collect();
        sort(&mut rules);
        let groups = state
            .groups
            .iter()
            .map(|(arn, group)| GroupSnapshot {
                target_group_arn: arn.clone(),
                name: group.name.clone(),
                in_use: group.in_use,
                targets: group
                    .targets
                    .values()
                    .map(|registered| {
                        let health = registered.health().describe();
                        TargetSnapshot {
                            id: registered.target.id.clone(),
                            port: registered.target.port,
                            state: health.state,
                            reason: health.reason,
                            in_flight: registered.target.in_flight(),
                        }
                    })
                    .collect(),
            })
            .collect();
        Self {
            version: *inner.changes.borrow(),
            pending: inner.pending.load(Ordering::Relaxed),
            rules,
            groups,
            nodes: inner.nodes.iter().map(|node| node.snapshot()).collect(),
        }
    }
}

impl RuleSnapshot {
    pub(crate) fn of(rule: &Rule) -> Self {
        let shares = rule.forward().map_or(&[][..], |forward| &forward.groups);
        Self {
            rule_arn: rule.arn.clone(),
            listener_arn: rule.listener.clone(),
            load_balancer_arn: rule.load_balancer.clone(),
            priority: rule.priority,
            groups: shares
                .iter()
                .map(|share| WeightSnapshot { target_group_arn: share.group.clone(), weight: share.weight })
                .collect(),
        }
    }
}

/// By listener, then in the order in which rules are tried.
pub(crate) fn sort(rules: &mut [RuleSnapshot]) {
    rules.sort_by(|a, b| {
        let key = |rule: &RuleSnapshot| (rule.listener_arn.clone(), rule.priority.unwrap_or(u32::MAX));
        key(a).cmp(&key(b))
    });
}
