//! Whether tasks that have traffic bear it: at one moment, and over the looks of a bake or a drain.
//!
//! Before the shift everything has to be there ([`crate::health::judge`]). Afterwards tasks come and go as they do on
//! every other day: autoscaling starts some, ECS replaces one that died. That is no illness while enough of them serve.

use crate::Timestamp;
use crate::evidence::SideSeen;
use crate::health::{Expectation, broken, doubt, no_room};
use crate::span::Seconds;

/// One task in this many may be missing for as long as it takes to replace it, and one of two or three.
pub const SPARE: u32 = 4;
/// While a side serves, its number of tasks may be set to no fewer than one in this many of those that its weight
/// stands for: autoscaling takes some away where they have little to do, and nobody's autoscaling takes more.
pub const LEAST: u32 = 2;
/// How many health-check intervals too few healthy tasks are borne.
const ILL_INTERVALS: u64 = 2;

/// How tasks bear their traffic at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bearing {
    /// As many are healthy as are needed.
    Well,
    /// Enough are healthy to serve, but not all: one is on its way, or being replaced.
    Short(String),
    /// Too few are healthy.
    Ill(String),
    /// It will not be better; why, and a task that stopped for it.
    Broken {
        /// Why.
        reason: String,
        /// A task whose last log lines are worth reading.
        task: Option<String>,
    },
}

/// Since when it has not been well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Since {
    /// Since when too few are healthy.
    pub ill: Option<Timestamp>,
    /// Since when not all are healthy.
    pub short: Option<Timestamp>,
}

/// How long it may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// That too few are healthy.
    pub ill: Seconds,
    /// That some are missing.
    pub short: Seconds,
}

impl Patience {
    /// One failed health check passes, several may not, and no verdict comes of a single look; to replace a task may
    /// take as long as to start it.
    pub fn new(check_interval: Seconds, poll: Seconds, health_timeout: Seconds) -> Self {
        let ill = Seconds(check_interval.0.saturating_mul(ILL_INTERVALS).max(poll.0));
        Self { ill, short: health_timeout.max(ill) }
    }
}

/// What comes of it over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// All is well.
    Well,
    /// It may still pass.
    Passing {
        /// What is the matter.
        why: String,
        /// Since when.
        since: Since,
    },
    /// It lasted too long, or will not be better.
    Over {
        /// Why.
        reason: String,
        /// A task whose last log lines are worth reading.
        task: Option<String>,
    },
}

impl Course {
    /// Since when it has not been well, for the record.
    pub fn since(&self) -> Since {
        match self {
            Self::Passing { since, .. } => *since,
            Self::Well | Self::Over { .. } => Since::default(),
        }
    }
}

/// How many healthy tasks a side needs that has this weight: as many as were planned, or fewer if whoever scales the
/// service has set fewer; but no fewer than [`least`]. What is started beyond the plan is welcome and not needed.
///
/// A service that was told to run no task when the deployment was planned, and still is, needs none.
pub fn needed(planned: u32, desired: u32, least: u32) -> u32 {
    if planned == 0 { desired } else { desired.min(planned).max(least).max(1) }
}

/// The fewest tasks that may be set on a side of this weight before that is somebody's hand.
pub fn least(planned: u32, weight: u32) -> u32 {
    let share = u64::from(planned) * u64::from(weight);
    let least = share.div_ceil(u64::from(crate::route::WHOLE) * u64::from(LEAST));
    u32::try_from(least).unwrap_or(u32::MAX).max(1)
}

/// How few healthy tasks serve while the others are replaced.
pub fn enough(needed: u32) -> u32 {
    let spare = if needed < 2 { 0 } else { (needed / SPARE).max(1) };
    needed.saturating_sub(spare).max(1)
}

/// Judges tasks that have traffic, at one moment.
pub fn bear(seen: &SideSeen, expect: &Expectation<'_>) -> Bearing {
    if let Some((reason, task)) = broken(seen, expect) {
        return Bearing::Broken { reason, task };
    }
    let healthy = healthy(seen, expect.revision);
    if healthy >= expect.needed {
        return Bearing::Well;
    }
    if let Some(reason) = no_room(seen, expect) {
        return Bearing::Broken { reason, task: None };
    }
    let why = format!("{healthy} of {} tasks are healthy{}", expect.needed, doubts(seen));
    if healthy >= enough(expect.needed) { Bearing::Short(why) } else { Bearing::Ill(why) }
}

/// How many tasks of the revision run and are healthy, by their containers' checks and by every target group.
fn healthy(seen: &SideSeen, revision: &str) -> u32 {
    let up = seen.tasks.iter().filter(|task| task.is_up() && task.health != "UNHEALTHY");
    let right = up.filter(|task| task.task_definition == revision).count();
    let right = u32::try_from(right).unwrap_or(u32::MAX);
    if seen.targets.is_empty() { right } else { right.min(seen.healthy()) }
}

/// What is the matter with the first target that is not healthy.
fn doubts(seen: &SideSeen) -> String {
    seen.targets.keys().find_map(|group| doubt(&seen.own_and_stray(group).0)).unwrap_or_default()
}

