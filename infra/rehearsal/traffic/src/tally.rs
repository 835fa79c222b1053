//! Counts requests as they end.
//!
//! Bounded however long the traffic runs: one second at a time keeps its distribution of latencies, and what is
//! over is kept as figures. A request ends when it is counted, under the lock, so that seconds close in order.

use crate::record::{
    Counts, Failure, Latency, NO_VERSION, Record, Second, Snapshot, Summary, Totals, VersionTotals,
};
use crate::request::{Kind, Outcome, Request};
use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The most requests kept one by one: more than an hour at 200 a second.
const MAX_REQUESTS: usize = 1_000_000;
/// The most failures kept with their details.
const MAX_FAILURES: usize = 1_000;
/// The most seconds kept: a day.
const MAX_SECONDS: usize = 86_400;
/// The most versions told apart; more are counted as `other`.
const MAX_VERSIONS: usize = 64;
/// The most characters kept of what was seen of a failure.
const MAX_DETAIL: usize = 240;
/// How many seconds a snapshot tells of.
const RECENT: usize = 10;
/// Latencies are kept to three significant digits, from a microsecond up to ten minutes.
const DIGITS: u8 = 3;
const MAX_LATENCY_US: u64 = 600_000_000;

/// One request as it is reported at its end; the tally adds when that is.
pub struct Ended {
    /// The request, with the end left at 0 and no version.
    pub request: Request,
    /// The version that answered.
    pub version: Option<String>,
    /// What was seen of a failure.
    pub detail: String,
}

/// The tally.
pub struct Tally {
    /// When the traffic began; all times count from here.
    pub started: Instant,
    started_unix_ms: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    open_second: u64,
    open: BTreeMap<Arc<str>, Version>,
    open_unsent: u64,
    seconds: Vec<Second>,
    totals: Totals,
    by_version: BTreeMap<Arc<str>, Version>,
    by_kind: BTreeMap<Kind, Counts>,
    requests: Vec<Request>,
    requests_beyond: u64,
    failures: Vec<Failure>,
    failures_beyond: u64,
    max_lag_us: u64,
}

/// A version's counts and latencies.
struct Version {
    counts: Counts,
    latencies: Histogram<u64>,
}

impl Default for Version {
    fn default() -> Self {
        let latencies = Histogram::new_with_bounds(1, MAX_LATENCY_US, DIGITS);
        Self {
            counts: Counts::default(),
            latencies: latencies.expect("the bounds are constants that it takes"),
        }
    }
}

impl Version {
    fn add(&mut self, request: &Request) {
        self.counts.add(request.outcome);
        if request.kind.is_quick() && request.outcome == Outcome::Ok {
            self.latencies.saturating_record(request.latency_us().max(1));
        }
    }

    fn totals(&self) -> VersionTotals {
        let at = |quantile| self.latencies.value_at_quantile(quantile) as f64 / 1_000.0;
        let latency = (!self.latencies.is_empty()).then(|| Latency { p50_ms: at(0.5), p99_ms: at(0.99) });
        VersionTotals { counts: self.counts, latency }
    }
}

impl Counts {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Ok => self.ok += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Unsent => {}
        }
    }
}

impl Tally {
    /// Begins now.
    pub fn new() -> Self {
        let unix = rehearsal_world::since_epoch();
        Self {
            started: Instant::now(),
            started_unix_ms: u64::try_from(unix.as_millis()).unwrap_or(u64::MAX),
            inner: Mutex::new(Inner::default()),
        }
    }

    /// Microseconds since the beginning.
    pub fn now_us(&self) -> u64 {
        micros(self.started.elapsed())
    }

    /// Counts a request that ends now.
    pub fn end(&self, ended: Ended) {
        let mut inner = self.inner.lock();
        let now_us = self.now_us();
        inner.end(ended, now_us);
    }

