//! Retry: which errors are tried again, how often and after how long. Pure: chance is an argument.

use crate::error::matches;
use std::time::Duration;

/// AWS's own bound on `IntervalSeconds` and `MaxAttempts`.
pub(crate) const MOST: u64 = 99_999_999;
/// AWS's own bound on `MaxDelaySeconds`.
pub(crate) const MOST_DELAY: u64 = 31_622_399;

/// One element of `Retry`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrier {
    /// `ErrorEquals`
    pub errors: Vec<String>,
    /// `IntervalSeconds`, 1 if it does not say.
    pub interval: u64,
    /// `MaxAttempts`, 3 if it does not say.
    pub attempts: u64,
    /// `BackoffRate`, 2 if it does not say.
    pub rate: f64,
    /// `MaxDelaySeconds`
    pub most_delay: Option<u64>,
    /// Whether `JitterStrategy` is `FULL`.
    pub jitter: bool,
}

impl Retrier {
    /// How long to wait before the next attempt, after `made` of this retrier's attempts; none if that was all.
    /// `chance` is from 0 to 1.
    pub fn delay(&self, made: u64, chance: f64) -> Option<Duration> {
        if made >= self.attempts {
            return None;
        }
        #[expect(clippy::cast_precision_loss, reason = "the bounds are far below 2^52")]
        let (interval, made) = (self.interval as f64, made as f64);
        #[expect(clippy::cast_precision_loss, reason = "the bound is far below 2^52")]
        let most = self.most_delay.unwrap_or(MOST_DELAY) as f64;
        let full = (interval * self.rate.powf(made)).min(most);
        let delay = if self.jitter { full * chance.clamp(0.0, 1.0) } else { full };
        Some(Duration::try_from_secs_f64(delay).unwrap_or_default())
    }
}

/// The attempts made in one visit of a state, by retrier.
#[derive(Debug, Clone, Default)]
pub struct Attempts {
    made: Vec<u64>,
}

impl Attempts {
    /// What to do about an error: the first retrier that names it decides.
    pub fn next(&mut self, retriers: &[Retrier], error: &str, chance: f64) -> Option<Duration> {
        let index = retriers.iter().position(|retrier| matches(&retrier.errors, error))?;
        self.made.resize(retriers.len(), 0);
        let delay = retriers[index].delay(self.made[index], chance)?;
        self.made[index] += 1;
        Some(delay)
    }

    /// All attempts made.
    pub fn made(&self) -> u64 {
        self.made.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn retrier(errors: &[&str]) -> Retrier {
        Retrier {
            errors: errors.iter().map(|error| (*error).to_owned()).collect(),
            interval: 3,
            attempts: 4,
            rate: 2.0,
            most_delay: Some(10),
            jitter: false,
        }
    }

    #[test]
    fn delays_grow_to_their_bound_and_end() {
        let delays: Vec<_> =
            (0..5).map(|made| retrier(&["E"]).delay(made, 0.5).map(|d| d.as_secs())).collect();
        assert_eq!(delays, [Some(3), Some(6), Some(10), Some(10), None]);
    }

    #[test]
    fn no_attempts_mean_no_retry() {
        let retriers = [Retrier { attempts: 0, ..retrier(&["E"]) }, retrier(&["States.ALL"])];
        assert_eq!(Attempts::default().next(&retriers, "E", 0.0), None, "the first that names it decides");
        assert!(Attempts::default().next(&retriers, "F", 0.0).is_some());
    }

    #[test]
    fn each_retrier_counts_for_itself() {
        let retriers =
            [Retrier { attempts: 1, ..retrier(&["A"]) }, Retrier { attempts: 1, ..retrier(&["B"]) }];
        let mut attempts = Attempts::default();
        assert!(attempts.next(&retriers, "A", 0.0).is_some());
        assert!(attempts.next(&retriers, "B", 0.0).is_some());
        assert!(attempts.next(&retriers, "A", 0.0).is_none());
        assert_eq!(attempts.made(), 2);
    }

    proptest! {
        #[test]
        fn full_jitter_stays_between_nothing_and_the_full_delay(
            made in 0_u64..20, interval in 1_u64..1000, rate in 1.0_f64..5.0, most in 1_u64..10_000, chance in 0.0_f64..=1.0,
        ) {
            let plain = Retrier { interval, rate, most_delay: Some(most), attempts: 20, ..retrier(&["E"]) };
            let jittered = Retrier { jitter: true, ..plain.clone() };
            let full = plain.delay(made, chance).unwrap();
            prop_assert!(full <= Duration::from_secs(most));
            prop_assert!(jittered.delay(made, chance).unwrap() <= full);
            prop_assert_eq!(jittered.delay(made, 0.0).unwrap(), Duration::ZERO);
        }
    }
}
