//! The buses: events in, deliveries out.

use super::delivery::{Delivery, Targets, deliver_or_bury};
use super::fault::{EventFault, EventFaultRule, next};
use super::input::Origin;
use super::rule::{Rule, Target};
use super::ticker::Ticker;
use crate::account::{Account, seconds};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Weak};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Events kept to be looked at; the oldest go first.
const MAX_KEPT: usize = 4_096;

/// EventBridge in miniature. Cheap to clone; the last clone takes its schedules and deliveries along.
#[derive(Clone)]
pub struct Events {
    pub(super) inner: Arc<Inner>,
    _guard: Arc<DropGuard>,
}

pub(super) struct Inner {
    pub(super) account: Account,
    targets: Arc<dyn Targets>,
    /// By bus and name.
    pub(super) rules: Mutex<BTreeMap<(String, String), Rule>>,
    faults: Mutex<Vec<EventFaultRule>>,
    kept: Mutex<VecDeque<Value>>,
    ticker: Ticker,
    running: TaskTracker,
    stop: CancellationToken,
}

impl Events {
    /// Without rules. Needs a tokio runtime around.
    #[must_use]
    pub fn new(account: Account, targets: Arc<dyn Targets>) -> Self {
        let stop = CancellationToken::new();
        let guard = Arc::new(stop.clone().drop_guard());
        let inner = Arc::new_cyclic(|weak: &Weak<Inner>| Inner {
            account,
            targets,
            rules: Mutex::default(),
            faults: Mutex::default(),
            kept: Mutex::default(),
            ticker: Ticker::start(stop.clone(), {
                let weak = weak.clone();
                move |name: &str, at| {
                    if let (Some(inner), Some((bus, name))) = (weak.upgrade(), name.split_once('/')) {
                        inner.tick(bus, name, at);
                    }
                }
            }),
            running: TaskTracker::new(),
            stop,
        });
        Self { inner, _guard: guard }
    }

    /// Adds a rule, or takes the place of one of the same name on the same bus.
    pub fn put_rule(&self, rule: Rule) {
        let key = format!("{}/{}", rule.bus, rule.name);
        match rule.schedule.clone() {
            Some(schedule) => {
                let now = rehearsal_world::now();
                let next = schedule.next(now, now);
                self.inner.ticker.set(key, schedule, now, next);
            }
            None => self.inner.ticker.remove(&key),
        }
        self.inner.rules.lock().insert((rule.bus.clone(), rule.name.clone()), rule);
    }

    /// An event arrives on the default bus: every rule that matches gets it delivered.
    pub fn publish(&self, event: Value) {
        self.inner.publish("default", event);
    }

    /// The same on another bus.
    pub fn publish_on(&self, bus: &str, event: Value) {
        self.inner.publish(bus, event);
    }

    /// Lets a rule with a schedule tick now; false if there is no such enabled rule.
    pub fn fire(&self, name: &str) -> bool {
        self.inner.tick("default", name, rehearsal_world::now())
    }

    /// Spoils events to come.
    pub fn inject(&self, rule: EventFaultRule) {
        self.inner.faults.lock().push(rule);
    }

    /// Forgets every fault that was injected.
    pub fn clear_faults(&self) {
        self.inner.faults.lock().clear();
    }

    /// The latest events that arrived, oldest first, whatever became of them.
    #[must_use]
    pub fn kept(&self) -> Vec<Value> {
        self.inner.kept.lock().iter().cloned().collect()
    }

    /// An event sink that publishes on the default bus, for services that emit events. It does not keep
    /// the bus alive.
    #[must_use]
    pub fn sink(&self) -> crate::EventSink {
        let weak = Arc::downgrade(&self.inner);
        Arc::new(move |event| {
            if let Some(inner) = weak.upgrade() {
                inner.publish("default", event);
            }
        })
    }

    /// Ends schedules and deliveries.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    pub(super) fn publish(self: &Arc<Self>, bus: &str, event: Value) {
        {
            let mut kept = self.kept.lock();
            if kept.len() == MAX_KEPT {
                kept.pop_front();
            }
            kept.push_back(event.clone());
        }
        let fault = next(&mut self.faults.lock(), &event);
        match fault {
            Some(EventFault::Drop) => {}
            Some(EventFault::Double) => {
                self.route(bus, &event);
                self.route(bus, &event);
            }
            Some(EventFault::Delay(span)) => {
                let (inner, bus) = (self.clone(), bus.to_owned());
                self.spawn(async move {
                    tokio::time::sleep(span).await;
                    inner.route(&bus, &event);
                });
            }
            None => self.route(bus, &event),
        }
    }

    fn route(self: &Arc<Self>, bus: &str, event: &Value) {
        let rules: Vec<Rule> = (self.rules.lock().values())
            .filter(|rule| rule.bus == bus && rule.enabled)
            .filter(|rule| rule.pattern.as_ref().is_some_and(|pattern| pattern.matches(event)))
            .cloned()
            .collect();
        for rule in rules {
            self.hand_on(&rule, event);
        }
    }

    /// A rule's own schedule has come round.
    fn tick(self: &Arc<Self>, bus: &str, name: &str, at: jiff::Timestamp) -> bool {
        let key = (bus.to_owned(), name.to_owned());
        let rule =
            self.rules.lock().get(&key).filter(|rule| rule.enabled && rule.schedule.is_some()).cloned();
        let Some(rule) = rule else { return false };
        let mut event =
            self.account.event("aws.events", "Scheduled Event", std::slice::from_ref(&rule.arn), &json!({}));
        event["time"] = seconds(at).into();
        self.hand_on(&rule, &event);
        true
    }

    fn hand_on(self: &Arc<Self>, rule: &Rule, event: &Value) {
        for target in &rule.targets {
            self.send(rule, target, event);
        }
    }

    fn send(self: &Arc<Self>, rule: &Rule, target: &Target, event: &Value) {
        let ingestion = seconds(rehearsal_world::now());
        let origin = Origin { rule_name: &rule.name, rule_arn: &rule.arn, ingestion: &ingestion };
        let input = match target.input.build(event, origin) {
            Ok(input) => input,
            Err(error) => {
                tracing::warn!(rule = %rule.name, target = %target.id, %error, "an event has no input");
                return;
            }
        };
        let delivery = Delivery {
            target_arn: target.arn.clone(),
            input,
            role: target.role.clone(),
            origin_arn: rule.arn.clone(),
        };
        let (targets, retry, dead_letters) =
            (self.targets.clone(), target.retry, target.dead_letters.clone());
        self.spawn(async move {
            deliver_or_bury(&*targets, &delivery, retry, dead_letters.as_deref()).await;
        });
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.running.spawn(async move {
            tokio::select! {
                biased;
                () = work => {}
                () = stop.cancelled() => {}
            }
        });
    }
}
