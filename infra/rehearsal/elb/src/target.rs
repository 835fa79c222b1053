//! A registered target as nodes and requests hold it.
//!
//! Owns: its requests in flight, its idle connections per node, and the switch that cuts what is left when
//! the deregistration delay is over. Lives as long as anything still talks to it.

use crate::kept::{Closes, KeptConnections};
use crate::metrics::GroupMetrics;
use crate::plane::Link;
use crate::routing::Routing;
use arc_swap::ArcSwap;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Idle connections kept to one target by one node.
const IDLE_LINKS: usize = 256;

/// What requests and nodes need of a target group.
pub(crate) struct GroupRuntime {
    pub(crate) arn: String,
    pub(crate) metrics: Mutex<GroupMetrics>,
    pub(crate) kept: Mutex<KeptConnections>,
    /// How its requests are divided among its targets.
    pub(crate) routing: ArcSwap<Routing>,
}

impl GroupRuntime {
    pub(crate) fn new(arn: &str, metrics: GroupMetrics) -> Self {
        Self {
            arn: arn.to_owned(),
            metrics: Mutex::new(metrics),
            kept: Mutex::default(),
            routing: ArcSwap::default(),
        }
    }
}

/// One registration of one address in one target group.
pub(crate) struct Target {
    pub(crate) group: Arc<GroupRuntime>,
    pub(crate) id: String,
    pub(crate) port: u16,
    pub(crate) address: SocketAddr,
    /// Cancelled when the deregistration delay is over: whatever is in flight then ends there.
    pub(crate) cut: CancellationToken,
    in_flight: AtomicUsize,
    /// The client connections of requests in flight, for those that a cut alone does not wake.
    clients: Mutex<HashMap<u64, CancellationToken>>,
    entered: AtomicU64,
    /// The newest change each node has applied, so that a late one does not undo it.
    applied: Vec<AtomicU64>,
    idle: Vec<Mutex<Vec<Link>>>,
    /// Idle connections that it closed.
    pub(crate) closes: Arc<Closes>,
}

impl Target {
    pub(crate) fn new(group: Arc<GroupRuntime>, id: &str, address: SocketAddr, nodes: usize) -> Self {
        let closes = Arc::new(Closes::new(Arc::clone(&group)));
        Self {
            group,
            closes,
            id: id.to_owned(),
            port: address.port(),
            address,
            cut: CancellationToken::new(),
            in_flight: AtomicUsize::new(0),
            clients: Mutex::default(),
            entered: AtomicU64::new(0),
            applied: (0..nodes).map(|_| AtomicU64::new(0)).collect(),
            idle: (0..nodes).map(|_| Mutex::default()).collect(),
        }
    }

    /// What a cookie calls it.
    pub(crate) fn mark(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.group.arn, &self.id, self.port).hash(&mut hasher);
        hasher.finish()
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts a request in; it is counted out when the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>, client: &CancellationToken) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        self.clients.lock().insert(number, client.clone());
        InFlight { target: Arc::clone(self), number }
    }

    /// Closes the client connections of the requests still in flight.
    pub(crate) fn close_clients(&self) {
        for client in self.clients.lock().values() {
            client.cancel();
        }
    }

    /// Whether `version` is news to the node; if so it counts as applied.
    pub(crate) fn is_news(&self, node: usize, version: u64) -> bool {
        self.applied[node].fetch_max(version, Ordering::AcqRel) < version
    }

    /// An idle connection of this node that is open as far as we know: the one used last, or else the one that was
    /// idle for the longest.
    pub(crate) fn take_link(&self, node: usize, longest_idle: bool) -> Option<Link> {
        let mut idle = self.idle[node].lock();
        if longest_idle {
            idle.retain(Link::is_usable);
            return (!idle.is_empty()).then(|| idle.remove(0)).filter(Link::take);
        }
        while let Some(link) = idle.pop() {
            if link.take() {
                return Some(link);
            }
        }
        None
    }

    /// Keeps an idle connection for the node's next request, for no longer than `limit`.
    pub(crate) fn keep_link(&self, node: usize, link: Link, limit: Duration) {
        let mut idle = self.idle[node].lock();
        if idle.len() == IDLE_LINKS {
            idle.retain(Link::is_usable);
        }
        if idle.len() < IDLE_LINKS && !self.cut.is_cancelled() {
            link.rest(limit);
            idle.push(link);
        }
    }

    /// Closes the node's idle connections.
    pub(crate) fn drop_links(&self, node: usize) {
        self.idle[node].lock().clear();
    }
}

/// A request on its way through a target; dropping it counts the request out.
pub(crate) struct InFlight {
    target: Arc<Target>,
    number: u64,
}

impl InFlight {
    pub(crate) fn target(&self) -> &Arc<Target> {
        &self.target
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.target.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.target.clients.lock().remove(&self.number);
    }
}
