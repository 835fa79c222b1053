//! A target's checks by one node over time: the first as soon as the node has heard of it, then one an interval, so
//! that each node has a phase of its own.

use super::{Finding, Health, Thresholds, probe::probe};
use crate::elb::Inner;
use crate::plane::Node;
use crate::state::CheckSettings;
use crate::target::Target;
use std::sync::Arc;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

/// Checks a target for a node until told to stop.
pub(crate) async fn watch(inner: Arc<Inner>, node: Arc<Node>, target: Arc<Target>, stop: CancellationToken) {
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = check_on_and_on(&inner, &node, &target) => {}
    }
}

async fn check_on_and_on(inner: &Arc<Inner>, node: &Node, target: &Arc<Target>) {
    sleep(inner.draw(inner.config.target_lag)).await;
    inner.turn(node, target, |health| match health {
        Health::Registering => Health::Checking { failures: 0 },
        other => other,
    });
    let mut due = Instant::now();
    // Settings are read anew for each check: ModifyTargetGroup acts from the next one on.
    while let Some(settings) = settings(inner, target) {
        let finding = probe(target.address, &settings).await;
        if finding == Finding::Passed {
            target.closes.confirm();
        }
        let thresholds =
            Thresholds { healthy: settings.healthy_threshold, unhealthy: settings.unhealthy_threshold };
        inner.turn(node, target, |health| health.observe(finding, thresholds));
        due = (due + settings.interval).max(Instant::now());
        sleep_until(due).await;
    }
}

fn settings(inner: &Inner, target: &Target) -> Option<CheckSettings> {
    inner.state.lock().groups.get(&target.group.arn).map(|group| group.check.clone())
}
