//! How a change of the control plane reaches the nodes: each in its own time.

use crate::config::Lag;
use crate::elb::Inner;
use crate::plane::Node;
use crate::state::Rule;
use crate::target::Target;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a node is to make of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Healthy,
    /// Found unhealthy: gets requests only when too few targets of the group are healthy.
    Unhealthy,
    /// Draining, unused or gone: gets no new requests.
    Out,
}

impl Inner {
    /// Tells the nodes what a rule now is, or that it is gone.
    pub(crate) fn spread_rule(self: &Arc<Self>, arn: &str, rule: Option<Arc<Rule>>, lag: Lag) {
        let version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
        let arn = arn.to_owned();
        self.later(lag, move |node| node.apply_rule(&arn, version, rule.clone()));
    }

    /// Tells the nodes how a target now stands.
    pub(crate) fn spread_target(self: &Arc<Self>, target: &Arc<Target>, standing: Standing, lag: Lag) {
        let version = self.versions.fetch_add(1, Ordering::Relaxed) + 1;
        let target = Arc::clone(target);
        self.later(lag, move |node| node.apply_target(&target, version, standing));
    }

    /// Applies a change on every node, each after a lag drawn for it alone.
    fn later(self: &Arc<Self>, lag: Lag, change: impl Fn(&Node) + Send + Sync + 'static) {
        let change = Arc::new(change);
        for node in &self.nodes {
            let wait = self.draw(lag);
            if wait.is_zero() {
                change(node);
                continue;
            }
            self.pending.fetch_add(1, Ordering::Relaxed);
            let (inner, node, change) = (Arc::clone(self), Arc::clone(node), Arc::clone(&change));
            self.spawn(async move {
                tokio::select! {
                    biased;
                    () = inner.stop.cancelled() => {}
                    () = tokio::time::sleep(wait) => change(&node),
                }
                inner.pending.fetch_sub(1, Ordering::Relaxed);
                inner.tick();
            });
        }
        self.tick();
    }
}
