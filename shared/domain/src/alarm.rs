//! A team's own CloudWatch alarms: which are watched, and what they say before anything is changed. Pure.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most alarms that a deployment watches: as many as one DescribeAlarms takes, and one call is what a look may cost.
pub const MAX_ALARMS: usize = 100;
/// Longest name that CloudWatch gives an alarm.
pub const MAX_NAME: usize = 255;

/// What is done with alarms that are red before anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedAlarms {
    /// The deployment is refused.
    #[default]
    Refuse,
    /// It is deployed all the same, and those that were red are not watched.
    Proceed,
}

/// An alarm as CloudWatch tells it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AlarmSeen {
    /// Its name.
    pub name: String,
    /// Whether it is in ALARM.
    pub is_red: bool,
    /// Why it is as it is, in its own words.
    pub reason: String,
}

impl AlarmSeen {
    /// It, and why it is as it is.
    pub(crate) fn words(&self) -> String {
        format!("alarm {} is in ALARM: {}", self.name, self.reason.trim_end_matches('.'))
    }
}

/// Names that CloudWatch knows no alarm by.
pub(crate) fn missing<'a>(watched: &'a [String], seen: &[AlarmSeen]) -> Vec<&'a str> {
    let known: BTreeSet<&str> = seen.iter().map(|alarm| alarm.name.as_str()).collect();
    watched.iter().map(String::as_str).filter(|name| !known.contains(name)).collect()
}

/// Reads names separated by spaces.
///
/// # Errors
/// What may be written.
pub fn read(value: &str) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = Vec::new();
    for name in value.split_whitespace().map(str::to_owned) {
        if name.chars().count() > MAX_NAME {
            return Err(format!("names of alarms have at most {MAX_NAME} characters"));
        }
        if !names.contains(&name) {
            names.push(name);
        }
    }
    if names.is_empty() || names.len() > MAX_ALARMS {
        return Err(format!("must be the names of 1 to {MAX_ALARMS} alarms, separated by spaces"));
    }
    Ok(names)
}

/// Reads what is done with alarms that are red already.
///
/// # Errors
/// What may be written.
pub fn red(value: &str) -> Result<RedAlarms, String> {
    match value {
        "refuse" => Ok(RedAlarms::Refuse),
        "proceed" => Ok(RedAlarms::Proceed),
        _ => Err("must be refuse or proceed".to_owned()),
    }
}

/// What the alarms say against beginning, and which of them are not watched since they were red before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Before {
    /// Every reason against it.
    pub mistakes: Vec<String>,
    /// The names of those that are ignored.
    pub ignored: Vec<String>,
    /// What is said of them.
    pub notes: Vec<String>,
}

/// Judges alarms before anything is changed.
pub fn before(watched: &[String], red: RedAlarms, seen: &[AlarmSeen]) -> Before {
    let mut before = Before::default();
    for name in missing(watched, seen) {
        before.mistakes.push(format!(
            "changeover:alarms names {name}, and CloudWatch has no such alarm here: create it, or take its name out"
        ));
    }
    for alarm in seen.iter().filter(|alarm| alarm.is_red && watched.contains(&alarm.name)) {
        match red {
            RedAlarms::Refuse => before.mistakes.push(format!(
                "{}; wait until it is over, or set changeover:red-alarms to proceed, which ignores it",
                alarm.words()
            )),
            RedAlarms::Proceed => {
                before.notes.push(format!("{}; it was so before, and is ignored", alarm.words()));
                before.ignored.push(alarm.name.clone());
            }
        }
    }
    before
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

    #[test]
    fn names_are_separated_by_spaces_and_have_a_bound() {
        assert_eq!(read(" errors  p99 errors "), Ok(names(&["errors", "p99"])));
        assert!(read("").unwrap_err().contains("1 to 100"));
        let many: Vec<String> = (0..=MAX_ALARMS).map(|number| number.to_string()).collect();
        assert!(read(&many.join(" ")).unwrap_err().contains("1 to 100"));
        assert!(read(&"x".repeat(MAX_NAME + 1)).unwrap_err().contains("255"));
    }

    #[test]
    fn before_the_beginning_all_mistakes_are_told_at_once() {
        let watched = names(&["a", "b", "c"]);
        let seen = [alarm("a", true), alarm("b", false)];
        let refused = before(&watched, RedAlarms::Refuse, &seen);
        assert_eq!((refused.mistakes.len(), refused.ignored.len()), (2, 0));
        for part in ["names c", "alarm a is in ALARM: Threshold Crossed", "red-alarms"] {
            assert!(refused.mistakes.iter().any(|mistake| mistake.contains(part)), "{part}: {refused:?}");
        }
        let goes = before(&watched[..2], RedAlarms::Proceed, &seen);
        assert_eq!((goes.mistakes.len(), goes.ignored), (0, names(&["a"])));
        assert!(goes.notes[0].contains("ignored"), "{:?}", goes.notes);
        assert_eq!(before(&[], RedAlarms::Refuse, &[]), Before::default());
    }
}
