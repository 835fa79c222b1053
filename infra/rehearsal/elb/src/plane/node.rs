//! One balancer node: what it believes, and how news changes it.
//!
//! Requests read an immutable view; news are rare and rebuild it.

use super::turn::{GroupView, Healthy};
use crate::snapshot::{self, NodeSnapshot, NodeTargetSnapshot, RuleSnapshot};
use crate::spread::Standing;
use crate::state::Rule;
use crate::target::Target;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use tokio::time::Instant;

pub(crate) struct Node {
    pub(crate) index: usize,
    pub(crate) view: ArcSwap<View>,
    book: Mutex<Book>,
    random: Mutex<StdRng>,
}

/// What a node knows, as news left it.
#[derive(Default)]
struct Book {
    /// A deleted rule stays as `None`, so that late news of it are known to be old.
    rules: BTreeMap<String, (u64, Option<Arc<Rule>>)>,
    targets: BTreeMap<(String, String, u16), Known>,
    cursors: HashMap<String, Arc<AtomicUsize>>,
}

/// A target that the node has judged.
struct Known {
    target: Arc<Target>,
    standing: Standing,
    /// When it began to start slowly, if it did.
    slow_since: Option<Instant>,
}

/// What requests are routed by.
#[derive(Default)]
pub(crate) struct View {
    /// A listener's rules in the order in which they are tried.
    pub(crate) rules: HashMap<String, Vec<Arc<Rule>>>,
    pub(crate) groups: HashMap<String, GroupView>,
}

