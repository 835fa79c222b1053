//! The service as its callers hold it.

use crate::config::{Config, Lag};
use crate::health::TargetHealth;
use crate::kept::KeptConnections;
use crate::metrics::{LoadBalancerWindow, MetricWindow};
use crate::plane::Node;
use crate::snapshot::Snapshot;
use crate::state::State;
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Elastic Load Balancing in miniature. Clones are the same service; the last one dropped stops it.
#[derive(Clone)]
pub struct Elb {
    pub(crate) inner: Arc<Inner>,
    _stop_with_last: Arc<DropGuard>,
}

/// What tasks share.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) state: Mutex<State>,
    pub(crate) nodes: Vec<Arc<Node>>,
    /// Numbers every change, so that a node can tell the newer of two.
    pub(crate) versions: AtomicU64,
    /// Changes on their way to a node.
    pub(crate) pending: AtomicUsize,
    pub(crate) changes: watch::Sender<u64>,
    pub(crate) stop: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: Handle,
    /// Which node gets the next connection.
    pub(crate) next_node: AtomicUsize,
    random: Mutex<StdRng>,
}

impl Elb {
    /// Starts the service, empty. Its tasks run on the runtime this is called in.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn new(config: Config) -> Self {
        let stop = CancellationToken::new();
        let nodes = (0..config.nodes.max(1)).map(|index| Arc::new(Node::new(index, config.seed))).collect();
        let inner = Arc::new(Inner {
            state: Mutex::default(),
            nodes,
            versions: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            changes: watch::Sender::new(0),
            stop: stop.clone(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
            next_node: AtomicUsize::new(0),
            random: Mutex::new(StdRng::seed_from_u64(config.seed)),
            config,
        });
        Self { inner, _stop_with_last: Arc::new(stop.drop_guard()) }
    }

    /// Answers one ELBv2 operation, in AWS's member names.
    ///
    /// # Errors
    /// What AWS would answer, by its code.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        crate::api::call(&self.inner, operation, &input).await
    }

    /// Registers a target, as `RegisterTargets` does.
    ///
    /// # Errors
    /// `TargetGroupNotFound`, `InvalidTarget`, `ValidationError`.
    pub fn register(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        let mut state = self.inner.state.lock();
        self.inner.register(&mut state, target_group_arn, id, Some(port))
    }

    /// Deregisters a target: it drains for the group's deregistration delay. Not being registered is fine.
    ///
    /// # Errors
    /// `TargetGroupNotFound`.
    pub fn deregister(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        let mut state = self.inner.state.lock();
        self.inner.deregister(&mut state, target_group_arn, id, Some(port))
    }

    /// A target's health; `None` if it is not registered, or no longer so after it has drained.
    pub fn target_health(&self, target_group_arn: &str, id: &str, port: u16) -> Option<TargetHealth> {
        let state = self.inner.state.lock();
        state.target(target_group_arn, id, port).map(|registered| registered.health().describe())
    }

    /// A target group's type, and whether a load balancer forwards to it; none if there is no such group.
    pub fn group_kind(&self, target_group_arn: &str) -> Option<(String, bool)> {
        let state = self.inner.state.lock();
        let group = state.groups.get(target_group_arn)?;
        Some((group.target_type.clone(), !state.balancers_of(target_group_arn).is_empty()))
    }

    /// Requests and upgraded connections in flight on a target.
    pub fn in_flight(&self, target_group_arn: &str, id: &str, port: u16) -> usize {
        let state = self.inner.state.lock();
        state.target(target_group_arn, id, port).map_or(0, |registered| registered.target.in_flight())
    }

    /// Where a listener can be reached.
    pub fn listener_address(&self, listener_arn: &str) -> Option<SocketAddr> {
        self.inner.state.lock().listeners.get(listener_arn).map(|listener| listener.address)
    }

    /// A target group's counters over the seconds `from..to` since the epoch; all zero if unknown.
    pub fn metrics(&self, target_group_arn: &str, from_epoch_s: u64, to_epoch_s: u64) -> MetricWindow {
        let runtime =
            self.inner.state.lock().groups.get(target_group_arn).map(|group| Arc::clone(&group.runtime));
        runtime.map_or_else(MetricWindow::default, |runtime| {
            runtime.metrics.lock().window(from_epoch_s..to_epoch_s)
        })
    }

    /// A load balancer's counters over the seconds `from..to` since the epoch; all zero if unknown.
    pub fn load_balancer_metrics(&self, arn: &str, from_epoch_s: u64, to_epoch_s: u64) -> LoadBalancerWindow {
        let runtime =
            self.inner.state.lock().load_balancers.get(arn).map(|balancer| Arc::clone(&balancer.runtime));
        runtime.map_or_else(LoadBalancerWindow::default, |runtime| {
            runtime.metrics.lock().window(from_epoch_s..to_epoch_s)
        })
    }

    /// What became of the connections that were kept to a target group's targets; nothing if it is unknown.
    pub fn kept_connections(&self, target_group_arn: &str) -> KeptConnections {
        let state = self.inner.state.lock();
        let Some(group) = state.groups.get(target_group_arn) else { return KeptConnections::default() };
        let balancer =
            state.balancers_of(target_group_arn).first().and_then(|arn| state.load_balancers.get(*arn));
        let idle_seconds = balancer.map_or(0, |known| known.runtime.idle_seconds.load(Ordering::Relaxed));
        KeptConnections { idle_timeout: Duration::from_secs(idle_seconds), ..*group.runtime.kept.lock() }
    }

    /// Everything a witness needs to check invariants, at this moment.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::take(&self.inner)
    }

    /// Ticks at each change of the control plane, of a target's health, or of what a node has applied.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Stops listening and checking, lets requests in flight end within the grace, closes the rest.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.tasks.close();
        // Connections close themselves at the grace; the margin is for them to notice.
        let margin = Duration::from_secs(1);
        if tokio::time::timeout(self.inner.config.shutdown_grace + margin, self.inner.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("load balancer tasks were still running after the shutdown grace");
        }
    }
}

impl Inner {
    /// A random lag between the two bounds.
    pub(crate) fn draw(&self, lag: Lag) -> Duration {
        if lag.1 <= lag.0 {
            return lag.0;
        }
        lag.0 + (lag.1 - lag.0).mul_f64(self.random.lock().random::<f64>())
    }

    /// A random id, as AWS puts at the end of ARNs.
    pub(crate) fn id(&self) -> u64 {
        self.random.lock().random()
    }

    /// Tells whoever watches that something changed.
    pub(crate) fn tick(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Runs a task that `shutdown` waits for.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn_on(task, &self.runtime);
    }
}
