//! Wall time. What measures spans takes `tokio::time::Instant`, which stands still where tokio's clock is paused.

use crate::imagined;
use jiff::{SignedDuration, Timestamp};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of day of this world.
#[must_use]
pub fn now() -> Timestamp {
    let imagined = imagined::with(|world| {
        let gone = SignedDuration::try_from(world.origin.elapsed()).unwrap_or(SignedDuration::MAX);
        world.began.saturating_add(gone).unwrap_or(Timestamp::MAX)
    });
    imagined.unwrap_or_else(Timestamp::now)
}

/// The same, since 1970.
#[must_use]
pub fn since_epoch() -> Duration {
    now().duration_since(Timestamp::UNIX_EPOCH).try_into().unwrap_or_default()
}

/// The same, for those who take the standard library's.
#[must_use]
pub fn system() -> SystemTime {
    UNIX_EPOCH + since_epoch()
}
