//! The facts of a rehearsal, as `report.json` has them. All times are milliseconds since the scenario's traffic
//! began.

use super::receipt::Receipt;
use super::verdict::verdict;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The outcome of a scenario without a deployment of ours.
pub const NO_DEPLOYMENT: &str = "no deployment";
/// The outcome of a deployment that reached none in time.
pub const UNFINISHED: &str = "unfinished";

/// The whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When it was written, as RFC 3339.
    pub written_at: String,
    /// Whether every expectation and every invariant of every scenario held.
    pub held: bool,
    /// The scenarios in the order in which they ran.
    pub scenarios: Vec<Scenario>,
}

impl Report {
    /// A report of these scenarios, written now.
    pub fn new(scenarios: Vec<Scenario>) -> Self {
        let held = !scenarios.is_empty() && scenarios.iter().all(|scenario| scenario.held);
        Self { written_at: rehearsal_world::now().to_string(), held, scenarios }
    }
}

/// One scenario. [`Scenario::conclude`] adds the verdict when all else is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name, as `cargo rehearse run` takes it.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The seed that repeats it.
    pub seed: u64,
    /// What was expected, in words.
    pub expected: String,
    /// How the deployment ended: one of the five outcomes, [`NO_DEPLOYMENT`] where there was none of ours, or
    /// [`UNFINISHED`].
    pub outcome: String,
    /// Why it was refused or taken back.
    #[serde(default)]
    pub reason: Option<String>,
    /// Whether what was expected happened and all invariants held.
    pub held: bool,
    /// What did not hold, one sentence each.
    pub broken: Vec<String>,
    /// What AWS punishes now and then, whether it did here or not, and what to do; one text each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
    /// What the last plan found about going back, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readiness: Vec<String>,
    /// What happened, in plain words.
    pub verdict: String,
    /// Whether each invariant that was watched held, by its number.
    pub invariants: BTreeMap<u8, bool>,
    /// What users saw, counted.
    pub requests: Requests,
    /// What users saw and what the cloud did, over time.
    pub series: Series,
    /// The same in short stretches, side by side, from [`samples`](super::samples).
    pub samples: Vec<Sample>,
    /// What happened, in order.
    pub timeline: Vec<Moment>,
    /// The failed requests, up to a bound.
    pub failed_requests: Vec<FailedRequest>,
    /// How many more there were.
    pub failed_requests_beyond: u64,
    /// What the deployment took and cost; none if there was no deployment of ours.
    pub receipt: Option<Receipt>,
}

impl Scenario {
    /// Held if nothing is broken, and the verdict in plain words. A broken invariant that matters must be among
    /// `broken`: the control breaks some on purpose, and holds.
    #[must_use]
    pub fn conclude(mut self) -> Self {
        self.held = self.broken.is_empty();
        self.verdict = verdict(&self);
        self
    }
}

/// What users saw, counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// Requests sent.
    pub total: u64,
    /// Transport errors, wrong or cut-off bodies, and statuses of 500 and above.
    pub failed: u64,
    /// From when the first request that failed was to be sent to when the last one failed: for so long users noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_for_ms: Option<u64>,
    /// Sent again over a fresh connection, as browsers do, and not failed.
    #[serde(default)]
    pub retried: u64,
    /// Not sent by the traffic generator's own fault. With any such, a record proves nothing.
    #[serde(default)]
    pub unsent: u64,
    /// Planned requests a second.
    #[serde(default)]
    pub rate: f64,
    /// By the version that answered, `none` if none did.
    pub by_version: BTreeMap<String, VersionRequests>,
}

/// What one version answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VersionRequests {
    /// Whole answers below 500.
    pub ok: u64,
    /// The rest.
    pub failed: u64,
    /// The median time of quick requests, from when they were scheduled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    /// The time within which all but one in a hundred quick requests were answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
}

/// What users saw and what the cloud did, over time.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Second by second, by when requests ended, with latencies.
    pub seconds: Vec<Second>,
    /// Each side's weight, from each moment on until the next.
    pub weights: BTreeMap<String, Vec<Point>>,
    /// Each side's healthy tasks, likewise.
    pub healthy: BTreeMap<String, Vec<Point>>,
}

/// One second of traffic.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Second {
    /// When it began.
    pub at_ms: u64,
    /// By version.
    pub by_version: BTreeMap<String, SecondVersion>,
}

/// One version in one second.
pub type SecondVersion = VersionRequests;

/// A value from a moment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// From when on.
    pub at_ms: u64,
    /// The value.
    pub value: u32,
}

/// What users saw in a stretch of time shorter than a second, and what the cloud was like at its end.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When it began.
    pub at_ms: u64,
    /// How long it is.
    pub for_ms: u64,
    /// The requests that ended in it, by the version that answered.
    pub requests: BTreeMap<String, SampleRequests>,
    /// Each side's weight.
    pub weights: BTreeMap<String, u32>,
    /// Each side's healthy tasks.
    pub healthy: BTreeMap<String, u32>,
}

/// One version in one sample.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampleRequests {
    /// Whole answers below 500.
    pub ok: u64,
    /// The rest.
    pub failed: u64,
}

/// A state entered, or an outcome reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at_ms: u64,
    /// The state or outcome.
    pub state: String,
    /// What is worth saying of it.
    pub note: String,
}

/// A failed request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedRequest {
    /// Its place in the schedule.
    pub id: u64,
    /// When it was to be sent.
    pub at_ms: u64,
    /// How long the user waited for nothing.
    pub took_ms: u64,
    /// What kind of request.
    pub kind: String,
    /// `fresh` or `reused`.
    pub connection: String,
    /// The status, if there was one.
    pub status: Option<u16>,
    /// The version that answered, if one did.
    pub version: Option<String>,
    /// Why it failed, in words.
    pub why: String,
    /// What was seen of it.
    pub detail: String,
}
