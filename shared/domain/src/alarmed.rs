//! What a team's own alarms say at a look, while new tasks have traffic. Pure.
//!
//! ALARM is a reason to go back; OK and INSUFFICIENT_DATA are none. What cannot be seen is never taken for quiet: it is waited
//! for, as for anything else that AWS keeps from being seen, and no longer.

use crate::Timestamp;
use crate::alarm::{AlarmSeen, missing};
use crate::plan::BLIND_PATIENCE;

/// What the alarms of a deployment say at a look.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Alarms {
    /// Nothing against it, or none is watched here.
    #[default]
    Quiet,
    /// At least one is in ALARM: in words, with its own reason.
    Red(String),
    /// At least one cannot be seen.
    Unseen {
        /// Why, in words.
        why: String,
        /// Since when.
        since: Timestamp,
    },
}

impl Alarms {
    /// What the alarms that are watched say. One that is gone cannot turn red any more: it is one that cannot be seen.
    pub fn of(watched: &[String], seen: &[AlarmSeen], since: Timestamp) -> Self {
        let red: Vec<String> = seen
            .iter()
            .filter(|alarm| alarm.is_red && watched.contains(&alarm.name))
            .map(AlarmSeen::words)
            .collect();
        let gone = missing(watched, seen);
        match (red.is_empty(), gone.is_empty()) {
            (false, _) => Self::Red(red.join("; ")),
            (true, false) => {
                let why =
                    format!("alarm {} is not there any more: create it again", gone.join(" and alarm "));
                Self::Unseen { why, since }
            }
            (true, true) => Self::Quiet,
        }
    }

    /// Why it goes back for them now, if it does.
    pub fn against(&self, now: Timestamp) -> Option<String> {
        match self {
            Self::Quiet => None,
            Self::Red(why) => Some(why.clone()),
            Self::Unseen { why, since } => (now >= BLIND_PATIENCE.after(*since))
                .then(|| format!("its alarms could not be seen for {BLIND_PATIENCE}: {why}")),
        }
    }

    /// Why nothing may go on for them now, if they cannot be seen and that may still pass.
    pub fn waits(&self) -> Option<String> {
        let Self::Unseen { why, since } = self else { return None };
        let until = BLIND_PATIENCE.after(*since);
        Some(format!("nothing goes on while its alarms cannot be seen, until {until} at the most: {why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn alarm(name: &str, is_red: bool) -> AlarmSeen {
        AlarmSeen { name: name.into(), is_red, reason: "Threshold Crossed: 1 out of 1.".into() }
    }

    fn at(second: u64) -> Timestamp {
        crate::span::Seconds(second).after(Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn red_tells_its_name_and_reason_and_only_what_is_watched_counts() {
        let seen = [alarm("a", false), alarm("b", true), alarm("c", true)];
        let said = Alarms::of(&names(&["a", "b"]), &seen, at(0));
        assert_eq!(said, Alarms::Red("alarm b is in ALARM: Threshold Crossed: 1 out of 1".into()));
        assert_eq!(Alarms::of(&names(&["a"]), &seen, at(0)), Alarms::Quiet);
        assert_eq!(Alarms::of(&[], &seen, at(0)), Alarms::Quiet);
    }

    #[test]
    fn what_is_gone_is_waited_for_and_then_goes_back() {
        let gone = Alarms::of(&names(&["a", "b"]), &[alarm("a", false)], at(0));
        assert!(gone.waits().unwrap().contains("alarm b is not there any more"), "{gone:?}");
        assert_eq!(gone.against(at(BLIND_PATIENCE.0 - 1)), None);
        assert!(gone.against(at(BLIND_PATIENCE.0)).unwrap().contains("alarm b"), "{gone:?}");
        let red = Alarms::of(&names(&["a", "b"]), &[alarm("a", true)], at(0));
        assert!(matches!(red, Alarms::Red(_)), "red is told before what is gone: {red:?}");
    }
}
