//! EventBridge Scheduler: schedules with a target each.
//!
//! Owns: when they are due and what their target gets. Never: delivery itself, which is that of the buses.

mod api;
mod schedule;

pub use schedule::{Schedule, ScheduleTarget};

use crate::account::{Account, seconds};
use crate::events::{Delivery, Targets, Ticker, deliver_or_bury};
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// The schedules. Cheap to clone; the last clone takes them along.
#[derive(Clone)]
pub struct Scheduler {
    inner: Arc<Inner>,
    _guard: Arc<DropGuard>,
}

struct Inner {
    account: Account,
    targets: Arc<dyn Targets>,
    /// By group and name.
    schedules: Mutex<BTreeMap<String, Schedule>>,
    ticker: Ticker,
    running: TaskTracker,
    stop: CancellationToken,
}

impl Scheduler {
    /// Without schedules. Needs a tokio runtime around.
    #[must_use]
    pub fn new(account: Account, targets: Arc<dyn Targets>) -> Self {
        let stop = CancellationToken::new();
        let guard = Arc::new(stop.clone().drop_guard());
        let inner = Arc::new_cyclic(|weak: &Weak<Inner>| Inner {
            account,
            targets,
            schedules: Mutex::default(),
            ticker: Ticker::start(stop.clone(), {
                let weak = weak.clone();
                move |key: &str, at| {
                    if let Some(inner) = weak.upgrade() {
                        inner.tick(key, at);
                    }
                }
            }),
            running: TaskTracker::new(),
            stop,
        });
        Self { inner, _guard: guard }
    }

    /// Adds a schedule, or takes the place of one of the same group and name. Either way it begins now: a rate ticks at
    /// once. Of a change AWS does not say so; it is taken to be the same.
    pub fn put(&self, schedule: Schedule) {
        let (key, expression) = (schedule.key(), schedule.expression.clone());
        // Before it ticks, or its first tick would find nothing.
        self.inner.schedules.lock().insert(key.clone(), schedule);
        let now = rehearsal_world::now();
        let first = expression.first(now);
        self.inner.ticker.set(key, expression, now, first);
    }

    /// Lets a schedule of the default group be due now; false if there is no such enabled one.
    pub fn fire(&self, name: &str) -> bool {
        self.inner.tick(&schedule::key("default", name), rehearsal_world::now())
    }

    /// Ends schedules and deliveries.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    fn tick(&self, key: &str, at: jiff::Timestamp) -> bool {
        let schedule = {
            let mut schedules = self.schedules.lock();
            let Some(schedule) = schedules.get(key).filter(|schedule| schedule.enabled).cloned() else {
                return false;
            };
            if schedule.delete_after && schedule.expression.is_once() {
                schedules.remove(key);
            }
            schedule
        };
        let delivery = Delivery {
            target_arn: schedule.target.arn.clone(),
            input: schedule.input(&self.account, &seconds(at)),
            role: schedule.target.role.clone(),
            origin_arn: schedule.arn.clone(),
        };
        let (targets, stop) = (self.targets.clone(), self.stop.clone());
        self.running.spawn(async move {
            let ScheduleTarget { retry, dead_letters, .. } = schedule.target;
            tokio::select! {
                biased;
                _ = deliver_or_bury(&*targets, &delivery, retry, dead_letters.as_deref()) => {}
                () = stop.cancelled() => {}
            }
        });
        true
    }
}
