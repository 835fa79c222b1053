//! What is known of the traffic: while it runs, and afterwards.

use crate::request::{Kind, Request};
use serde::Serialize;
use std::collections::BTreeMap;

/// Under which name requests are counted that no version answered.
pub const NO_VERSION: &str = "none";

/// How many went well and how many failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Whole answers below 500.
    pub ok: u64,
    /// Everything else that was sent.
    pub failed: u64,
}

/// Counts of the whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Requests that were sent and are over.
    pub total: u64,
    /// Whole answers below 500.
    pub ok: u64,
    /// Everything else that was sent.
    pub failed: u64,
    /// Of those sent, how many were sent again as browsers do; see [`Request::retried`].
    pub retried: u64,
    /// Scheduled and not sent, by our own fault.
    pub unsent: u64,
}

/// How long quick requests (`GET /`, `POST /`) took, from the moment they were scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Latency {
    /// Half took no longer than this.
    pub p50_ms: f64,
    /// All but one in a hundred took no longer than this.
    pub p99_ms: f64,
}

/// One version in the whole run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct VersionTotals {
    /// How many went well and how many failed.
    #[serde(flatten)]
    pub counts: Counts,
    /// How long they took, if there were quick ones that went well.
    pub latency: Option<Latency>,
}

/// One version in one second.
pub type SecondCounts = VersionTotals;

/// What ended within one second.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Second {
    /// Which one, from 0.
    pub at_s: u64,
    /// By the version that answered, [`NO_VERSION`] if none did.
    pub by_version: BTreeMap<String, SecondCounts>,
    /// Scheduled and not sent, by our own fault.
    pub unsent: u64,
}

impl Second {
    /// How many requests ended.
    pub fn total(&self) -> u64 {
        self.by_version.values().map(|version| version.counts.ok + version.counts.failed).sum()
    }

    /// How many of them failed.
    pub fn failed(&self) -> u64 {
        self.by_version.values().map(|version| version.counts.failed).sum()
    }
}

/// A failed or unsent request, with what was seen of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// The request.
    #[serde(flatten)]
    pub request: Request,
    /// What was seen, in words.
    pub detail: String,
}

/// The state of things while the traffic runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Snapshot {
    /// How long it has been running.
    pub elapsed_ms: u64,
    /// Requests sent and not over.
    pub in_flight: usize,
    /// Counts so far.
    pub totals: Totals,
    /// By version so far.
    pub by_version: BTreeMap<String, Counts>,
    /// The last seconds that are over, the latest last.
    pub recent: Vec<Second>,
}

impl Snapshot {
    /// The last second that is over.
    pub fn last_second(&self) -> Option<&Second> {
        self.recent.last()
    }
}

/// The record in figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// When it began, in milliseconds since 1970.
    pub started_unix_ms: u64,
    /// How long it ran.
    pub elapsed_ms: u64,
    /// Requests a second as planned.
    pub rate: f64,
    /// The seed of the schedule.
    pub seed: u64,
    /// Counts of the whole run.
    pub totals: Totals,
    /// By the version that answered, [`NO_VERSION`] if none did.
    pub by_version: BTreeMap<String, VersionTotals>,
    /// By kind of request.
    pub by_kind: BTreeMap<Kind, Counts>,
    /// Second by second, by when requests ended.
    pub seconds: Vec<Second>,
    /// The first failures.
    pub failures: Vec<Failure>,
    /// How many more there were.
    pub failures_beyond: u64,
    /// The longest that a request left after its time. If it is large, the machine was too busy to make traffic.
    pub max_lag_ms: f64,
}

/// The whole record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// In figures.
    pub summary: Summary,
    /// Every request in the order in which they ended.
    pub requests: Vec<Request>,
    /// How many more there were than the record can hold; all figures count them too.
    pub requests_beyond: u64,
}
