//! Invariant 11: what users saw, by their own record.

use super::Breaches;
use rehearsal_traffic::{NO_VERSION, Record};

/// Which requests may fail.
#[derive(Debug, Clone, PartialEq)]
pub enum Allowed {
    /// None.
    None,
    /// Those that a broken version answers while it bakes, within its share of all requests from its first to its
    /// last.
    OnlyOf {
        /// The broken version.
        version: String,
        /// The most weight that it had.
        weight: u32,
        /// Whether it fails by not answering: of those requests nobody can tell which version had them, so that all
        /// that no version answered are counted as its own.
        silent: bool,
    },
    /// Those that this version answers.
    Of(String),
    /// Those that the load balancer itself answered with this status.
    Balancer(u16),
    /// Any.
    Any,
}

/// Chance gives a share of `weight` per cent a spread; this many standard deviations of it are taken for chance.
const SPREAD: f64 = 4.0;

/// Judges the record.
pub fn judge(record: &Record, allowed: &Allowed, breaches: &mut Breaches) {
    let totals = &record.summary.totals;
    if totals.unsent > 0 {
        breaches.add(
            11,
            format!(
                "{} requests were not sent: this machine was too busy to make the traffic",
                totals.unsent
            ),
        );
    }
    if *allowed == Allowed::Any {
        return;
    }
    if let Allowed::Balancer(status) = allowed {
        let failures = record.summary.failures.iter();
        let others =
            failures.filter(|one| one.request.version.is_some() || one.request.status != Some(*status));
        let others = others.count();
        if others > 0 {
            breaches.add(
                11,
                format!("{others} requests failed otherwise than by a {status} of the load balancer"),
            );
        }
        return;
    }
    for (name, version) in &record.summary.by_version {
        let failed = version.counts.failed;
        match allowed {
            Allowed::OnlyOf { silent: true, .. } if name == NO_VERSION => {}
            Allowed::Of(failing) if name == failing => {}
            Allowed::OnlyOf { version: broken, weight, silent } if name == broken => {
                let all = u64::from(*weight) * span(record, broken) / 100;
                let most = most_by_chance(span(record, broken), *weight);
                let none = record.summary.by_version.get(NO_VERSION).filter(|_| *silent);
                let own = version.counts.ok + failed + none.map_or(0, |none| none.counts.failed);
                if own > most {
                    breaches.add(
                        11,
                        format!("{broken} answered {own} requests, its share was {all} (at most {most})"),
                    );
                }
            }
            _ if failed > 0 => breaches.add(11, format!("{failed} requests failed with version {name}")),
            _ => {}
        }
    }
}

/// How many requests were sent from the first to the last that a version answered.
fn span(record: &Record, version: &str) -> u64 {
    let seconds = &record.summary.seconds;
    let answered = |second: &&rehearsal_traffic::Second| second.by_version.contains_key(version);
    let (Some(first), Some(last)) = (seconds.iter().find(answered), seconds.iter().rev().find(answered))
    else {
        return 0;
    };
    seconds
        .iter()
        .filter(|second| (first.at_s..=last.at_s).contains(&second.at_s))
        .map(rehearsal_traffic::Second::total)
        .sum()
}

/// The most that a share of `weight` per cent of `count` requests is, chance included.
fn most_by_chance(count: u64, weight: u32) -> u64 {
    let share = f64::from(weight) / 100.0;
    #[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
    let count = count as f64;
    let most = count * share + SPREAD * (count * share * (1.0 - share)).sqrt();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count, and positive")]
    let most = most.ceil() as u64;
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_widens_a_share_only_a_little() {
        assert_eq!(most_by_chance(0, 10), 0);
        let most = most_by_chance(10_000, 10);
        assert!((1_000..=1_130).contains(&most), "{most}");
        assert_eq!(most_by_chance(500, 100), 500);
    }
}
