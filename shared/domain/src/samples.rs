//! Values for the tests of other crates (feature `samples`).

use crate::Timestamp;
use crate::image::PinnedImage;
use crate::plan::{Member, Pace, Plan};
use crate::readiness::Readiness;
use crate::route::WHOLE;
use crate::settings::{Raw, read};
use crate::span::Seconds;
use crate::verdict::gathered::{Answered, Balancer, Minute};
use crate::verdict::migrated::OldTasks;
use crate::verdict::watching::{Watch, Watching};

/// How many periods of history a sample has.
const HISTORY: i64 = 10;

/// Requests and how many of them were answered with 5xx.
pub type Told = (u64, u64);

fn answered((requests, errors): Told) -> Answered {
    Answered { requests, errors, well: requests - errors, timed: requests, ..Answered::default() }
}

/// A watch over a pair, by periods of a second: before its shift the live side answered as in `live`, without any error, in
/// each of ten; in the one after it the sides answered as told. All of it is complete.
pub fn watch(shifted_at: Timestamp, now: Timestamp, next: Told, live: Told) -> Watch {
    let second = |offset: i64| Timestamp::from_second(shifted_at.as_second() + offset).unwrap_or(shifted_at);
    let minute = |start, next: Told, live: Told| Minute {
        start,
        next: answered(next),
        live: answered(live),
        whole: Balancer { requests: next.0 + live.0, errors: next.1 + live.1, given_up: 0 },
    };
    let before = (-HISTORY..0).map(|offset| minute(second(offset), (0, 0), (live.0, 0)));
    Watch {
        before: Watching::default(),
        minutes: before.chain([minute(shifted_at, next, live)]).collect(),
        period: Seconds(1),
        complete: now.max(second(1)),
        began: second(-1),
        shifted_at: Some(shifted_at),
        weight: WHOLE / 10,
        side_by_side: true,
        sticky: false,
        convergence: Seconds(0),
    }
}

/// The old tasks of a pair since a migration that began and ended at `migrated_at`, by periods of a second: `before` in each
/// of ten before it, `since` in each from then on. Numbers are complete at once.
pub fn old_tasks(migrated_at: Timestamp, now: Timestamp, before: Told, since: Told) -> OldTasks {
    let first = migrated_at.as_second();
    let minute = |second: i64| {
        let next = if second < first { before } else { since };
        Minute {
            start: Timestamp::from_second(second).unwrap_or(migrated_at),
            next: answered(next),
            live: answered((0, 0)),
            whole: Balancer { requests: next.0, errors: next.1, given_up: 0 },
        }
    };
    let watch = Watch {
        before: Watching::default(),
        minutes: (first - HISTORY..now.as_second()).map(minute).collect(),
        period: Seconds(1),
        complete: now,
        began: migrated_at,
        shifted_at: Some(migrated_at),
        weight: WHOLE,
        side_by_side: false,
        sticky: false,
        convergence: Seconds(0),
    };
    OldTasks { watch, settles_at: migrated_at, delay: Seconds(0) }
}

/// The plan of a pair: blue serves, and green is to, with two tasks each and every default but two steps.
///
/// # Panics
/// If the settings of it are none.
pub fn plan() -> Plan {
    let tags = [("repository", "web"), ("strategy", "blue-green"), ("pair", "green"), ("steps", "10 100")];
    let tags: Raw = tags.map(|(key, value)| (key.to_owned(), value.to_owned())).into_iter().collect();
    let member = |name: &str| Member {
        ecs_service: name.to_owned(),
        target_groups: vec![name.to_owned()],
        task_definition: "td:1".to_owned(),
        desired: 2,
        running: 2,
    };
    Plan {
        cluster: "main".to_owned(),
        image: PinnedImage::new("web", "r/web", None, "sha256:0"),
        container: "web".to_owned(),
        other_containers: vec![],
        live: member("blue"),
        next: Some(member("green")),
        routes: Vec::new(),
        tasks: 2,
        room: None,
        pace: Pace {
            deregistration_delay: Seconds(300),
            check_interval: Seconds(30),
            stickiness: Seconds(0),
            pins: false,
        },
        settings: read(&Raw::new(), &tags, &Raw::new()).expect("they are settings"),
        migration: None,
        source: None,
        readiness: Readiness::default(),
        ignored_alarms: Vec::new(),
        notes: Vec::new(),
    }
}
