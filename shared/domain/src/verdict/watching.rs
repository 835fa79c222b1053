//! Watching the new tasks from look to look: which periods count, as what, and what they come to.
//!
//! A look reads the same periods again and again, and again after a fault; each is counted once, when it is complete.

use super::convergence::Arrived;
use super::counts::{Counted, Period};
use super::gathered::{Answered, Balancer, Minute, lost, patience};
use super::limits::limits;
use super::proof::Proof;
use super::ruling::{self, Asked, Ruling};
use crate::Timestamp;
use crate::route::Weight;
use crate::settings::Settings;
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// What a deployment's record keeps of it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Watching {
    /// Since when the version that was live has served alone: its history begins here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_since: Option<Timestamp>,
    /// Beyond how many milliseconds an answer is slow, fixed before the new tasks had traffic.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<u32>,
    /// What complete periods have shown.
    #[serde(default)]
    pub proof: Proof,
    /// Where requests went since the last weights.
    #[serde(default)]
    pub arrived: Arrived,
}

/// A look at what was counted, and all that has to be known to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    /// What the looks before have shown.
    pub before: Watching,
    /// What was counted since [`Watching::live_since`], as far as it is known.
    pub minutes: Vec<Minute>,
    /// How long a period is.
    pub period: Seconds,
    /// Until here numbers are complete.
    pub complete: Timestamp,
    /// When the tasks were asked for: what a rolling service counts from here on is no history any more.
    pub began: Timestamp,
    /// When the last weights were read back; of a rolling service, when its new tasks were healthy. None before that.
    pub shifted_at: Option<Timestamp>,
    /// The new side's weight since then.
    pub weight: Weight,
    /// Whether old and new tasks serve side by side, and are counted apart.
    pub side_by_side: bool,
    /// Whether users stay with the side that they met first.
    pub sticky: bool,
    /// How long weights take to reach every balancer node.
    pub convergence: Seconds,
}

/// What a look comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Watched {
    /// For the record.
    pub watching: Watching,
    /// What the numbers say.
    pub ruling: Ruling,
}

/// What one minute is for the judgement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// The live version's own, before anything changed.
    History,
    /// The new version's.
    Evidence,
    /// Old and new mixed, or weights that changed in the middle: it says nothing of either.
    Mixed,
    /// Not complete.
    Partial,
}

impl Watching {
    /// Whether nothing was ever watched.
    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// The limits in seconds.
    pub fn limits(&self) -> Vec<f64> {
        self.limits.iter().map(|milliseconds| f64::from(*milliseconds) / 1000.0).collect()
    }
}

impl Watch {
    /// What the numbers come to. Pure: everything it knows is in its arguments.
    pub fn judge(&self, settings: &Settings, asked: &Asked) -> Watched {
        let (watching, partial) = self.go_on(settings, asked);
        let gross = partial.iter().find_map(|period| ruling::gross(&watching.proof, period, asked));
        let mut ruling = gross.unwrap_or_else(|| ruling::rule(&watching.proof, asked));
        if !ruling.harmful
            && let Some(words) = watching.arrived.words(self.sticky)
        {
            ruling.why = format!("{words}; {}", ruling.why);
            ruling.so_far = format!("{words}; {}", ruling.so_far);
        }
        Watched { watching, ruling }
    }

    /// Counts what is complete and new; what is not complete comes back for a look of its own.
    fn go_on(&self, settings: &Settings, asked: &Asked) -> (Watching, Vec<Period>) {
        let mut watching = self.before.clone();
        let limits = watching.limits();
        let mut partial = Vec::new();
        if watching.arrived.weight != self.weight {
            watching.arrived = Arrived { weight: self.weight, ..Arrived::default() };
        }
        for (minute, (of_next, of_live)) in self.minutes.iter().zip(lost(&self.minutes, self.period)) {
            let start = minute.start.as_second();
            let is_new = watching.proof.last().is_none_or(|last| start > last);
            match self.use_of(minute, watching.proof.has_begun()) {
                Use::History if self.side_by_side => {
                    watching.proof.before(
                        start,
                        &minute.live.counted(of_live, &limits),
                        rest(minute).as_ref(),
                    );
                }
                Use::History => {
                    watching.proof.before(
                        start,
                        &minute.next.counted(of_next, &limits),
                        rest(minute).as_ref(),
                    );
                }
                Use::Evidence => {
                    let period = self.period(minute, (of_next, of_live), &limits);
                    if is_new && self.has_converged(minute) {
                        watching.arrived.add(minute.next.requests, minute.live.requests);
                    }
                    watching.proof.observe(start, &period, &asked.tolerated);
                }
                Use::Mixed if self.side_by_side || self.period.after(minute.start) > self.complete => {}
                Use::Mixed => {
                    let counted = minute.next.counted(of_next, &limits);
                    watching.proof.between(start, &counted, &asked.tolerated);
                }
                Use::Partial => partial.push(self.partial(minute, &watching.proof)),
            }
        }
        if watching.limits.is_empty() {
            watching.limits = self.limits(settings);
        }
        (watching, partial)
    }

