//! A change calendar: when deployments may begin, and who goes past it. Pure.

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// What Systems Manager takes as a document's name, in characters.
const NAME: std::ops::RangeInclusive<usize> = 3..=128;

/// What an execution may say of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Override {
    /// Deploy although it is closed.
    Override,
}

impl Override {
    /// As it is written.
    pub const WORD: &str = "override";

    /// Reads it.
    ///
    /// # Errors
    /// What may be written.
    pub fn parse(value: &str) -> Result<Self, String> {
        if value == Self::WORD { Ok(Self::Override) } else { Err(format!("must be {}", Self::WORD)) }
    }
}

/// A calendar as Systems Manager tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Deployments may begin.
    Open,
    /// They may not.
    Closed(Postponed),
    /// There is no such calendar, or it cannot be looked at: in words.
    Wrong(String),
}

/// Why a deployment that nothing else stood against was refused: its calendar was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Postponed {
    /// When the calendar opens; none if it does not know.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Reads the name of a calendar, or its ARN.
///
/// # Errors
/// What may be written.
pub fn read(value: &str) -> Result<String, String> {
    let name =
        value.split_once(":document/").filter(|_| value.starts_with("arn:")).map_or(value, |(_, name)| name);
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if NAME.contains(&name.len()) && name.chars().all(fits) {
        Ok(value.to_owned())
    } else {
        Err("must be the name or the ARN of one change calendar of Systems Manager".to_owned())
    }
}

/// What a calendar says against beginning, and what is said of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// What is wrong with it.
    pub mistake: Option<String>,
    /// That it is closed, in words, and until when.
    pub closed: Option<(String, Postponed)>,
    /// What is worth knowing.
    pub note: Option<String>,
}

/// Judges a calendar. `overridden` is who goes past it and why.
pub fn judge(name: Option<&str>, seen: Option<&Seen>, overridden: Option<&str>) -> Said {
    let mut said = Said::default();
    let name = name.unwrap_or_default();
    match (seen, overridden) {
        (Some(Seen::Wrong(why)), _) => said.mistake = Some(why.clone()),
        (Some(Seen::Closed(postponed)), None) => {
            let why = format!(
                "calendar {name} is closed{}: it is tried again by itself once that is open, or start an execution with \"calendar\": \"{}\" and a cause",
                until(*postponed),
                Override::WORD
            );
            said.closed = Some((why, *postponed));
        }
        (Some(Seen::Closed(postponed)), Some(who)) => {
            said.note =
                Some(format!("calendar {name} is closed{}, and overridden: {who}", until(*postponed)));
        }
        (Some(Seen::Open), Some(who)) => {
            said.note =
                Some(format!("calendar {name} is open, so that there was nothing to override: {who}"));
        }
        (None, Some(who)) => {
            said.note =
                Some(format!("no changeover:calendar is set, so that there was nothing to override: {who}"));
        }
        (Some(Seen::Open) | None, None) => {}
    }
    said
}

fn until(postponed: Postponed) -> String {
    postponed.until.map(|until| format!(" until {until}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calendar_is_named_or_given_by_its_arn() {
        let arn = "arn:aws:ssm:us-east-1:123456789012:document/freezes";
        for right in ["freezes", "team.freezes-2026_q4", arn] {
            assert_eq!(read(right).as_deref(), Ok(right));
        }
        for wrong in ["", "ab", "two names", "a/b", "arn:aws:ssm:us-east-1:1:parameter/x", &"x".repeat(129)] {
            assert!(read(wrong).unwrap_err().contains("one change calendar"), "{wrong}");
        }
    }

    #[test]
    fn closed_says_until_when_and_is_overridden_on_record() {
        let opens: Timestamp = "2026-12-01T06:00:00Z".parse().unwrap();
        let closed = Seen::Closed(Postponed { until: Some(opens) });
        let said = judge(Some("freezes"), Some(&closed), None);
        let (why, postponed) = said.closed.clone().unwrap();
        assert!(
            why.starts_with("calendar freezes is closed until 2026-12-01T06:00:00Z: it is tried again"),
            "{why}"
        );
        assert_eq!((postponed.until, said.mistake, said.note), (Some(opens), None, None));
        let said = judge(Some("freezes"), Some(&closed), Some("by-hand: INC-1"));
        assert_eq!(said.closed, None);
        assert!(said.note.unwrap().ends_with("and overridden: by-hand: INC-1"));
        let for_ever = judge(Some("freezes"), Some(&Seen::Closed(Postponed { until: None })), None);
        assert!(for_ever.closed.unwrap().0.starts_with("calendar freezes is closed: it is tried"));
    }

    #[test]
    fn an_open_one_says_nothing_and_an_override_in_vain_does() {
        assert_eq!(judge(Some("freezes"), Some(&Seen::Open), None), Said::default());
        assert_eq!(judge(None, None, None), Said::default());
        for (name, seen) in [(Some("freezes"), Some(Seen::Open)), (None, None)] {
            let said = judge(name, seen.as_ref(), Some("me"));
            assert!(said.note.unwrap().contains("nothing to override"));
        }
        let wrong = judge(Some("x"), Some(&Seen::Wrong("there is none".into())), Some("me"));
        assert_eq!(wrong.mistake.as_deref(), Some("there is none"));
    }
}
