//! The sample as the function of a hook: it answers as it is told to, one status after the other. What it has answered
//! before it learns from what it is handed again.

use serde_json::{Value, json};

/// What the document that is handed on counts.
const ANSWERS: &str = "answers";

/// Answers an event with the next of some statuses; after the last of them with that again.
///
/// # Errors
/// If the event is no JSON, or there is no status to answer with.
pub fn hook(statuses: &[String], event: &[u8]) -> Result<Value, String> {
    let event: Value =
        serde_json::from_slice(event).map_err(|error| format!("the event is no JSON: {error}"))?;
    let stage = event["lifecycleStage"].as_str().ok_or("the event has no lifecycleStage")?;
    let before = event["hookDetails"][ANSWERS].as_u64().unwrap_or(0);
    let index = usize::try_from(before).unwrap_or(usize::MAX).min(statuses.len().saturating_sub(1));
    let status = statuses.get(index).ok_or("there is nothing to answer")?;
    Ok(json!({
        "hookStatus": status,
        "callBackDelay": 1,
        "hookDetails": { ANSWERS: before + 1, "stage": stage },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_answers_one_status_after_the_other() {
        let statuses = ["IN_PROGRESS", "SUCCEEDED"].map(str::to_owned);
        let mut details = json!({});
        for status in ["IN_PROGRESS", "SUCCEEDED", "SUCCEEDED"] {
            let event = json!({"lifecycleStage": "POST_SCALE_UP", "hookDetails": details}).to_string();
            let said = hook(&statuses, event.as_bytes()).expect("an answer");
            assert_eq!(said["hookStatus"], status);
            details = said["hookDetails"].clone();
        }
        assert!(hook(&statuses, b"{}").is_err() && hook(&statuses, b"x").is_err());
    }
}
