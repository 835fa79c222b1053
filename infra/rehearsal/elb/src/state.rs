//! What the control plane knows: the load balancers, listeners, rules, target groups, targets and tags.
//!
//! Plain data behind one lock. Nodes never read it; they get their changes through `spread`.

use crate::api::action::{Action, Forward};
use crate::api::condition::Condition;
use crate::health::Health;
use crate::metrics::BalancerMetrics;
use crate::plane::{AnswerRules, HeaderRules};
use crate::target::{GroupRuntime, Target};
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Everything, by ARN.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) load_balancers: BTreeMap<String, LoadBalancer>,
    pub(crate) listeners: BTreeMap<String, Listener>,
    pub(crate) rules: BTreeMap<String, Arc<Rule>>,
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) tags: BTreeMap<String, BTreeMap<String, String>>,
}

pub(crate) struct LoadBalancer {
    pub(crate) name: String,
    pub(crate) scheme: String,
    pub(crate) subnets: Vec<String>,
    pub(crate) security_groups: Vec<String>,
    pub(crate) created: f64,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) runtime: Arc<BalancerRuntime>,
}

/// What connections need of a load balancer.
pub(crate) struct BalancerRuntime {
    pub(crate) metrics: Mutex<BalancerMetrics>,
    pub(crate) idle_seconds: AtomicU64,
    pub(crate) keep_alive_seconds: AtomicU64,
    pub(crate) headers: ArcSwap<HeaderRules>,
}

pub(crate) struct Listener {
    pub(crate) load_balancer: String,
    pub(crate) address: SocketAddr,
    pub(crate) default_rule: String,
    pub(crate) close: CancellationToken,
    /// By key.
    pub(crate) attributes: BTreeMap<String, String>,
    /// What they make of answers; its doors look there.
    pub(crate) answers: Arc<ArcSwap<AnswerRules>>,
}

/// A rule; a listener's default action is one too, without priority.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) arn: String,
    pub(crate) listener: String,
    pub(crate) load_balancer: String,
    pub(crate) priority: Option<u32>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) actions: Vec<Action>,
}

impl Rule {
    /// The forward action, if the rule has one.
    pub(crate) fn forward(&self) -> Option<&Forward> {
        self.actions.iter().find_map(|action| match action {
            Action::Forward(forward) => Some(forward),
            Action::Fixed(_) => None,
        })
    }

    /// Where the rule stands among those of its listener: default last.
    pub(crate) fn rank(&self) -> u32 {
        self.priority.unwrap_or(u32::MAX)
    }

    pub(crate) fn uses(&self, group: &str) -> bool {
        self.forward().is_some_and(|forward| forward.groups.iter().any(|share| share.group == group))
    }
}

pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) port: u16,
    pub(crate) vpc: Option<String>,
    pub(crate) target_type: String,
    pub(crate) check: CheckSettings,
    pub(crate) attributes: BTreeMap<String, String>,
    /// Some rule refers to it: only then are its targets checked.
    pub(crate) in_use: bool,
    pub(crate) targets: BTreeMap<(String, u16), Registered>,
    pub(crate) runtime: Arc<GroupRuntime>,
}

/// How a group's targets are checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckSettings {
    pub(crate) path: String,
    /// `None` is AWS's `traffic-port`.
    pub(crate) port: Option<u16>,
    pub(crate) interval: Duration,
    pub(crate) timeout: Duration,
    pub(crate) healthy_threshold: u32,
    pub(crate) unhealthy_threshold: u32,
    pub(crate) matcher: String,
}

/// A target's place in its group.
pub(crate) struct Registered {
    pub(crate) target: Arc<Target>,
    /// Its health as each node has found it; the same for all while it is unused or draining.
    pub(crate) found: Vec<Health>,
    /// Ends its health checks.
    pub(crate) checks: Option<CancellationToken>,
    /// Calls off its removal, should it be registered again while it drains.
    pub(crate) drain: Option<CancellationToken>,
}

impl Registered {
    /// Its health as the API tells it.
    pub(crate) fn health(&self) -> Health {
        Health::of_nodes(&self.found)
    }

    /// Makes it the same for all nodes.
    pub(crate) fn set_health(&mut self, health: Health) {
        self.found.fill(health);
    }
}

impl State {
    /// The rules of a listener in the order in which they are tried.
    pub(crate) fn rules_of(&self, listener: &str) -> Vec<&Arc<Rule>> {
        let mut rules: Vec<_> = self.rules.values().filter(|rule| rule.listener == listener).collect();
        rules.sort_by_key(|rule| rule.rank());
        rules
    }

    /// The load balancers whose rules refer to a group.
    pub(crate) fn balancers_of(&self, group: &str) -> Vec<&str> {
        let mut arns: Vec<_> = self
            .rules
            .values()
            .filter(|rule| rule.uses(group))
            .map(|rule| rule.load_balancer.as_str())
            .collect();
        arns.sort_unstable();
        arns.dedup();
        arns
    }

    pub(crate) fn target(&self, group: &str, id: &str, port: u16) -> Option<&Registered> {
        self.groups.get(group)?.targets.get(&(id.to_owned(), port))
    }
}
