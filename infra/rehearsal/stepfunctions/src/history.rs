//! What happens in an execution, as GetExecutionHistory tells it.

use crate::error::Failure;
use serde_json::{Map, Value, json};

/// Step Functions keeps this many events of an execution, and ends one that would make more.
pub const MAX_EVENTS: usize = 25_000;

/// The events of one execution.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    events: Vec<Value>,
    is_over: bool,
}

impl History {
    /// The events, oldest first.
    pub(crate) fn events(&self) -> &[Value] {
        &self.events
    }

    /// Whether there is room for another event besides the last one, which says how it ended.
    pub(crate) fn is_full(&self) -> bool {
        self.events.len() + 1 >= MAX_EVENTS
    }

    /// Adds the last event: nothing comes after it.
    pub(crate) fn close(&mut self, at: f64, kind: &str, details: (&str, Value)) {
        self.add(at, kind, Some(details));
        self.is_over = true;
    }

    /// Adds an event after the one before, unless it is over: what was stopped may be about to write another.
    pub(crate) fn add(&mut self, at: f64, kind: &str, details: Option<(&str, Value)>) {
        if self.is_over {
            return;
        }
        let id = self.events.len() + 1;
        let mut event = Map::new();
        event.insert("timestamp".to_owned(), json!(at));
        event.insert("type".to_owned(), json!(kind));
        event.insert("id".to_owned(), json!(id));
        event.insert("previousEventId".to_owned(), json!(id - 1));
        if let Some((name, details)) = details {
            event.insert(name.to_owned(), details);
        }
        self.events.push(Value::Object(event));
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
    details["cause"] = json!(failure.cause);
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
