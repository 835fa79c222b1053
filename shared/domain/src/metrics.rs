//! Whether the next side answers worse than the live side, by the load balancer's counts.

use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// Fewer errors than this prove nothing.
pub const MINIMUM_ERRORS: u64 = 3;
/// How much larger the next side's share of errors may be than the live side's: this factor …
pub const SHARE_FACTOR: f64 = 2.0;
/// … and this much besides.
pub const SHARE_MARGIN: f64 = 0.01;
/// An answer is slow if it takes longer than this factor times what nine of ten answers of the live side take …
pub const LATENCY_FACTOR: f64 = 2.0;
/// … and this many seconds besides.
pub const LATENCY_MARGIN: f64 = 0.25;
/// The share of the live side's answers that take longer than [`Counts::p90`].
const LIVE_SLOW_SHARE: f64 = 0.1;
/// With fewer answers than this on either side, chance says more of latency than the version does.
pub const LATENCY_ANSWERS: u64 = 50;

/// How many times the requests that are under way on the average may be under way at one moment.
pub const UNDER_WAY_FACTOR: f64 = 2.0;
/// Whoever has not answered after this has not answered: the load balancer's own idle timeout, unless somebody changed
/// it.
pub const ANSWER_PATIENCE: Seconds = Seconds(60);

/// What a target group did in a span of time.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Requests that reached a target.
    pub requests: u64,
    /// Those its targets answered with 5xx, and those that no target answered.
    pub errors: u64,
    /// The 90th percentile of the targets' response time in seconds: of its periods the middle one.
    pub p90: Option<f64>,
    /// The longest response time in seconds.
    pub slowest: Option<f64>,
    /// How many answers took too long, if a limit was known.
    pub slow: Option<Slow>,
}

/// What a target group did in one period of the load balancer's metrics.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Period {
    /// Requests for which a target was chosen.
    pub requests: u64,
    /// Answers that targets began to give.
    pub answers: u64,
    /// Connections to targets that could not be established.
    pub refused: u64,
    /// The response times of all answers together, in seconds.
    pub busy: f64,
    /// Whether whoever answers at all has answered the requests of this period, and it is known.
    pub settled: bool,
}

/// How many requests no target answered: it hung, or dropped or refused the connection. The load balancer answers them
/// itself, with 502 or 504, and counts those by itself and not by target group: what is left of the requests is them.
///
/// Some of the requests at the end of the settled periods are still under way and will be answered. How many those are
/// the response times tell (Little's law: as many as the seconds of answering that fall into a second); so many times
/// [`UNDER_WAY_FACTOR`], in the busiest period, are taken for that. `length` is a period's.
pub fn unanswered(periods: &[Period], length: Seconds) -> u64 {
    let settled = || periods.iter().filter(|period| period.settled);
    let requests: u64 = settled().map(|period| period.requests).sum();
    let answers: u64 = settled().map(|period| period.answers).sum();
    let busiest = periods.iter().map(|period| period.busy).fold(0.0, f64::max);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and not negative")]
    let under_way = (busiest / length.0.max(1) as f64 * UNDER_WAY_FACTOR).ceil() as u64;
    let refused = periods.iter().map(|period| period.refused).sum();
    requests.saturating_sub(answers).saturating_sub(under_way).max(refused)
}

/// How many answers took longer than a limit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Slow {
    /// Seconds.
    pub limit: f64,
    /// Answers that took longer.
    pub answers: u64,
    /// All answers whose time is known.
    pub of: u64,
}

impl Counts {
    /// These and another target group's of the same tasks. Slow answers were counted by each group's own limit.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let larger = |one: Option<f64>, two: Option<f64>| one.into_iter().chain(two).max_by(f64::total_cmp);
        let slow = match (self.slow, other.slow) {
            (Some(one), Some(two)) => Some(Slow {
                limit: one.limit.max(two.limit),
                answers: one.answers + two.answers,
                of: one.of + two.of,
            }),
            (one, two) => one.or(two),
        };
        Self {
            requests: self.requests + other.requests,
            errors: self.errors + other.errors,
            p90: larger(self.p90, other.p90),
            slowest: larger(self.slowest, other.slowest),
            slow,
        }
    }

    /// How long requests are given before they count as unanswered, by what the slowest answer took.
    pub fn answer_patience(&self) -> Seconds {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "seconds, and not negative"
        )]
        let slowest = self.slowest.unwrap_or(0.0).max(0.0).ceil() as u64;
        Seconds(slowest).min(ANSWER_PATIENCE)
    }

    /// The share of requests that failed.
    pub fn error_share(&self) -> f64 {
        part_of(self.errors, self.requests)
    }

    /// From how many seconds on an answer of the next side is slow, if these are the live side's counts and there are
    /// enough of them to say.
    pub fn slow_limit(&self) -> Option<f64> {
        (self.requests >= LATENCY_ANSWERS)
            .then_some(self.p90?)
            .map(|p90| p90 * LATENCY_FACTOR + LATENCY_MARGIN)
    }
}

