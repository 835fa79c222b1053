//! When the application misbehaves: always, from some time after its start on, or at a time of day that it shares with
//! whatever else fails then.

use std::time::Duration;
use tokio::time::Instant;

/// The time in which it misbehaves.
#[derive(Debug, Clone, Copy)]
pub struct Spell {
    begins: Begins,
    lasts: Option<Duration>,
}

#[derive(Debug, Clone, Copy)]
enum Begins {
    /// So long after the start.
    After(Instant),
    /// When the clock says so, in time since 1970.
    At(Duration),
}

impl Spell {
    /// For an application that starts now. `at` is in seconds since 1970.
    pub fn new(after: Option<Duration>, at: Option<u64>, lasts: Option<Duration>) -> Self {
        let begins = match at {
            Some(seconds) => Begins::At(Duration::from_secs(seconds)),
            None => Begins::After(Instant::now() + after.unwrap_or_default()),
        };
        Self { begins, lasts }
    }

    /// Whether it misbehaves now.
    pub fn is_on(&self) -> bool {
        let since = match self.begins {
            Begins::After(begin) => Instant::now().checked_duration_since(begin),
            Begins::At(begin) => rehearsal_world::since_epoch().checked_sub(begin),
        };
        since.is_some_and(|since| self.lasts.is_none_or(|lasts| since < lasts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn it_begins_and_ends_when_it_was_told_to() {
        let spell = Spell::new(Some(MINUTE), None, Some(MINUTE));
        let mut seen = Vec::new();
        for _ in 0..5 {
            seen.push(spell.is_on());
            tokio::time::advance(MINUTE / 2).await;
        }
        assert_eq!(seen, [false, false, true, true, false]);
        assert!(Spell::new(None, None, None).is_on());
    }

    #[test]
    fn those_who_share_a_clock_misbehave_together() {
        let now = rehearsal_world::since_epoch().as_secs();
        assert!(Spell::new(None, Some(now - 5), Some(MINUTE)).is_on());
        assert!(!Spell::new(None, Some(now + 600), None).is_on());
        assert!(!Spell::new(None, Some(now - 61), Some(MINUTE)).is_on());
    }
}
