//! Telling programs what happens: events on the account's default bus.

use crate::{At, Aws};
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use changeover_domain::StepError;
use changeover_domain::told::{Event, SOURCE};

/// The codes of an entry that may be taken a moment later.
const NOT_NOW: [&str; 2] = ["InternalFailure", "ThrottlingException"];

/// Puts one event on the default bus.
pub async fn put(aws: &Aws, event: &Event) -> Result<(), StepError> {
    let detail = serde_json::to_string(&event.detail)
        .map_err(|error| StepError::BadInput(format!("an event cannot be written: {error}")))?;
    let entry = PutEventsRequestEntry::builder()
        .source(SOURCE)
        .detail_type(event.detail_type)
        .set_resources(Some(event.resources.clone()))
        .detail(detail)
        .build();
    let answer = aws.events().put_events().entries(entry).send().await.at("PutEvents", event.detail_type)?;
    match answer.entries().iter().find(|entry| entry.error_code().is_some()) {
        Some(entry) => Err(refused(entry, event.detail_type)),
        None => Ok(()),
    }
}

/// The call itself succeeds whatever becomes of an entry.
fn refused(entry: &PutEventsResultEntry, on: &str) -> StepError {
    let code = entry.error_code().unwrap_or_default();
    let call = "PutEvents".to_owned();
    let detail = format!("{code}: {}", entry.error_message().unwrap_or_default());
    if NOT_NOW.contains(&code) {
        StepError::Busy { call, detail }
    } else {
        StepError::Aws { call, on: on.to_owned(), detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_that_is_throttled_may_be_taken_later_and_one_that_is_wrong_is_not() {
        let of = |code: &str| {
            let entry = PutEventsResultEntry::builder().error_code(code).error_message("why").build();
            refused(&entry, "Deployment Begun")
        };
        assert_eq!(of("ThrottlingException").name(), "Busy");
        let refused = of("NotAuthorizedForSourceException");
        assert_eq!(refused.name(), "Aws");
        assert!(refused.to_string().contains("NotAuthorizedForSourceException: why"), "{refused}");
    }
}