fn part_of(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
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
            "the new tasks answered {} of {} requests with errors or not at all ({:.1} %), the old ones {:.1} %",
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
    match next.slow {
        Some(slow)
            if slow.of >= LATENCY_ANSWERS
                && part_of(slow.answers, slow.of) > LIVE_SLOW_SHARE * SHARE_FACTOR + SHARE_MARGIN =>
        {
            Comparison::Worse(format!(
                "{} of {} answers of the new tasks took longer than {:.3} s, which nine of ten answers of the old ones stay well below",
                slow.answers, slow.of, slow.limit
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
        Counts { requests, errors, p90: Some(0.1), ..Counts::default() }
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

    fn slow(answers: u64, of: u64) -> Counts {
        Counts { slow: Some(Slow { limit: 0.45, answers, of }), ..counts(of, 0) }
    }

    #[test]
    fn more_than_a_fifth_of_slow_answers_is_worse() {
        assert!(matches!(compare(&slow(22, 100), &counts(100, 0), 20), Comparison::Worse(_)));
        assert!(matches!(compare(&slow(20, 100), &counts(100, 0), 20), Comparison::AsWell(_)));
    }

    #[test]
    fn a_handful_of_answers_says_nothing_of_latency() {
        assert!(matches!(compare(&slow(30, 49), &counts(100, 0), 20), Comparison::AsWell(_)));
        assert_eq!(counts(49, 0).slow_limit(), None);
    }

    #[test]
    fn all_target_groups_count_together() {
        let (well, erring) = (counts(100, 0), counts(20, 10));
        assert_eq!((well.and(&erring).requests, well.and(&erring).errors), (120, 10));
        assert_eq!(
            well.and(&slow(5, 60)).and(&slow(20, 40)).slow.map(|slow| (slow.answers, slow.of)),
            Some((25, 100))
        );
        assert_eq!(Counts::default().and(&erring), erring);
    }

    #[test]
    fn slow_is_what_is_well_above_nine_of_ten_answers_of_the_live_side() {
        assert_eq!(counts(50, 0).slow_limit(), Some(0.45));
        assert_eq!(Counts { p90: None, ..counts(50, 0) }.slow_limit(), None);
    }

    /// A minute of requests that take so many seconds each, of which a share is never answered.
    fn minute(requests: u64, lost: u64, each: f64, settled: bool) -> Period {
        let answers = requests - lost;
        Period { requests, answers, refused: 0, busy: answers as f64 * each, settled }
    }

    #[test]
    fn what_is_never_answered_is_an_error_and_what_is_still_under_way_is_not() {
        let hanging = [minute(600, 180, 0.05, true), minute(600, 180, 0.05, true)];
        assert_eq!(unanswered(&hanging, Seconds(60)), 359, "one may be under way");
        // Every request takes 30 s: of the first minute half is answered in the second.
        let first = Period { answers: 300, ..minute(600, 0, 30.0, true) };
        assert_eq!(unanswered(&[first, minute(600, 0, 30.0, false)], Seconds(60)), 0);
        let unsettled = [minute(600, 0, 0.05, true), minute(600, 600, 0.05, false)];
        assert_eq!(unanswered(&unsettled, Seconds(60)), 0, "they may yet be answered");
    }

    #[test]
    fn refused_connections_are_not_counted_twice() {
        let refusing = Period { refused: 50, ..minute(600, 50, 0.0, true) };
        assert_eq!(unanswered(&[refusing], Seconds(60)), 50);
        let newest = Period { settled: false, ..refusing };
        assert_eq!(unanswered(&[newest], Seconds(60)), 50, "a refusal is an answer that is known at once");
    }

    proptest! {
        #[test]
        fn no_steady_service_that_answers_has_unanswered_requests(
            rate in 1u64..200, each in 1u64..59, minutes in 2usize..10,
        ) {
            // Requests come evenly and take `each` seconds; the first minute answers only what began early enough.
            let (requests, answered) = (rate * 60, rate * (60 - each));
            let mut periods = vec![minute(requests, 0, each as f64, true); minutes];
            periods[0] = Period { answers: answered, busy: (answered * each) as f64, ..periods[0] };
            periods[minutes - 1].settled = false;
            prop_assert_eq!(unanswered(&periods, Seconds(60)), 0);
        }

        #[test]
        fn more_lost_requests_are_never_fewer_unanswered(requests in 1u64..1000, lost in 0u64..1000, each in 0.0..60.0) {
            let lost = lost.min(requests - 1);
            let of = |lost| unanswered(&[minute(requests, lost, each, true)], Seconds(60));
            prop_assert!(of(lost + 1) >= of(lost));
        }

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
