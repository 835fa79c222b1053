//! Which target of a group a node takes next.

use crate::routing::{Algorithm, Routing};
use crate::target::Target;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Shares of a target that starts slowly are drawn out of so many.
const FULL_SHARE: u32 = 1_000;

/// A group's targets as one node sees them. Those that it has not judged yet are not among them.
#[derive(Default)]
pub(crate) struct GroupView {
    pub(crate) healthy: Vec<Healthy>,
    pub(crate) unhealthy: Vec<Arc<Target>>,
    pub(crate) cursor: Arc<AtomicUsize>,
}

/// A healthy target.
#[derive(Clone)]
pub(crate) struct Healthy {
    pub(crate) target: Arc<Target>,
    /// When it began to start slowly, if it did.
    pub(crate) slow_since: Option<Instant>,
}

/// The target that was taken.
pub(crate) struct Taken<'a> {
    pub(crate) target: &'a Arc<Target>,
    /// Too few are healthy, so that all get requests.
    pub(crate) fail_open: bool,
    /// How long the client stays with it, if it does.
    pub(crate) stickiness: Option<Duration>,
}

impl GroupView {
    /// The target that the client is pinned to, or the next one; none if there is none. `draw` gives a random number
    /// below its bound.
    pub(crate) fn next(&self, pin: Option<u64>, draw: impl Fn(u32) -> u32) -> Option<Taken<'_>> {
        let healthy = self.healthy.iter().map(|healthy| &healthy.target);
        let all: Vec<&Arc<Target>> = healthy.chain(&self.unhealthy).collect();
        let routing = all.first()?.group.routing.load();
        let fail_open = routing.fails_open(self.healthy.len(), all.len());
        let candidates = if fail_open { &all[..] } else { &all[..self.healthy.len()] };
        let pin = pin.filter(|_| routing.stickiness.is_some());
        let pinned = pin.and_then(|pin| candidates.iter().find(|target| target.mark() == pin));
        let target = match pinned {
            Some(pinned) => pinned,
            None => self.take(candidates, &routing, draw)?,
        };
        Some(Taken { target, fail_open, stickiness: routing.stickiness })
    }

    fn take<'a>(
        &self,
        candidates: &[&'a Arc<Target>],
        routing: &Routing,
        draw: impl Fn(u32) -> u32,
    ) -> Option<&'a Arc<Target>> {
        let turn = || self.cursor.fetch_add(1, Ordering::Relaxed).checked_rem(candidates.len());
        match routing.algorithm {
            Algorithm::RoundRobin => {
                let first = candidates[turn()?];
                let fits = |target: &&Arc<Target>| self.has_its_share(target, routing, &draw);
                let others = (1..candidates.len()).filter_map(|_| turn().map(|turn| candidates[turn]));
                std::iter::once(first).chain(others).find(fits).or(Some(first))
            }
            Algorithm::LeastOutstandingRequests => {
                let start = turn()?;
                let round = candidates[start..].iter().chain(&candidates[..start]);
                round.min_by_key(|target| target.in_flight()).copied()
            }
            Algorithm::WeightedRandom => {
                let bound = u32::try_from(candidates.len()).ok()?;
                candidates.get(draw(bound) as usize).copied()
            }
        }
    }

    /// Whether a target whose turn it is takes it: one that starts slowly lets some pass, fewer and fewer.
    fn has_its_share(&self, target: &Arc<Target>, routing: &Routing, draw: impl Fn(u32) -> u32) -> bool {
        let known = self.healthy.iter().find(|healthy| Arc::ptr_eq(&healthy.target, target));
        let Some(since) = known.and_then(|healthy| healthy.slow_since) else { return true };
        let elapsed = since.elapsed();
        if elapsed >= routing.slow_start {
            return true;
        }
        let share = elapsed.as_secs_f64() / routing.slow_start.as_secs_f64();
        f64::from(draw(FULL_SHARE)) < share * f64::from(FULL_SHARE)
    }
}

#[cfg(test)]
#[path = "turn_tests.rs"]
mod tests;
