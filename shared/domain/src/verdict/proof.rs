//! What has been proven so far, for and against a version. It lives in the deployment's progress.

use super::baseline::Baseline;
use super::counts::{Counted, Kind, Part, Period};
use super::question::{Against, Question, Tolerance};
use super::ruling::Tolerated;
use serde::{Deserialize, Serialize};

/// More limits than this are not followed.
pub const MAX_LIMITS: usize = 6;

/// What complete periods have shown so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Proof {
    /// When the last period that was counted began, as a Unix time in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<i64>,
    /// Whether the next side has had traffic: what comes before is the live version's history.
    #[serde(default)]
    begun: bool,
    /// How many seconds have been counted since then.
    #[serde(default)]
    watched: u64,
    /// How many requests the live side had in them.
    #[serde(default)]
    live: f64,
    #[serde(default)]
    errors: Question,
    #[serde(default)]
    client_errors: Question,
    #[serde(default)]
    redirects: Question,
    /// A question for each limit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    slow: Vec<(f64, Question)>,
    /// How the load balancer's other target groups usually do.
    #[serde(default)]
    rest: Baseline,
}

/// What is in it are numbers throughout, never `NaN`.
impl Eq for Proof {}

impl Proof {
    /// Counts a complete period of the live version before the next side had any traffic. `start` is the Unix time of the
    /// period's begin in seconds; a period is counted once, and none that began before one that was counted.
    pub fn before(&mut self, start: i64, live: &Counted, rest: Option<&Counted>) {
        if !self.is_new(start) {
            return;
        }
        self.name_limits(live);
        self.each(|kind, question| {
            if let Some(live) = kind.of(live) {
                question.before(live);
            }
        });
        self.add_rest(rest);
    }

    /// Takes in a complete period in which old and new tasks of one service were mixed: it may show that an incident is over
    /// that had begun before.
    pub fn between(&mut self, start: i64, mixed: &Counted, tolerated: &Tolerated) {
        if !self.is_new(start) {
            return;
        }
        self.each(|kind, question| {
            if let Some(mixed) = kind.of(mixed) {
                question.between(mixed, tolerated.of(kind));
            }
        });
    }

    /// Counts a complete period since the next side has had traffic, or since it was to have it. Time and the live side's
    /// requests count from the first of them on.
    pub fn observe(&mut self, start: i64, period: &Period, tolerated: &Tolerated) {
        if !self.is_new(start) {
            return;
        }
        self.begun = true;
        self.watched = self.watched.saturating_add(period.seconds);
        self.live += period.live.as_ref().map_or(0.0, |live| live.requests as f64);
        self.name_limits(&period.next);
        let rest = period.rest.as_ref().and_then(|rest| Kind::Errors.of(rest));
        let suffering = rest.map_or(0.0, |rest| self.rest.suffering(rest));
        self.each(|kind, question| {
            let Some(next) = kind.of(&period.next) else { return };
            let live = period.live.as_ref().and_then(|live| kind.of(live));
            // What is counted on one side only cannot be compared.
            if live.is_none() && period.live.as_ref().is_some_and(|live| live.requests > 0) {
                return;
            }
            let suffering = if kind == Kind::Errors { suffering } else { 0.0 };
            let against = Against { live, suffering, seconds: period.seconds };
            question.observe(next, against, tolerated.of(kind));
        });
        self.add_rest(period.rest.as_ref());
    }

    fn is_new(&mut self, start: i64) -> bool {
        let new = self.last.is_none_or(|last| start > last);
        if new {
            self.last = Some(start);
        }
        new
    }

    fn add_rest(&mut self, rest: Option<&Counted>) {
        if let Some(rest) = rest.and_then(|rest| Kind::Errors.of(rest)) {
            self.rest.add(rest, 1.0);
        }
    }

    fn name_limits(&mut self, side: &Counted) {
        for slow in &side.slow {
            let known = self.slow.iter().any(|(limit, _)| limit.to_bits() == slow.limit.to_bits());
            if !known && self.slow.len() < MAX_LIMITS {
                self.slow.push((slow.limit, Question::default()));
            }
        }
    }