/// What comes of how tasks bear their traffic, given since when they do not.
pub fn course(bearing: Bearing, since: Since, patience: Patience, now: Timestamp) -> Course {
    let lasted = |from: Timestamp, patience: Seconds| Seconds::between(from, now) >= patience;
    let short = since.short.or(since.ill).unwrap_or(now);
    match bearing {
        Bearing::Well => Course::Well,
        Bearing::Broken { reason, task } => Course::Over { reason, task },
        Bearing::Short(why) if lasted(short, patience.short) => Course::Over { reason: why, task: None },
        Bearing::Short(why) => Course::Passing { why, since: Since { ill: None, short: Some(short) } },
        Bearing::Ill(why) => {
            let ill = since.ill.unwrap_or(now);
            if lasted(ill, patience.ill) {
                return Course::Over { reason: why, task: None };
            }
            Course::Passing { why, since: Since { ill: Some(ill), short: Some(short) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{TargetSeen, TaskSeen};
    use proptest::prelude::*;

    const REVISION: &str = "td:2";
    const PATIENCE: Patience = Patience { ill: Seconds(10), short: Seconds(600) };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn expect(needed: u32) -> Expectation<'static> {
        Expectation { revision: REVISION, needed, since: at(100), now: at(200), room_patience: Seconds(30) }
    }

    /// A task for each target, in these states.
    fn side(states: &[&str]) -> SideSeen {
        let task = TaskSeen {
            task_definition: REVISION.into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            ..TaskSeen::default()
        };
        let target =
            |state: &&str| TargetSeen { id: "10.0.0.1".into(), port: 80, state: (*state).into(), why: None };
        SideSeen {
            tasks: vec![task; states.len()],
            targets: [("tg".to_owned(), states.iter().map(target).collect())].into(),
            ..SideSeen::default()
        }
    }

    #[test]
    fn a_scale_out_is_no_illness() {
        assert_eq!(bear(&side(&["healthy", "healthy", "initial"]), &expect(2)), Bearing::Well);
        assert_eq!(needed(2, 5, 1), 2, "what autoscaling adds is not needed");
    }

    #[test]
    fn a_task_that_is_replaced_is_no_illness_while_enough_serve() {
        let bearing = bear(&side(&["healthy", "unhealthy"]), &expect(2));
        assert!(
            matches!(&bearing, Bearing::Short(why) if why.contains("1 of 2") && why.contains("is unhealthy")),
            "{bearing:?}"
        );
        assert!(matches!(bear(&side(&["unhealthy", "unhealthy"]), &expect(2)), Bearing::Ill(_)));
        assert!(matches!(bear(&side(&["initial"]), &expect(1)), Bearing::Ill(_)), "nobody serves meanwhile");
        assert_eq!([1, 2, 3, 4, 8, 10].map(enough), [1, 1, 2, 3, 6, 8]);
    }

    #[test]
    fn a_scale_in_is_borne_down_to_half_of_what_the_weight_stands_for() {
        assert_eq!([10, 50, 100].map(|weight| least(10, weight)), [1, 3, 5]);
        assert_eq!(needed(10, 6, least(10, 100)), 6);
        assert_eq!(needed(10, 2, least(10, 100)), 5, "fewer are somebody's hand");
        assert_eq!(needed(10, 0, 0), 1, "and none are nobody's");
        assert_eq!([0, 2].map(|desired| needed(0, desired, 1)), [0, 2], "unless there were none before");
    }

    #[test]
    fn what_is_missing_may_be_so_for_longer_than_an_illness() {
        let short = |since| course(Bearing::Short("1 of 2".into()), since, PATIENCE, at(1000));
        let since = Since { ill: None, short: Some(at(401)) };
        assert_eq!(short(since), Course::Passing { why: "1 of 2".into(), since });
        let too_long = Since { short: Some(at(400)), ..since };
        assert!(matches!(short(too_long), Course::Over { .. }));
        let ill = |since| course(Bearing::Ill("0 of 2".into()), since, PATIENCE, at(1000));
        let Course::Passing { since, .. } = ill(since) else { panic!("it has only just fallen ill") };
        assert_eq!(since, Since { ill: Some(at(1000)), short: Some(at(401)) });
        assert!(matches!(ill(Since { ill: Some(at(990)), short: None }), Course::Over { .. }));
        assert_eq!(course(Bearing::Well, since, PATIENCE, at(1000)).since(), Since::default());
    }

    proptest! {
        #[test]
        fn one_more_healthy_task_is_never_worse(healthy in 0usize..12, initial in 0usize..3, needed in 1u32..12) {
            let rank = |count: usize| {
                let states: Vec<&str> =
                    (0..count).map(|_| "healthy").chain((0..initial).map(|_| "initial")).collect();
                match bear(&side(&states), &expect(needed)) {
                    Bearing::Well => 2,
                    Bearing::Short(_) => 1,
                    _ => 0,
                }
            };
            prop_assert!(rank(healthy + 1) >= rank(healthy));
            prop_assert_eq!(rank(healthy) == 2, healthy >= needed as usize);
        }

        #[test]
        fn no_look_ends_it_before_its_patience(looks in prop::collection::vec((0usize..3, 1i64..8), 1..40)) {
            let (mut since, mut now, mut well) = (Since::default(), 0, 0);
            for (healthy, pause) in looks {
                now += pause;
                let states: Vec<&str> = (0..healthy).map(|_| "healthy").collect();
                let course = course(bear(&side(&states), &expect(2)), since, PATIENCE, at(now));
                if healthy > 0 {
                    well = now;
                }
                if matches!(course, Course::Over { .. }) {
                    prop_assert!(now - well >= 10, "{now} after {well}");
                    break;
                }
                prop_assert!(healthy > 0 || now - well < 10 + 8, "{now} after {well}");
                since = course.since();
            }
        }
    }
}
