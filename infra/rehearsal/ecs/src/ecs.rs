//! The handle everyone holds: starts the scheduler, hands out the state, ends everything.

use crate::config::Config;
use crate::life::Life;
use crate::provider::ScalingGroups;
use crate::registry::Registry;
use crate::scheduler;
use crate::state::State;
use crate::targets::TargetGroups;
use crate::watchdog::Watchdog;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::{Arc, OnceLock};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Takes EventBridge envelopes.
pub type EventSink = Arc<dyn Fn(Value) + Send + Sync>;

/// ECS in miniature. Clones share one ECS; when the last one is dropped, its processes are killed.
#[derive(Clone)]
pub struct Ecs {
    pub(crate) inner: Arc<Inner>,
    _last: Arc<LastHandle>,
}

pub(crate) struct Inner {
    pub(crate) config: Arc<Config>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) targets: Arc<dyn TargetGroups>,
    /// The Auto Scaling groups that capacity providers stand for, where there are any.
    pub(crate) groups: OnceLock<Arc<dyn ScalingGroups>>,
    sink: EventSink,
    state: Mutex<State>,
    changes: watch::Sender<u64>,
    pub(crate) shutdown: CancellationToken,
    lives: TaskTracker,
    pub(crate) watchdog: Arc<Watchdog>,
}

/// Dropped with the last [`Ecs`]; the tasks themselves only hold an [`Inner`].
struct LastHandle {
    shutdown: CancellationToken,
    watchdog: Arc<Watchdog>,
}

impl Drop for LastHandle {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.watchdog.end();
    }
}

impl Ecs {
    /// Starts an ECS without clusters. Needs a tokio runtime with I/O and time.
    pub fn new(
        config: Config,
        registry: Arc<dyn Registry>,
        targets: Arc<dyn TargetGroups>,
        sink: EventSink,
    ) -> Self {
        let config = Arc::new(config);
        let shutdown = CancellationToken::new();
        let watchdog = Arc::new(match config.containers {
            None => Watchdog::start(),
            Some(_) => Watchdog::none(),
        });
        let inner = Arc::new(Inner {
            state: Mutex::new(State::new(config.clone())),
            config,
            registry,
            targets,
            groups: OnceLock::new(),
            sink,
            changes: watch::Sender::new(0),
            shutdown: shutdown.clone(),
            lives: TaskTracker::new(),
            watchdog: watchdog.clone(),
        });
        tokio::spawn(scheduler::run(inner.clone()));
        Self { inner, _last: Arc::new(LastHandle { shutdown, watchdog }) }
    }

    /// Counts up with every change of a service or a task.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes.subscribe()
    }

    /// Kills every process and waits until none is left.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.lives.close();
        self.inner.lives.wait().await;
        self.inner.watchdog.end();
    }
}

impl Inner {
    /// Reads the state.
    pub(crate) fn look<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        read(&self.state.lock())
    }

    /// Changes the state, then sends the events this made and tells everyone who watches.
    pub(crate) fn with<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        self.update(|state| (change(state), true))
    }

    /// The same for a change that may turn out to be none.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut State) -> (R, bool)) -> R {
        let ((result, changed), events) = {
            let mut state = self.state.lock();
            let done = change(&mut state);
            (done, std::mem::take(&mut state.outbox))
        };
        // Outside the lock: whoever takes events may call back.
        for event in events {
            (self.sink)(event);
        }
        if changed {
            self.changes.send_modify(|count| *count += 1);
        }
        result
    }

    /// Lets a new task live.
    pub(crate) fn spawn(&self, life: Life) {
        if !self.shutdown.is_cancelled() {
            self.lives.spawn(life.run());
        }
    }
}