impl Node {
    pub(crate) fn new(index: usize, seed: u64) -> Self {
        let mixed = seed ^ (index as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Self {
            index,
            view: ArcSwap::default(),
            book: Mutex::default(),
            random: Mutex::new(StdRng::seed_from_u64(mixed)),
        }
    }

    /// A random number below `bound`; 0 if there is none.
    pub(crate) fn draw(&self, bound: u32) -> u32 {
        if bound == 0 { 0 } else { self.random.lock().random_range(0..bound) }
    }

    /// A random number for a trace id.
    pub(crate) fn trace(&self) -> u128 {
        self.random.lock().random()
    }

    pub(crate) fn apply_rule(&self, arn: &str, version: u64, rule: Option<Arc<Rule>>) {
        let mut book = self.book.lock();
        let known = book.rules.entry(arn.to_owned()).or_default();
        if known.0 < version {
            *known = (version, rule);
            self.publish(&book);
        }
    }

    pub(crate) fn apply_target(&self, target: &Arc<Target>, version: u64, standing: Standing) {
        let mut book = self.book.lock();
        if !target.is_news(self.index, version) {
            return;
        }
        let key = (target.group.arn.clone(), target.id.clone(), target.port);
        let gone = standing == Standing::Out || target.cut.is_cancelled();
        if gone {
            target.drop_links(self.index);
            // The same address may have been registered anew meanwhile: that one is another target.
            if book.targets.get(&key).is_some_and(|known| Arc::ptr_eq(&known.target, target)) {
                book.targets.remove(&key);
            }
        } else {
            book.cursors.entry(key.0.clone()).or_default();
            let slow_since = book.slow_start(target, standing);
            book.targets.insert(key, Known { target: Arc::clone(target), standing, slow_since });
        }
        self.publish(&book);
    }

    fn publish(&self, book: &Book) {
        let mut view = View::default();
        for rule in book.rules.values().filter_map(|(_, rule)| rule.as_ref()) {
            view.rules.entry(rule.listener.clone()).or_default().push(Arc::clone(rule));
        }
        for rules in view.rules.values_mut() {
            rules.sort_by_key(|rule| rule.rank());
        }
        for ((group, ..), known) in &book.targets {
            let entry = view.groups.entry(group.clone()).or_insert_with(|| GroupView {
                cursor: book.cursors.get(group).cloned().unwrap_or_default(),
                ..GroupView::default()
            });
            let target = Arc::clone(&known.target);
            if known.standing == Standing::Healthy {
                entry.healthy.push(Healthy { target, slow_since: known.slow_since });
            } else {
                entry.unhealthy.push(target);
            }
        }
        self.view.store(Arc::new(view));
    }

    pub(crate) fn snapshot(&self) -> NodeSnapshot {
        let book = self.book.lock();
        let mut rules: Vec<_> =
            book.rules.values().filter_map(|(_, rule)| rule.as_deref()).map(RuleSnapshot::of).collect();
        snapshot::sort(&mut rules);
        let targets = book
            .targets
            .iter()
            .map(|((group, id, port), known)| NodeTargetSnapshot {
                target_group_arn: group.clone(),
                id: id.clone(),
                port: *port,
                healthy: known.standing == Standing::Healthy,
            })
            .collect();
        NodeSnapshot { node: self.index, rules, targets }
    }
}

impl Book {
    /// When a target begins to start slowly: as it joins a group of which a healthy target has its full share.
    fn slow_start(&self, target: &Arc<Target>, standing: Standing) -> Option<Instant> {
        let key = (target.group.arn.clone(), target.id.clone(), target.port);
        if standing != Standing::Healthy {
            return None;
        }
        if let Some(known) = self.targets.get(&key).filter(|known| known.standing == standing) {
            return known.slow_since;
        }
        let slow_start = target.group.routing.load().slow_start;
        let others = self.targets.iter().filter(|((group, ..), _)| *group == key.0).map(|(_, known)| known);
        let mut healthy = others.filter(|known| known.standing == Standing::Healthy);
        let joins = healthy.any(|known| known.slow_since.is_none_or(|since| since.elapsed() >= slow_start));
        (joins && !slow_start.is_zero()).then(Instant::now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::GroupMetrics;
    use crate::routing::Routing;
    use crate::target::GroupRuntime;
    use std::time::Duration;

    fn target(port: u16) -> Arc<Target> {
        let group = Arc::new(GroupRuntime::new("group", GroupMetrics::new(Duration::from_secs(1))));
        Arc::new(Target::new(group, "127.0.0.1", ([127, 0, 0, 1], port).into(), 1))
    }

    fn known(node: &Node) -> Vec<(u16, bool)> {
        node.snapshot().targets.iter().map(|target| (target.port, target.healthy)).collect()
    }

    #[test]
    fn late_news_do_not_undo_newer_ones() {
        let node = Node::new(0, 1);
        let target = target(1);
        node.apply_target(&target, 1, Standing::Unhealthy);
        node.apply_target(&target, 3, Standing::Out);
        node.apply_target(&target, 2, Standing::Healthy);
        assert_eq!(known(&node), []);
    }

    #[test]
    fn news_of_a_former_registration_leave_the_new_one_alone() {
        let node = Node::new(0, 1);
        let (former, present) = (target(1), target(1));
        node.apply_target(&former, 1, Standing::Healthy);
        node.apply_target(&present, 5, Standing::Healthy);
        node.apply_target(&former, 4, Standing::Out);
        assert_eq!(known(&node), [(1, true)]);
    }

    #[test]
    fn who_joins_a_healthy_target_starts_slowly_and_the_first_one_does_not() {
        let node = Node::new(0, 1);
        let (a, b) = (target(1), target(2));
        let slow = [(crate::routing::SLOW_START.to_owned(), "30".to_owned())].into();
        for target in [&a, &b] {
            target.group.routing.store(Arc::new(Routing::of(&slow)));
        }
        node.apply_target(&a, 1, Standing::Healthy);
        node.apply_target(&b, 2, Standing::Healthy);
        let view = node.view.load();
        let slow: Vec<bool> =
            view.groups["group"].healthy.iter().map(|healthy| healthy.slow_since.is_some()).collect();
        assert_eq!(slow, [false, true]);
    }
}
