//! What happens in an execution, as GetExecutionHistory tells it.

use crate::error::Failure;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use tokio::sync::broadcast;

/// Step Functions keeps this many events of an execution; the last of them says that there were too many.
pub const MAX_EVENTS: usize = 25_000;

/// An event as it happens, for whoever watches.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Whose event it is.
    pub execution_arn: Arc<str>,
    /// The event as GetExecutionHistory tells it.
    pub event: Value,
}

/// The events of one execution.
#[derive(Debug)]
pub(crate) struct History {
    execution_arn: Arc<str>,
    watchers: broadcast::Sender<Notice>,
    events: Vec<Value>,
    is_over: bool,
}

/// What the last event of an execution follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// The event before it: the machine ended by itself.
    Last,
    /// None: it came from outside the machine's own course.
    Nothing,
}

impl History {
    /// Without events.
    pub(crate) fn new(execution_arn: &str, watchers: broadcast::Sender<Notice>) -> Self {
        Self { execution_arn: execution_arn.into(), watchers, events: Vec::new(), is_over: false }
    }

    /// The events, oldest first.
    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    /// Adds the last event: nothing comes after it.
    pub(crate) fn close(&mut self, at: f64, kind: &str, details: (&str, Value), follows: Follows) {
        if !self.is_over {
            let previous = if follows == Follows::Last { self.previous() } else { 0 };
            self.push(at, kind, Some(details), previous);
            self.is_over = true;
        }
    }

    /// Adds an event after the one before and tells its id, unless it is over: what was stopped may be about to
    /// write another.
    ///
    /// # Errors
    /// If there is room for one more only, which is for how the execution ended.
    pub(crate) fn add(
        &mut self,
        at: f64,
        kind: &str,
        details: Option<(&str, Value)>,
    ) -> Result<usize, Failure> {
        if self.is_over {
            return Ok(self.events.len());
        }
        if self.is_full() {
            return Err(Failure::runtime(format!(
                "The execution reached the maximum number of history events ({MAX_EVENTS})."
            )));
        }
        self.push(at, kind, details, self.previous());
        Ok(self.events.len())
    }

    /// Lets an execution that is over go on; the event that says so is added like any other.
    pub(crate) fn reopen(&mut self) {
        self.is_over = false;
    }

    /// Whether there is room for one more event only.
    pub(crate) fn is_full(&self) -> bool {
        self.events.len() + 1 >= MAX_EVENTS
    }

    /// The first state's event, like the first of all, follows none.
    fn previous(&self) -> usize {
        if self.events.len() < 2 { 0 } else { self.events.len() }
    }

    fn push(&mut self, at: f64, kind: &str, details: Option<(&str, Value)>, previous: usize) {
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), json!(at));
        event.insert("type".to_owned(), json!(kind));
        event.insert("id".to_owned(), json!(self.events.len() + 1));
        event.insert("previousEventId".to_owned(), json!(previous));
        if let Some((name, details)) = details {
            event.insert(name.to_owned(), details);
        }
        let event = Value::Object(event);
        if self.watchers.receiver_count() > 0 {
            let notice = Notice { execution_arn: Arc::clone(&self.execution_arn), event: event.clone() };
            // The last watcher may have left in between; then nobody misses it.
            let _ = self.watchers.send(notice);
        }
        self.events.push(event);
    }
}

/// Data in an event with the note that it is whole.
fn data(name: &str, value: &Value) -> [(String, Value); 2] {
    [(name.to_owned(), json!(value.to_string())), (format!("{name}Details"), json!({ "truncated": false }))]
}

fn with_data(mut details: Value, name: &str, value: &Value) -> Value {
    if let Some(map) = details.as_object_mut() {
        map.extend(data(name, value));
    }
    details
}

pub(crate) fn started(input: &Value, role: &str) -> (&'static str, Value) {
    ("executionStartedEventDetails", with_data(json!({ "roleArn": role }), "input", input))
}

pub(crate) fn redriven(count: u32) -> (&'static str, Value) {
    ("executionRedrivenEventDetails", json!({ "redriveCount": count }))
}

