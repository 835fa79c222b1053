//! Whether the next side answers worse than the live side, by the load balancer's counts.

use serde::{Deserialize, Serialize};

/// Fewer errors than this prove nothing.
pub const MINIMUM_ERRORS: u64 = 3;
/// How much larger the next side's share of errors may be than the live side's: this factor …
pub const SHARE_FACTOR: f64 = 2.0;
/// … and this much besides.
pub const SHARE_MARGIN: f64 = 0.01;
/// How much longer the next side's answers may take than the live side's: this factor …
pub const LATENCY_FACTOR: f64 = 2.0;
/// … and this many seconds besides.
pub const LATENCY_MARGIN: f64 = 0.25;

/// What a target group did in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Requests that reached a target.
    pub requests: u64,
    /// Those its targets answered with 5xx, and connections to them that failed.
    pub errors: u64,
    /// The 90th percentile of the targets' response time in seconds: of its periods the middle one.
    pub p90: Option<f64>,
}

impl Counts {
    /// The share of requests that failed.
    pub fn error_share(&self) -> f64 {
        if self.requests == 0 { 0.0 } else { self.errors as f64 / self.requests as f64 }
    }
}

/// What the comparison says.
#[derive(Debug, Clone, PartialEq)]
pub enum Comparison {
    /// Not enough requests to say anything: wait.
    Inconclusive(String),
    /// The next side answers worse.
    Worse(String),
    /// The next side answers as well.
    AsWell(String),
}

/// Compares the next side's counts with those of the live side, or of the service before it began.
pub fn compare(next: &Counts, live: &Counts, minimum: u64) -> Comparison {
    let (share, baseline) = (next.error_share(), live.error_share());
    if next.errors >= MINIMUM_ERRORS && share > baseline * SHARE_FACTOR + SHARE_MARGIN {
        return Comparison::Worse(format!(
            "the new tasks answered {} of {} requests with errors ({:.1} %), the old ones {:.1} %",
            next.errors,
            next.requests,
            share * 100.0,
            baseline * 100.0
        ));
    }
    if next.requests < minimum {
        return Comparison::Inconclusive(format!(
            "the new tasks have answered {} requests, {minimum} are needed to judge them",
            next.requests
        ));
    }
    match (next.p90, live.p90) {
        (Some(p90), Some(before))
            if live.requests >= minimum && p90 > before * LATENCY_FACTOR + LATENCY_MARGIN =>
        {
            Comparison::Worse(format!(
                "nine of ten answers of the new tasks took up to {p90:.3} s, of the old ones {before:.3} s"
            ))
        }
        _ => Comparison::AsWell(format!(
            "{} requests, {} errors, against {:.1} % before",
            next.requests,
            next.errors,
            baseline * 100.0
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(requests: u64, errors: u64) -> Counts {
        Counts { requests, errors, p90: Some(0.1) }
    }

    #[test]
    fn no_data_waits_and_does_not_pass() {
        assert!(matches!(compare(&counts(0, 0), &counts(1000, 0), 20), Comparison::Inconclusive(_)));
    }

    #[test]
    fn a_third_of_errors_is_worse_even_before_the_minimum() {
        assert!(matches!(compare(&counts(10, 3), &counts(1000, 0), 20), Comparison::Worse(_)));
        assert!(matches!(compare(&counts(2, 2), &counts(1000, 0), 20), Comparison::Inconclusive(_)));
    }

    #[test]
    fn errors_that_the_live_side_has_too_are_not_held_against_the_next() {
        assert!(matches!(compare(&counts(1000, 50), &counts(1000, 50), 20), Comparison::AsWell(_)));
    }

    #[test]
    fn slow_answers_are_worse() {
        let slow = Counts { p90: Some(1.0), ..counts(100, 0) };
        assert!(matches!(compare(&slow, &counts(100, 0), 20), Comparison::Worse(_)));
    }

    #[test]
    fn a_handful_of_earlier_answers_says_nothing_of_latency() {
        let slow = Counts { p90: Some(1.0), ..counts(100, 0) };
        assert!(matches!(compare(&slow, &counts(5, 0), 20), Comparison::AsWell(_)));
    }

    proptest! {
        #[test]
        fn more_errors_never_turn_worse_into_well(requests in 20u64..10_000, errors in 0u64..10_000, live in 0u64..1000) {
            let errors = errors.min(requests - 1);
            let baseline = counts(1000, live);
            if matches!(compare(&counts(requests, errors), &baseline, 20), Comparison::Worse(_)) {
                let more = compare(&counts(requests, errors + 1), &baseline, 20);
                prop_assert!(matches!(more, Comparison::Worse(_)));
            }
        }
    }
}
