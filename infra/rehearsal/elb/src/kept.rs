//! What becomes of the connections that a load balancer keeps to its targets.
//!
//! A server that closes an idle connection sooner than the load balancer would is punished in AWS: a request that
//! crosses such a close is answered 502. Here the closes are counted, whether a request crossed them or not.

use crate::target::GroupRuntime;
use parking_lot::Mutex;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Closes of one target that wait to be told from its end.
const PENDING: usize = 64;
/// How long after a close a new connection proves that the target did not end with it.
const ALIVE_AFTER: Duration = Duration::from_secs(1);

/// Connections that were kept to the targets of one group.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct KeptConnections {
    /// How many idle ones targets closed, and went on serving: a load balancer would have kept them.
    pub closed_by_targets: u64,
    /// How long the one had been idle that was closed soonest.
    pub soonest: Option<Duration>,
    /// How many requests crossed such a close and were answered 502.
    pub crossed: u64,
    /// How long the load balancer keeps an idle one; zero if the group is behind none.
    pub idle_timeout: Duration,
}

/// The idle connections that one target closed.
pub(crate) struct Closes {
    group: Arc<GroupRuntime>,
    pending: Mutex<Vec<(Instant, Duration)>>,
}

impl Closes {
    pub(crate) fn new(group: Arc<GroupRuntime>) -> Self {
        Self { group, pending: Mutex::default() }
    }

    /// It closed one that had been idle for so long; perhaps because it ends.
    pub(crate) fn note(&self, idle: Duration) {
        let mut pending = self.pending.lock();
        if pending.len() < PENDING {
            pending.push((Instant::now(), idle));
        }
    }

    /// It takes a new connection: what it closed a while ago was not its end.
    pub(crate) fn confirm(&self) {
        let mut pending = self.pending.lock();
        if pending.is_empty() {
            return;
        }
        let mut kept = self.group.kept.lock();
        pending.retain(|(at, idle)| {
            let proved = at.elapsed() >= ALIVE_AFTER;
            if proved {
                kept.closed_by_targets += 1;
                kept.soonest = Some(kept.soonest.map_or(*idle, |soonest| soonest.min(*idle)));
            }
            !proved
        });
    }
}