pub(crate) fn entered(name: &str, input: &Value) -> (&'static str, Value) {
    ("stateEnteredEventDetails", with_data(json!({ "name": name }), "input", input))
}

pub(crate) fn exited(name: &str, output: &Value) -> (&'static str, Value) {
    ("stateExitedEventDetails", with_data(json!({ "name": name }), "output", output))
}

fn lambda() -> Value {
    json!({ "resourceType": "lambda", "resource": "invoke" })
}

pub(crate) fn scheduled(region: &str, parameters: &Value, timeout: Option<u64>) -> (&'static str, Value) {
    let mut details = lambda();
    details["region"] = json!(region);
    details["parameters"] = json!(parameters.to_string());
    if let Some(timeout) = timeout {
        details["timeoutInSeconds"] = json!(timeout);
    }
    ("taskScheduledEventDetails", details)
}

pub(crate) fn task_started() -> (&'static str, Value) {
    ("taskStartedEventDetails", lambda())
}

pub(crate) fn task_succeeded(output: &Value) -> (&'static str, Value) {
    ("taskSucceededEventDetails", with_data(lambda(), "output", output))
}

pub(crate) fn task_failed(name: &'static str, failure: &Failure) -> (&'static str, Value) {
    let mut details = lambda();
    details["error"] = json!(failure.error);
    if !failure.cause.is_empty() {
        details["cause"] = json!(failure.cause);
    }
    (name, details)
}

pub(crate) fn succeeded(output: &Value) -> (&'static str, Value) {
    ("executionSucceededEventDetails", with_data(json!({}), "output", output))
}

/// The end of an execution that did not succeed; `name` is its details' name.
pub(crate) fn ended(name: &'static str, error: Option<&str>, cause: Option<&str>) -> (&'static str, Value) {
    let mut details = Map::new();
    for (name, value) in [("error", error), ("cause", cause)] {
        details.extend(value.map(|value| (name.to_owned(), json!(value))));
    }
    (name, Value::Object(details))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history() -> History {
        History::new("arn", broadcast::channel(1).0)
    }

    fn previous(history: &History) -> Vec<u64> {
        history.events().iter().map(|event| event["previousEventId"].as_u64().unwrap()).collect()
    }

    #[test]
    fn the_first_state_follows_nothing() {
        let mut one = history();
        for kind in ["ExecutionStarted", "PassStateEntered", "PassStateExited"] {
            one.add(0.0, kind, None).unwrap();
        }
        one.close(0.0, "ExecutionSucceeded", succeeded(&json!({})), Follows::Last);
        assert_eq!(previous(&one), [0, 0, 2, 3]);
    }

    #[test]
    fn what_comes_from_outside_follows_nothing_and_nothing_follows_it() {
        let mut one = history();
        for kind in ["ExecutionStarted", "WaitStateEntered"] {
            one.add(0.0, kind, None).unwrap();
        }
        one.close(
            0.0,
            "ExecutionAborted",
            ended("executionAbortedEventDetails", None, None),
            Follows::Nothing,
        );
        one.add(0.0, "WaitStateExited", None).unwrap();
        assert_eq!(previous(&one), [0, 0, 0]);
    }

    #[test]
    fn the_last_place_is_for_the_end() {
        let mut one = history();
        while one.add(0.0, "PassStateEntered", None).is_ok() {}
        one.close(0.0, "ExecutionFailed", ended("executionFailedEventDetails", None, None), Follows::Last);
        assert_eq!(one.events().len(), MAX_EVENTS);
        assert_eq!(one.events()[MAX_EVENTS - 1]["previousEventId"], json!(MAX_EVENTS - 1));
    }

    #[test]
    fn watchers_hear_every_event() {
        let (watchers, mut watcher) = broadcast::channel(4);
        let mut one = History::new("arn", watchers);
        one.add(1.0, "ExecutionStarted", None).unwrap();
        let heard = watcher.try_recv().unwrap();
        assert_eq!((&*heard.execution_arn, &heard.event), ("arn", &one.events()[0]));
    }
}
