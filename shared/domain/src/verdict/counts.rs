//! What both sides did in one period of the load balancer's metrics.

use serde::{Deserialize, Serialize};

/// More than this a period cannot have: counts up to here are exact as floating-point numbers.
pub const MAX_COUNT: u64 = 1_000_000_000_000;

/// What one side did in a period.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Counted {
    /// Requests for which one of its targets was chosen.
    pub requests: u64,
    /// Those that were answered with 5xx, and those that were not answered. What a client broke off (460) is none.
    pub errors: u64,
    /// Those that were answered with 4xx.
    pub client_errors: u64,
    /// Those that were answered with 3xx.
    pub redirects: u64,
    /// Answers whose time is known.
    pub answers: u64,
    /// How many of these took longer than a limit, for each limit that was counted.
    pub slow: Vec<Slow>,
}

/// How many answers took longer than a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// Seconds.
    pub limit: f64,
    /// Answers that took longer.
    pub answers: u64,
}

/// What happened in one complete period.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Period {
    /// How long it was, in seconds.
    pub seconds: u64,
    /// The side that is judged.
    pub next: Counted,
    /// The side that is live; none if there is none, or its numbers are missing.
    pub live: Option<Counted>,
    /// The load balancer's other target groups; none if there are none, or their numbers are missing.
    pub rest: Option<Counted>,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Part {
    /// How many.
    pub part: f64,
    /// Of how many.
    pub whole: f64,
}

impl Part {
    /// `part` of `whole`, and not more than that.
    pub fn of(part: u64, whole: u64) -> Self {
        let whole = whole.min(MAX_COUNT);
        Self { part: part.min(whole) as f64, whole: whole as f64 }
    }

    /// The share, 0 of nothing.
    pub fn share(self) -> f64 {
        if self.whole > 0.0 { self.part / self.whole } else { 0.0 }
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { part: self.part + other.part, whole: self.whole + other.whole }
    }
}

/// One kind of harm that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Kind {
    /// 5xx, and no answer.
    Errors,
    /// 4xx.
    ClientErrors,
    /// 3xx.
    Redirects,
    /// Answers that took longer than so many seconds.
    Slow(f64),
}

impl Kind {
    /// How much of it a side has; none if it was not counted.
    pub fn of(self, side: &Counted) -> Option<Part> {
        match self {
            Self::Errors => Some(Part::of(side.errors, side.requests)),
            Self::ClientErrors => Some(Part::of(side.client_errors, side.requests)),
            Self::Redirects => Some(Part::of(side.redirects, side.requests)),
            Self::Slow(limit) => side
                .slow
                .iter()
                .find(|slow| slow.limit.to_bits() == limit.to_bits())
                .map(|slow| Part::of(slow.answers, side.answers)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_never_more_than_its_whole() {
        assert_eq!(Part::of(7, 5).share(), 1.0);
        assert_eq!(Part::of(0, 0).share(), 0.0);
        assert_eq!(Part::of(u64::MAX, u64::MAX).whole, MAX_COUNT as f64);
    }

    #[test]
    fn a_limit_that_was_not_counted_is_unknown_and_not_zero() {
        let side =
            Counted { answers: 10, slow: vec![Slow { limit: 0.25, answers: 3 }], ..Counted::default() };
        assert_eq!(Kind::Slow(0.25).of(&side), Some(Part { part: 3.0, whole: 10.0 }));
        assert_eq!(Kind::Slow(0.5).of(&side), None);
    }
}
