//! CloudWatch: what the load balancer counted, what other services measured and what callers put, by period; and alarms
//! on it.
//!
//! Owns: periods, statistics, how late a period can be seen, and the state of every alarm. Never: counting requests,
//! which the load balancer does itself; bringing anybody the news of an alarm.

mod alarm;
mod balancer;
mod data;
mod embedded;
mod metric;
mod stat;
mod store;

use crate::account::Account;
use crate::config::MetricPace;
use crate::input::{page, required, text, unknown};
use alarm::{Alarms, Notification};
use metric::Metric;
use rehearsal_elb::Elb;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use stat::Samples;
use std::ops::Range;
use std::sync::Arc;
use store::Store;

/// Metrics on a page of ListMetrics.
const PAGE: usize = 500;

/// CloudWatch in miniature. Cheap to clone.
#[derive(Clone)]
pub struct CloudWatch {
    inner: Arc<Inner>,
}

struct Inner {
    account: Account,
    elb: Elb,
    /// Since when its load balancers can have measured anything: whole seconds since 1970.
    began: u64,
    pace: MetricPace,
    store: Store,
    alarms: Alarms,
}

impl CloudWatch {
    /// Over this load balancer, at this pace.
    #[must_use]
    pub fn new(account: Account, elb: Elb, pace: MetricPace) -> Self {
        let began = seconds(rehearsal_world::now());
        let inner = Inner { account, elb, began, pace, store: Store::default(), alarms: Alarms::default() };
        Self { inner: Arc::new(inner) }
    }

    /// Adds an alarm with the properties of a template.
    ///
    /// # Errors
    /// What of it the rehearsal cannot evaluate.
    pub(crate) fn add_alarm(&self, name: &str, properties: &Value) -> Result<(), String> {
        self.inner.alarms.add(&self.inner.account, name, properties, rehearsal_world::now())
    }

    /// Takes the metrics out of a log line, if it is in the embedded metric format.
    pub(crate) fn read_line(&self, line: &str) {
        for (metric, second, value) in embedded::read(line) {
            self.inner.store.add(metric, second, value);
        }
    }

    /// Takes what a service measured just now: a metric of AWS's own, with its only dimension.
    pub(crate) fn measure(&self, namespace: &str, name: &str, (dimension, of): (&str, &str), value: f64) {
        let metric = Metric {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: [(dimension.to_owned(), of.to_owned())].into(),
        };
        self.inner.store.add(metric, seconds(rehearsal_world::now()), value);
    }

    /// Evaluates every alarm, over periods that end with the last second that can be seen; who is to be told what.
    /// AWS does it every minute.
    #[must_use]
    pub(crate) fn evaluate(&self) -> Vec<Notification> {
        self.evaluate_at(rehearsal_world::now())
    }

    fn evaluate_at(&self, now: jiff::Timestamp) -> Vec<Notification> {
        let inner = &self.inner;
        let value = |metric: &Metric, stat, span| inner.samples(metric, span).statistic(stat);
        inner.alarms.evaluate(&inner.account, value, inner.visible_until(seconds(now)), now);
        inner.alarms.notifications()
    }

    /// Answers one call of the service `monitoring`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        self.call_at(operation, input, rehearsal_world::now())
    }

    fn call_at(&self, operation: &str, input: &Value, now: jiff::Timestamp) -> Result<Value, ApiError> {
        match operation {
            "GetMetricData" => data::get_metric_data(&self.inner, input, seconds(now)),
            "GetMetricStatistics" => data::get_metric_statistics(&self.inner, input, seconds(now)),
            "ListMetrics" => self.list_metrics(input),
            "PutMetricData" => {
                let namespace = required(input, "Namespace", "MissingParameter")?;
                self.inner.store.put(namespace, input, seconds(now)).map(|()| json!({}))
            }
            "DescribeAlarms" => self.inner.alarms.describe(input),
            "PutMetricAlarm" => self.inner.alarms.put_metric(&self.inner.account, input, now),
            "PutCompositeAlarm" => self.inner.alarms.put_composite(&self.inner.account, input, now),
            "DeleteAlarms" => self.inner.alarms.delete(input),
            "SetAlarmState" => self.inner.alarms.set_state(&self.inner.account, input, now),
            other => Err(unknown(other)),
        }
    }

    fn list_metrics(&self, input: &Value) -> Result<Value, ApiError> {
        let mut all = balancer::metrics(&self.inner.elb);
        all.extend(self.inner.store.metrics());
        let namespace = text(input, "Namespace");
        let name = text(input, "MetricName");
        let wanted = Metric::read("", input).dimensions;
        let found: Vec<Value> = (all.iter())
            .filter(|metric| namespace.is_none_or(|namespace| metric.namespace == namespace))
            .filter(|metric| name.is_none_or(|name| metric.name == name))
            .filter(|metric| {
                wanted.iter().all(|(name, value)| metric.dimension(name) == Some(value.as_str()))
            })
            .map(Metric::describe)
            .collect();
        let (items, next) = page(&found, text(input, "NextToken"), PAGE, "InvalidParameterValue")?;
        let mut answer = json!({ "Metrics": items });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }
}

impl Inner {
    fn samples(&self, metric: &Metric, span: Range<u64>) -> Samples {
        if metric.namespace == balancer::NAMESPACE {
            balancer::samples(&self.elb, &self.account, metric, span)
        } else {
            self.store.samples(metric, span)
        }
    }

    /// What can be seen now of a metric's period; nothing of it if `None`.
    ///
    /// Of a load balancer's newest periods that is less than there was, and of each of its metrics another part: its nodes
    /// report one after the other. Other metrics are whole or not there.
    fn seen(&self, metric: &Metric, start: u64, period: u64, now: u64) -> Option<Samples> {
        let end = start + period;
        if metric.namespace != balancer::NAMESPACE {
            return (end <= self.visible_until(now)).then(|| self.samples(metric, start..end));
        }
        // Most periods of a long history are older than the cloud.
        if end <= self.began {
            return None;
        }
        let last = now.saturating_sub(self.lag(&metric.name)).min(end);
        (start < last).then(|| self.samples(metric, start..last))
    }

    /// How long a second of one of a load balancer's metrics takes to be seen: never longer than until its period is
    /// complete.
    fn lag(&self, name: &str) -> u64 {
        let mixed = name.bytes().fold(7_u64, |mixed, byte| mixed.wrapping_mul(31).wrapping_add(byte.into()));
        mixed % (self.delay() + 1)
    }

    /// How long after its end a period is complete, in whole seconds.
    fn delay(&self) -> u64 {
        self.pace.delay.as_secs() + u64::from(self.pace.delay.subsec_nanos() > 0)
    }

    /// The last end of a period that is complete now.
    fn visible_until(&self, now: u64) -> u64 {
        now.saturating_sub(self.delay())
    }

    /// Whether a metric is kept in periods like that; what is wrong, if not.
    fn check_period(&self, metric: &Metric, period: u64) -> Result<(), String> {
        let minute = self.pace.minute;
        let fits = metric.namespace != balancer::NAMESPACE || (period > 0 && period.is_multiple_of(minute));
        fits.then_some(()).ok_or_else(|| {
            format!("Period {period} must be a multiple of {minute} for metrics of {}", balancer::NAMESPACE)
        })
    }
}

fn seconds(time: jiff::Timestamp) -> u64 {
    u64::try_from(time.as_second()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
