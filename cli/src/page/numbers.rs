//! What a team's deployments come to: how many, how many of them taken back, how long until all is new or safe again. Pure.

use changeover_domain::Timestamp;
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::span::Seconds;

/// A day, in seconds.
const DAY: u64 = 24 * 3600;

/// The numbers of a service's deployments that are on record.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Numbers {
    /// How many have ended that changed something: Succeeded, RolledBack or NeedsHuman.
    pub ended: usize,
    /// How many of them in a day, from the first until now; none within the first day.
    pub a_day: Option<f64>,
    /// The share of them that was taken back or needs somebody, between 0 and 1.
    pub taken_back: Option<f64>,
    /// The median time from the beginning until all traffic was new, of those that succeeded, in seconds.
    pub until_traffic: Option<u64>,
    /// The median time from the beginning of going back until the old tasks had all traffic again, in seconds.
    pub until_safe: Option<u64>,
}

/// Counts.
pub fn numbers(deployments: &[Deployment], now: Timestamp) -> Numbers {
    let changed = [Outcome::Succeeded, Outcome::RolledBack, Outcome::NeedsHuman];
    let ended: Vec<&Deployment> = deployments
        .iter()
        .filter(|one| one.outcome.is_some_and(|outcome| changed.contains(&outcome)) && !one.nothing_to_do)
        .collect();
    let first = ended.iter().map(|one| one.began_at).min();
    let days = first.map(|first| Seconds::between(first, now).0).filter(|seconds| *seconds >= DAY);
    let bad = ended.iter().filter(|one| one.outcome != Some(Outcome::Succeeded)).count();
    let share = |part: usize| part as f64 / ended.len() as f64;
    let good = ended.iter().filter(|one| one.outcome == Some(Outcome::Succeeded));
    let until_traffic = good.filter_map(|one| {
        let receipt = one.receipt.as_ref()?;
        Some(receipt.seconds.saturating_sub(receipt.drain_seconds))
    });
    let until_safe = ended.iter().filter_map(|one| {
        let back = &one.progress.back;
        Some(Seconds::between(back.rollback_at?, back.restored_at?).0)
    });
    Numbers {
        ended: ended.len(),
        a_day: days.map(|seconds| ended.len() as f64 / (seconds as f64 / DAY as f64)),
        taken_back: (!ended.is_empty()).then(|| share(bad)),
        until_traffic: median(until_traffic.collect()),
        until_safe: median(until_safe.collect()),
    }
}

/// The middle one; of two, the lower.
fn median(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    all.get(all.len().checked_sub(1)? / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::Receipt;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn ended(outcome: Outcome, seconds: u64, drain: u64) -> Deployment {
        let name = ServiceName::new("main", "web");
        let mut one = Deployment::new(name, DeploymentId::from("d"), "arn", "push", at(0));
        one.outcome = Some(outcome);
        one.receipt = Some(Receipt {
            seconds,
            health_seconds: 0,
            bake_seconds: 0,
            drain_seconds: drain,
            rollback_seconds: 0,
            proven: None,
            weights: vec![],
        });
        one
    }

    #[test]
    fn what_changed_something_is_counted() {
        let mut back = ended(Outcome::RolledBack, 90, 0);
        back.progress.back.rollback_at = Some(at(60));
        back.progress.back.restored_at = Some(at(65));
        let all = [
            ended(Outcome::Succeeded, 300, 100),
            ended(Outcome::Succeeded, 500, 100),
            ended(Outcome::Succeeded, 900, 100),
            back,
            ended(Outcome::Refused, 1, 0),
            ended(Outcome::Superseded, 1, 0),
        ];
        let two_days = 2 * 24 * 3600;
        let seen = numbers(&all, at(two_days));
        assert_eq!(
            seen,
            Numbers {
                ended: 4,
                a_day: Some(2.0),
                taken_back: Some(0.25),
                until_traffic: Some(400),
                until_safe: Some(5)
            }
        );
        assert_eq!(numbers(&all, at(60)).a_day, None, "a day is not over");
        assert_eq!(numbers(&[], at(0)), Numbers::default());
    }
}