    fn use_of(&self, minute: &Minute, begun: bool) -> Use {
        let end = self.period.after(minute.start);
        let settled =
            self.complete.as_second() - i64::try_from(patience(&self.minutes).0).unwrap_or(i64::MAX);
        let shifted = self.shifted_at.unwrap_or(Timestamp::MAX);
        // Of a pair's next side nothing is counted before its first traffic; of a rolling service it cannot be told.
        let is_history =
            if self.side_by_side { !begun && minute.next.requests == 0 } else { !begun && end <= self.began };
        if end.as_second() > settled {
            let serves = self.shifted_at.is_some() || (!self.side_by_side && minute.start >= self.began);
            return if serves && end > shifted.min(self.began) { Use::Partial } else { Use::Mixed };
        }
        match () {
            () if is_history && end <= shifted => Use::History,
            () if minute.start >= shifted => Use::Evidence,
            // Another step's, before the last weights were written.
            () if self.side_by_side && begun && end <= shifted => Use::Evidence,
            () => Use::Mixed,
        }
    }

    /// Whether it began when every node knew the weights.
    fn has_converged(&self, minute: &Minute) -> bool {
        self.shifted_at.is_some_and(|at| minute.start >= self.convergence.after(at))
    }

    fn period(&self, minute: &Minute, (of_next, of_live): (u64, u64), limits: &[f64]) -> Period {
        Period {
            seconds: self.period.0,
            next: minute.next.counted(of_next, limits),
            live: self.side_by_side.then(|| minute.live.counted(of_live, limits)),
            rest: rest(minute),
        }
    }

    /// A period of which something is missing, perhaps: its 5xx and refused connections are there, and as many requests are
    /// assumed as a complete period had, if it has fewer yet.
    fn partial(&self, minute: &Minute, proof: &Proof) -> Period {
        let complete = self.minutes.iter().filter(|one| self.period.after(one.start) <= self.complete);
        let usual = complete.map(|one| one.next.requests + one.live.requests).max().unwrap_or(0);
        let share = if self.side_by_side { f64::from(self.weight) / 100.0 } else { 1.0 };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count, and not negative"
        )]
        let expected = (usual as f64 * share) as u64;
        let side = |answered: &Answered, least: u64| {
            let mut counted = answered.counted(answered.refused, &[]);
            counted.requests = counted.requests.max(least);
            (counted.client_errors, counted.redirects) = (0, 0);
            counted
        };
        let next = if proof.has_begun() || usual > 0 { expected } else { minute.next.requests };
        Period {
            seconds: self.period.0,
            next: side(&minute.next, next),
            live: self.side_by_side.then(|| side(&minute.live, 0)),
            rest: rest(minute),
        }
    }

    /// The limits for slow answers, in milliseconds, from the live side's periods: of each percentile the middle one.
    fn limits(&self, settings: &Settings) -> Vec<u32> {
        let live = |minute: &Minute| {
            let side = if self.side_by_side { &minute.live } else { &minute.next };
            let ours = self.side_by_side || self.period.after(minute.start) <= self.began;
            side.percentiles.filter(|_| ours && side.timed > 0)
        };
        let known: Vec<[f64; 3]> = self.minutes.iter().filter_map(live).collect();
        let middle = |index: usize| {
            let mut all: Vec<f64> = known.iter().map(|percentiles| percentiles[index]).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied()
        };
        let slowdown = settings.judging.tolerated_slowdown.number();
        let all = limits([middle(0), middle(1), middle(2)], slowdown);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it saturates, and is positive"
        )]
        let milliseconds = |seconds: f64| (seconds * 1000.0).round() as u32;
        all.into_iter().map(milliseconds).collect()
    }
}

/// What the load balancer's other target groups did; none if there are none.
fn rest(minute: &Minute) -> Option<Counted> {
    let Balancer { requests, errors, .. } = minute.whole;
    let requests = requests.saturating_sub(minute.next.requests + minute.live.requests);
    let errors = errors.saturating_sub(minute.next.errors + minute.live.errors).min(requests);
    (requests > 0).then(|| Counted { requests, errors, ..Counted::default() })
}

#[cfg(test)]
#[path = "watching_tests.rs"]
mod tests;