    /// The state of things.
    pub fn snapshot(&self, in_flight: usize) -> Snapshot {
        let mut inner = self.inner.lock();
        let now_us = self.now_us();
        inner.roll_to(now_us);
        let recent = inner.seconds.len().saturating_sub(RECENT);
        Snapshot {
            elapsed_ms: now_us / 1_000,
            in_flight,
            totals: inner.totals,
            by_version: inner
                .by_version
                .iter()
                .map(|(name, version)| (name.to_string(), version.counts))
                .collect(),
            recent: inner.seconds[recent..].to_vec(),
        }
    }

    /// Everything, and begins anew: to be called once, at the end.
    pub fn finish(&self, rate: f64, seed: u64) -> Record {
        let mut inner = std::mem::take(&mut *self.inner.lock());
        let now_us = self.now_us();
        inner.roll_to(now_us);
        inner.close_second();
        let by_version = totals(&inner.by_version);
        Record {
            summary: Summary {
                started_unix_ms: self.started_unix_ms,
                elapsed_ms: now_us / 1_000,
                rate,
                seed,
                totals: inner.totals,
                by_version,
                by_kind: inner.by_kind,
                seconds: inner.seconds,
                failures: inner.failures,
                failures_beyond: inner.failures_beyond,
                max_lag_ms: inner.max_lag_us as f64 / 1_000.0,
            },
            requests: inner.requests,
            requests_beyond: inner.requests_beyond,
        }
    }
}

impl Inner {
    fn end(&mut self, ended: Ended, now_us: u64) {
        self.roll_to(now_us);
        let name = self.intern(ended.version.as_deref().unwrap_or(NO_VERSION));
        let mut request = ended.request;
        request.done_us = now_us;
        request.version = ended.version.is_some().then(|| Arc::clone(&name));
        if request.outcome == Outcome::Unsent {
            self.open_unsent += 1;
            self.totals.unsent += 1;
        } else {
            self.count(&name, &request);
        }
        if request.outcome != Outcome::Ok {
            self.keep_failure(&request, &ended.detail);
        }
        if self.requests.len() < MAX_REQUESTS {
            self.requests.push(request);
        } else {
            self.requests_beyond += 1;
        }
    }

    fn count(&mut self, name: &Arc<str>, request: &Request) {
        self.totals.total += 1;
        self.totals.retried += u64::from(request.retried);
        match request.outcome {
            Outcome::Ok => self.totals.ok += 1,
            _ => self.totals.failed += 1,
        }
        self.max_lag_us = self.max_lag_us.max(request.sent_us.saturating_sub(request.scheduled_us));
        self.by_kind.entry(request.kind).or_default().add(request.outcome);
        self.by_version.entry(Arc::clone(name)).or_default().add(request);
        self.open.entry(Arc::clone(name)).or_default().add(request);
    }

    fn keep_failure(&mut self, request: &Request, detail: &str) {
        if self.failures.len() < MAX_FAILURES {
            let detail = detail.chars().take(MAX_DETAIL).collect();
            self.failures.push(Failure { request: request.clone(), detail });
        } else {
            self.failures_beyond += 1;
        }
    }

    /// One text for each version, however many requests it answers.
    fn intern(&self, name: &str) -> Arc<str> {
        match self.by_version.get_key_value(name) {
            Some((known, _)) => Arc::clone(known),
            None if self.by_version.len() < MAX_VERSIONS => name.into(),
            None => "other".into(),
        }
    }

    /// Closes the seconds that are over; those in which nothing ended are seconds too.
    fn roll_to(&mut self, now_us: u64) {
        let second = now_us / 1_000_000;
        while self.open_second < second {
            self.close_second();
            self.open_second += 1;
        }
    }

    fn close_second(&mut self) {
        let open = std::mem::take(&mut self.open);
        let unsent = std::mem::take(&mut self.open_unsent);
        if self.seconds.len() < MAX_SECONDS {
            self.seconds.push(Second { at_s: self.open_second, by_version: totals(&open), unsent });
        }
    }
}

fn totals(versions: &BTreeMap<Arc<str>, Version>) -> BTreeMap<String, VersionTotals> {
    versions.iter().map(|(name, version)| (name.to_string(), version.totals())).collect()
}

/// Microseconds of a duration, which no run exceeds.
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
#[path = "tally_tests.rs"]
mod tests;
