//! Whether requests arrive by the weights: a multinomial e-process of the requests of both sides.
//!
//! The shares that explain the counts best on the average, guessed evenly over all shares, against the share that the
//! weights tell. Where that is a thousand times better, the weights do not arrive, however often one looked.

use super::words::{count, percent};
use crate::route::{WHOLE, Weight};
use libm::lgamma;
use serde::{Deserialize, Serialize};

/// How sure one has to be before a deployment is told that its weights do not arrive: one to so many.
const ENOUGH: f64 = 1000.0;
/// A share may differ from the weight by this part of it, …
const TOLERATED_PART: f64 = 0.2;
/// … or by this share of all requests.
const TOLERATED_SHARE: f64 = 0.01;

/// The requests of both sides since a weight was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Arrived {
    /// The next side's weight in percent.
    pub weight: Weight,
    /// Its requests since.
    pub next: u64,
    /// The live side's.
    pub live: u64,
}

/// Where the requests go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convergence {
    /// Nothing says that they do not go by the weights.
    AsTold,
    /// The next side gets none, though it is to have some.
    None,
    /// It gets less than it is to have.
    TooFew,
    /// It gets more.
    TooMany,
}

impl Arrived {
    /// Adds a complete period that began after the weight was read back from every route.
    pub fn add(&mut self, next: u64, live: u64) {
        self.next = self.next.saturating_add(next);
        self.live = self.live.saturating_add(live);
    }

    /// Says where the requests go.
    pub fn convergence(&self) -> Convergence {
        let told = f64::from(self.weight) / f64::from(WHOLE);
        let (next, all) = (self.next as f64, self.next as f64 + self.live as f64);
        if all <= 0.0 {
            return Convergence::AsTold;
        }
        let seen = next / all;
        let slack = (told.min(1.0 - told) * TOLERATED_PART).max(TOLERATED_SHARE);
        let nearest = seen.clamp((told - slack).max(0.0), (told + slack).min(1.0));
        if ln_evidence(next, all - next, nearest) < ENOUGH.ln() {
            return Convergence::AsTold;
        }
        match () {
            () if self.next == 0 => Convergence::None,
            () if seen < told => Convergence::TooFew,
            () => Convergence::TooMany,
        }
    }

    /// What a person is told; none if all is as told. With stickiness users stay where they are, which explains it: those
    /// that could meet the new side at all are told as a share.
    pub fn words(&self, sticky: bool) -> Option<String> {
        let (next, all) = (self.next as f64, self.next as f64 + self.live as f64);
        let (weight, share) = (self.weight, percent(next / all.max(1.0)));
        let (next, of) = (count(next), count(all));
        let what = match self.convergence() {
            Convergence::AsTold => return None,
            Convergence::None => {
                format!("none of {of} requests went to the new tasks, whose weight is {weight} %")
            }
            Convergence::TooFew => {
                format!(
                    "only {next} of {of} requests ({share}) went to the new tasks, whose weight is {weight} %"
                )
            }
            Convergence::TooMany => {
                format!(
                    "{next} of {of} requests ({share}) went to the new tasks, whose weight is {weight} % only"
                )
            }
        };
        Some(match self.convergence() {
            Convergence::None | Convergence::TooFew if sticky => {
                let free = percent(self.free());
                format!(
                    "{what}: stickiness keeps users where they were, and {free} of the requests were free to go there"
                )
            }
            _ => what,
        })
    }

    /// The share of all requests that were free to go by the weights, if it is others that stickiness keeps from the next
    /// side: of those the weight's share went there.
    fn free(&self) -> f64 {
        let told = f64::from(self.weight) / f64::from(WHOLE);
        let all = self.next as f64 + self.live as f64;
        if told > 0.0 && all > 0.0 { (self.next as f64 / all / told).min(1.0) } else { 0.0 }
    }
}

/// ln of how much better shares at random explain the counts than `share`.
pub(super) fn ln_evidence(next: f64, live: f64, share: f64) -> f64 {
    let term = |count: f64, share: f64| if count > 0.0 { count * share.ln() } else { 0.0 };
    lgamma(next + 1.0) + lgamma(live + 1.0)
        - lgamma(next + live + 2.0)
        - term(next, share)
        - term(live, 1.0 - share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(weight: Weight, next: u64, live: u64) -> Convergence {
        Arrived { weight, next, live }.convergence()
    }

    #[test]
    fn requests_by_the_weights_are_as_told_and_others_are_not() {
        assert_eq!(told(10, 0, 0), Convergence::AsTold);
        assert_eq!(told(10, 1_000, 9_000), Convergence::AsTold);
        assert_eq!(told(10, 0, 20), Convergence::AsTold, "that happens");
        assert_eq!(told(10, 0, 2_000), Convergence::None);
        assert_eq!(told(33, 6, 3_000), Convergence::TooFew);
        assert_eq!(told(10, 5_000, 5_000), Convergence::TooMany);
        assert_eq!(told(100, 1_000, 500), Convergence::TooFew);
        assert_eq!(told(100, 100_000_000, 1_000), Convergence::AsTold, "stragglers");
    }

    #[test]
    fn stickiness_explains_a_shortfall() {
        let arrived = Arrived { weight: 33, next: 6, live: 3_000 };
        assert_eq!(
            arrived.words(true).unwrap(),
            "only 6 of 3,006 requests (0.2 %) went to the new tasks, whose weight is 33 %: stickiness keeps users where they were, and 0.6 % of the requests were free to go there"
        );
        let too_many = Arrived { weight: 10, next: 5_000, live: 5_000 };
        assert!(!too_many.words(true).unwrap().contains("stickiness"), "that keeps nobody there");
        assert_eq!(Arrived { weight: 33, next: 1_000, live: 2_000 }.words(false), None);
    }
}
