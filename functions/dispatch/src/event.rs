//! Reading events.

use changeover_domain::moves::Move;
use changeover_domain::name::ServiceName;
use changeover_domain::record::MAX_TEXT;
use changeover_domain::state::Request;
use changeover_domain::{StepError, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An event that means something to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// An image was pushed or replicated under a tag: the tag points to it now.
    Push {
        /// The repository's name.
        repository: String,
        /// The tag, the digest that it was moved to, and when.
        moved: Move,
    },
    /// A schedule wants a service deployed once more, as a canary of the way itself.
    Redeploy {
        /// The service.
        service: ServiceName,
        /// When the schedule ticked: one tick, one deployment.
        at: String,
    },
    /// Look whether every service runs what its tag points to.
    Reconcile,
    /// An execution ended before its time.
    Dead {
        /// Its ARN.
        execution: String,
        /// What it was asked.
        request: Box<Request>,
    },
    /// Nothing begins by itself from now on.
    Freeze(Freeze),
    /// It does again.
    Unfreeze(Unfreeze),
    /// Nothing to do, and why.
    Other(String),
}

/// Who freezes, and why.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
}

/// Who ends it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfreeze {
    /// Who, and why, if they said so.
    pub by: String,
}

/// Reads an event of EventBridge, or the input that a schedule of ours sends.
///
/// # Errors
/// `BadInput` in words for what is neither.
pub fn read(event: &Value) -> Result<Event, StepError> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    if let Some(service) = event.get("redeploy") {
        let service = serde_json::from_value(service.clone())
            .map_err(|error| StepError::BadInput(format!("redeploy: {error}")))?;
        return Ok(Event::Redeploy { service, at: text("/at").to_owned() });
    }
    if event.get("reconcile").is_some() {
        return Ok(Event::Reconcile);
    }
    if let Some(freeze) = order(event, "freeze")? {
        let Freeze { reason, by } = &freeze;
        if [reason, by].into_iter().any(|text| text.trim().is_empty() || text.chars().count() > MAX_TEXT) {
            let why = format!("freeze: reason and by are texts of 1 to {MAX_TEXT} characters");
            return Err(StepError::BadInput(why));
        }
        return Ok(Event::Freeze(freeze));
    }
    if let Some(end) = order(event, "unfreeze")? {
        return Ok(Event::Unfreeze(end));
    }
    match text("/detail-type") {
        "ECR Image Action" => Ok(push(event, "PUSH")),
        "ECR Replication Action" => Ok(push(event, "REPLICATE")),
        "Step Functions Execution Status Change" => Ok(dead(event)),
        other => Err(StepError::BadInput(format!(
            "the event is not one of ours: detail-type {other:?}; dispatch takes ECR Image Action, ECR Replication Action, Step Functions Execution Status Change, {{\"redeploy\": SERVICE}}, {{\"reconcile\": true}}, {{\"freeze\": {{\"reason\": WHY, \"by\": WHO}}}} and {{\"unfreeze\": {{\"by\": WHO}}}}"
        ))),
    }
}

/// What a person asks of the stack, if that is what it is.
fn order<T: DeserializeOwned>(event: &Value, key: &str) -> Result<Option<T>, StepError> {
    let read = |order: &Value| serde_json::from_value(order.clone());
    let order = event.get(key).map(read).transpose();
    order.map_err(|error| StepError::BadInput(format!("{key}: {error}")))
}

fn push(event: &Value, action: &str) -> Event {
    let detail = |key: &str| event["detail"][key].as_str().unwrap_or_default();
    if detail("action-type") != action || detail("result") != "SUCCESS" {
        return Event::Other(format!(
            "{} {} is not a push that succeeded",
            detail("action-type"),
            detail("result")
        ));
    }
    if detail("image-tag").is_empty() {
        // The manifests of a multi-arch image are pushed without a tag; their index follows with one.
        return Event::Other(format!("{} was pushed without a tag", detail("image-digest")));
    }
    // Of an event without a time nothing can be said but that it is of long ago.
    let at = event["time"].as_str().and_then(|time| time.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH);
    let moved = Move { tag: detail("image-tag").to_owned(), digest: detail("image-digest").to_owned(), at };
    Event::Push { repository: detail("repository-name").to_owned(), moved }
}

fn dead(event: &Value) -> Event {
    let detail = &event["detail"];
    let status = detail["status"].as_str().unwrap_or_default();
    if !matches!(status, "FAILED" | "TIMED_OUT" | "ABORTED") {
        return Event::Other(format!("an execution that is {status} needs no recovery"));
    }
    let input = detail["input"].as_str().and_then(|input| serde_json::from_str(input).ok());
    match input.as_ref().map(Request::read) {
        Some(Ok(request)) => Event::Dead {
            execution: detail["executionArn"].as_str().unwrap_or_default().to_owned(),
            request: Box::new(request),
        },
        _ => Event::Other("the dead execution's input was none of ours, so it held nothing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_push_or_a_replication_with_a_tag_is_a_push() {
        let event = |kind: &str, action: &str, tag: &str, result: &str| {
            json!({"detail-type": kind, "time": "2026-01-02T00:00:00Z", "detail": {"result": result,
                "repository-name": "web", "image-digest": "sha256:1", "action-type": action, "image-tag": tag}})
        };
        let at = "2026-01-02T00:00:00Z".parse().unwrap();
        let moved = Move { tag: "v1".into(), digest: "sha256:1".into(), at };
        let (image, replica) = ("ECR Image Action", "ECR Replication Action");
        for (kind, action) in [(image, "PUSH"), (replica, "REPLICATE")] {
            let push = Event::Push { repository: "web".into(), moved: moved.clone() };
            assert_eq!(read(&event(kind, action, "v1", "SUCCESS")), Ok(push), "{kind}");
            assert!(matches!(read(&event(kind, action, "", "SUCCESS")), Ok(Event::Other(_))));
            assert!(matches!(read(&event(kind, action, "v1", "FAILURE")), Ok(Event::Other(_))));
        }
        assert!(matches!(read(&event(image, "DELETE", "v1", "SUCCESS")), Ok(Event::Other(_))));
    }

    #[test]
    fn a_dead_execution_is_recovered_and_a_live_one_is_not() {
        let event = |status: &str| {
            json!({"detail-type": "Step Functions Execution Status Change",
                "detail": {"status": status, "executionArn": "arn", "input": "{\"service\":\"main/web\"}"}})
        };
        assert!(matches!(read(&event("ABORTED")), Ok(Event::Dead { execution, .. }) if execution == "arn"));
        assert!(matches!(read(&event("SUCCEEDED")), Ok(Event::Other(_))));
    }

    #[test]
    fn a_freeze_has_a_reason_and_whoever_asks_for_it() {
        let read = |order: Value| read(&json!({ "freeze": order }));
        let freeze = Freeze { reason: "INC-1".into(), by: "alice".into() };
        assert_eq!(read(json!({"reason": "INC-1", "by": "alice"})), Ok(Event::Freeze(freeze)));
        for wrong in [
            json!({"by": "alice"}),
            json!({"reason": " ", "by": "alice"}),
            json!({"reason": "x", "by": "y", "until": 1}),
        ] {
            assert_eq!(read(wrong.clone()).unwrap_err().name(), "BadInput", "{wrong}");
        }
    }

    #[test]
    fn what_is_not_ours_is_told_in_words() {
        let error = read(&json!({"detail-type": "Order placed"})).unwrap_err();
        assert_eq!(error.name(), "BadInput");
        assert!(error.to_string().contains("Order placed"), "{error}");
    }
}
