//! What callers put and services measured: metrics by the second, bounded.

use super::metric::Metric;
use super::stat::Samples;
use crate::input::list;
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::ops::Range;

/// Metrics kept. More are refused, or, where nobody can be told, left out.
const MAX_METRICS: usize = 1_000;

/// Seconds kept of each metric; the oldest go first.
const MAX_SECONDS: usize = 7_200;

/// The most data one PutMetricData takes.
const MAX_DATA: usize = 1_000;

/// The metrics, each by the second.
type Metrics = BTreeMap<Metric, BTreeMap<u64, Samples>>;

/// The metrics that were put.
#[derive(Debug, Default)]
pub(super) struct Store {
    metrics: Mutex<Metrics>,
}

/// Keeps samples; whether there was room for the metric.
fn keep(metrics: &mut Metrics, metric: Metric, second: u64, samples: Samples) -> bool {
    if metrics.len() >= MAX_METRICS && !metrics.contains_key(&metric) {
        return false;
    }
    let seconds = metrics.entry(metric).or_default();
    seconds.entry(second).or_default().merge(samples);
    while seconds.len() > MAX_SECONDS {
        seconds.pop_first();
    }
    true
}

impl Store {
    /// Takes the data of one PutMetricData: all of it, or nothing.
    pub(super) fn put(&self, namespace: &str, input: &Value, now: u64) -> Result<(), ApiError> {
        let data = list(input, "MetricData");
        if namespace.starts_with("AWS/") {
            return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
        }
        if data.len() > MAX_DATA {
            return Err(invalid(&format!(
                "The collection MetricData must not have a size greater than {MAX_DATA}."
            )));
        }
        let mut read = Vec::new();
        for datum in data {
            let metric = Metric::read(namespace, datum);
            read.push((metric, seconds_of(datum, now), samples(datum)?));
        }
        let mut metrics = self.metrics.lock();
        for (metric, second, samples) in read {
            if !keep(&mut metrics, metric, second, samples) {
                return Err(ApiError::new("LimitExceeded", format!("more than {MAX_METRICS} metrics")));
            }
        }
        Ok(())
    }

    /// Takes one value.
    pub(super) fn add(&self, metric: Metric, second: u64, value: f64) {
        keep(&mut self.metrics.lock(), metric, second, Samples::of(value, 1.0));
    }

    /// The samples of a metric within a span; none if it is not known.
    pub(super) fn samples(&self, metric: &Metric, span: Range<u64>) -> Samples {
        let mut all = Samples::default();
        let metrics = self.metrics.lock();
        for (_, samples) in metrics.get(metric).into_iter().flat_map(|seconds| seconds.range(span.clone())) {
            all.merge(samples.clone());
        }
        all
    }

    /// All metrics that were put.
    pub(super) fn metrics(&self) -> Vec<Metric> {
        self.metrics.lock().keys().cloned().collect()
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "seconds since 1970 are small and whole"
)]
fn seconds_of(datum: &Value, now: u64) -> u64 {
    datum.get("Timestamp").and_then(Value::as_f64).map_or(now, |at| at.max(0.0) as u64)
}

fn samples(datum: &Value) -> Result<Samples, ApiError> {
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64);
    if let Some(value) = number(datum, "Value") {
        return Ok(Samples::of(value, 1.0));
    }
    if let Some(set) = datum.get("StatisticValues") {
        let of = |name| number(set, name).unwrap_or_default();
        let (minimum, maximum) = (of("Minimum"), of("Maximum"));
        return Ok(Samples {
            count: of("SampleCount"),
            sum: of("Sum"),
            minimum,
            maximum,
            values: Vec::new(),
        });
    }
    let values = list(datum, "Values");
    let counts = list(datum, "Counts");
    if values.is_empty() || !(counts.is_empty() || counts.len() == values.len()) {
        return Err(invalid(
            "The parameters MetricData.member.Value, Values and StatisticValues are all missing, or Counts does not go with Values.",
        ));
    }
    let mut all = Samples::default();
    for (index, value) in values.iter().filter_map(Value::as_f64).enumerate() {
        all.merge(Samples::of(value, counts.get(index).and_then(Value::as_f64).unwrap_or(1.0)));
    }
    Ok(all)
}

fn invalid(message: &str) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}