    fn each(&mut self, mut ask: impl FnMut(Kind, &mut Question)) {
        ask(Kind::Errors, &mut self.errors);
        ask(Kind::ClientErrors, &mut self.client_errors);
        ask(Kind::Redirects, &mut self.redirects);
        for (limit, question) in &mut self.slow {
            ask(Kind::Slow(*limit), question);
        }
    }

    /// All questions, errors first.
    pub(super) fn questions(&self) -> impl Iterator<Item = (Kind, &Question)> {
        [
            (Kind::Errors, &self.errors),
            (Kind::ClientErrors, &self.client_errors),
            (Kind::Redirects, &self.redirects),
        ]
        .into_iter()
        .chain(self.slow.iter().map(|(limit, question)| (Kind::Slow(*limit), question)))
    }

    pub(super) fn errors(&self) -> &Question {
        &self.errors
    }

    /// When the last period that was counted began.
    pub fn last(&self) -> Option<i64> {
        self.last
    }

    /// Whether the next side has had traffic.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// How many seconds were counted since the next side has had traffic.
    pub fn watched(&self) -> u64 {
        self.watched
    }

    /// The next side's requests since then.
    pub fn requests(&self) -> f64 {
        self.errors.next().whole
    }

    /// The live side's requests since then.
    pub fn live_requests(&self) -> f64 {
        self.live
    }

    /// The limits that answers are counted beyond, in seconds: fixed when they were first seen.
    pub fn limits(&self) -> impl Iterator<Item = f64> {
        self.slow.iter().map(|(limit, _)| *limit)
    }

    /// The logarithm of the mean of what each limit says: valid however they depend on each other.
    pub(super) fn ln_slow(&self) -> f64 {
        let most = self.slow.iter().map(|(_, question)| question.ln_evidence()).fold(f64::MIN, f64::max);
        let sum: f64 = self.slow.iter().map(|(_, question)| (question.ln_evidence() - most).exp()).sum();
        if self.slow.is_empty() { 0.0 } else { most + (sum / self.slow.len() as f64).ln() }
    }

    /// The share of the next side's requests that a partial period's errors are, and what would be known with it.
    pub(super) fn with(&self, partial: &Period, tolerated: &Tolerated) -> Self {
        let mut with = self.clone();
        with.last = None;
        with.observe(0, partial, tolerated);
        with
    }
}

/// Kinds of answers are tolerated by constants: a new version may well answer some requests in another way.
impl Tolerated {
    /// What is tolerated of a kind.
    pub fn of(&self, kind: Kind) -> Tolerance {
        let tolerance = |factor, share| Tolerance { factor, share };
        match kind {
            Kind::Errors => tolerance(ERRORS_FACTOR, self.errors.clamp(LEAST_TOLERATED, MOST_TOLERATED)),
            Kind::ClientErrors => tolerance(KIND_FACTOR, CLIENT_ERRORS_SHARE),
            Kind::Redirects => tolerance(KIND_FACTOR, REDIRECTS_SHARE),
            Kind::Slow(_) => tolerance(KIND_FACTOR, SLOW_SHARE),
        }
    }
}

/// The odds of an error may be so many times the live side's.
pub const ERRORS_FACTOR: f64 = 2.0;
/// Those of other kinds of answers, and of slow ones, so many times.
pub const KIND_FACTOR: f64 = 3.0;
/// So many answers with 4xx are nobody's trouble, …
pub const CLIENT_ERRORS_SHARE: f64 = 0.05;
/// … so many with 3xx, …
pub const REDIRECTS_SHARE: f64 = 0.1;
/// … and so many slow ones.
pub const SLOW_SHARE: f64 = 0.1;
/// Evidence against a share of 0 would be without measure.
const LEAST_TOLERATED: f64 = 1e-6;
const MOST_TOLERATED: f64 = 0.5;

/// What one side did, of one kind: for words.
pub(super) fn share_of(question: &Question) -> (Part, f64) {
    (question.next(), question.expected_share())
}
