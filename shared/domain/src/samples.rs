//! Values for the tests of other crates (feature `samples`).

use crate::Timestamp;
use crate::route::WHOLE;
use crate::span::Seconds;
use crate::verdict::gathered::{Answered, Balancer, Minute};
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
