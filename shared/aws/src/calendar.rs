//! Systems Manager's change calendars.

use crate::{At, Aws, is_code};
use aws_sdk_ssm::types::CalendarState;
use changeover_domain::calendar::{Postponed, Seen};
use changeover_domain::{StepError, Timestamp};

/// Answers to a name that is none of a calendar that may be looked at, and what each means.
const WRONG: [(&str, &str); 4] = [
    ("InvalidDocument", "there is none of that name or ARN"),
    ("InvalidDocumentType", "that document is no change calendar"),
    ("UnsupportedCalendarException", "Systems Manager cannot read what is in it"),
    (
        "AccessDeniedException",
        "the stack may not look at it, which it may at those of its own account and region",
    ),
];

/// How the calendar of this name or ARN is now.
///
/// # Errors
/// `Busy` or `Aws`, as GetCalendarState answers. What is wrong with the name is no error.
pub async fn state(aws: &Aws, name: &str) -> Result<Seen, StepError> {
    let answer = aws.ssm().get_calendar_state().calendar_names(name).send().await;
    if let Some((_, why)) = WRONG.iter().find(|(code, _)| is_code(&answer, code)) {
        return Ok(Seen::Wrong(format!(
            "changeover:calendar is {name:?}: {why}: name a change calendar, or take the setting out"
        )));
    }
    let answer = answer.at("GetCalendarState", name)?;
    Ok(match answer.state() {
        Some(CalendarState::Open) => Seen::Open,
        // Whatever is not known to be open is closed.
        _ => Seen::Closed(Postponed { until: answer.next_transition_time().and_then(moment) }),
    })
}

/// A time as Systems Manager writes it.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}
