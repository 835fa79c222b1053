//! An execution's history, understood.

use serde_json::Value;

/// One execution.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Story {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT` or `ABORTED`.
    pub status: String,
    /// When it started, in epoch seconds.
    pub started: f64,
    /// When it stopped, in epoch seconds.
    pub stopped: Option<f64>,
    /// The error that it ended with, or what it ended as: one of the outcomes if a deployment ended.
    pub ended_as: Option<String>,
    /// Why.
    pub cause: Option<String>,
    /// What `Finish` answered, if it came to that.
    pub finished: Option<Value>,
    /// Every visit of a state, in order.
    pub visits: Vec<Visit>,
    /// State transitions as AWS bills them: every state entered, every retry.
    pub transitions: u64,
}

/// One visit of one state.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Visit {
    /// The state.
    pub state: String,
    /// What kind of state it is, as in `Task`.
    pub kind: String,
    /// When it was entered, in epoch seconds.
    pub entered: f64,
    /// When it was left.
    pub left: Option<f64>,
    /// The `note` of its output, for a task.
    pub note: Option<String>,
    /// The `verdict` of its output, for a task.
    pub verdict: Option<String>,
    /// How often its task was tried.
    pub tries: u64,
}

impl Story {
    /// The state that it is in or ended in.
    pub fn state(&self) -> Option<&Visit> {
        self.visits.last()
    }

    /// The first visit of a state.
    pub fn first(&self, state: &str) -> Option<&Visit> {
        self.visits.iter().find(|visit| visit.state == state)
    }
}

/// Understands what DescribeExecution and GetExecutionHistory tell.
pub fn read(described: &Value, events: &[Value]) -> Story {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let mut story = Story {
        arn: text(&described["executionArn"]).unwrap_or_default(),
        name: text(&described["name"]).unwrap_or_default(),
        status: text(&described["status"]).unwrap_or_default(),
        started: described["startDate"].as_f64().unwrap_or_default(),
        stopped: described["stopDate"].as_f64(),
        ended_as: text(&described["error"]),
        cause: text(&described["cause"]),
        ..Story::default()
    };
    for event in events {
        let at = event["timestamp"].as_f64().unwrap_or_default();
        let kind = event["type"].as_str().unwrap_or_default();
        if let Some(kind) = kind.strip_suffix("StateEntered") {
            let state = text(&event["stateEnteredEventDetails"]["name"]).unwrap_or_default();
            story.visits.push(Visit { state, kind: kind.to_owned(), entered: at, ..Visit::default() });
            story.transitions += 1;
        } else if kind.ends_with("StateExited") {
            leave(&mut story, event, at);
        } else if kind == "TaskScheduled"
            && let Some(visit) = story.visits.last_mut()
        {
            visit.tries += 1;
            story.transitions += u64::from(visit.tries > 1);
        }
    }
    if story.status == "SUCCEEDED" && story.ended_as.is_none() {
        story.ended_as = story.state().map(|visit| visit.state.clone());
    }
    story
}

fn leave(story: &mut Story, event: &Value, at: f64) {
    let Some(visit) = story.visits.last_mut() else { return };
    visit.left = Some(at);
    if visit.kind != "Task" {
        return;
    }
    let output = event["stateExitedEventDetails"]["output"].as_str().unwrap_or("null");
    let output: Value = serde_json::from_str(output).unwrap_or(Value::Null);
    visit.verdict = output["verdict"].as_str().map(str::to_owned);
    visit.note = output["note"].as_str().or_else(|| output["error"]["Error"].as_str()).map(str::to_owned);
    if visit.state == "Finish" {
        visit.note = output["reason"].as_str().map(str::to_owned);
        story.finished = Some(output);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn visits_notes_and_transitions_are_understood() {
        let entered = |at: f64, kind: &str, name: &str| json!({"timestamp": at, "type": format!("{kind}StateEntered"), "stateEnteredEventDetails": {"name": name}});
        let scheduled = |at: f64| json!({"timestamp": at, "type": "TaskScheduled"});
        let output = json!({"note": "as planned", "verdict": "ready"}).to_string();
        let events = [
            json!({"timestamp": 1.0, "type": "ExecutionStarted"}),
            entered(1.0, "Task", "Plan"),
            scheduled(1.0),
            scheduled(2.0),
            json!({"timestamp": 3.0, "type": "TaskStateExited",
                "stateExitedEventDetails": {"name": "Plan", "output": output}}),
            entered(3.0, "Succeed", "Succeeded"),
        ];
        let story = read(&json!({"status": "SUCCEEDED", "startDate": 1.0, "stopDate": 3.0}), &events);
        assert_eq!(story.transitions, 3, "two states and a retry");
        assert_eq!(story.ended_as.as_deref(), Some("Succeeded"));
        let plan = story.first("Plan").unwrap();
        assert_eq!((plan.note.as_deref(), plan.left, plan.tries), (Some("as planned"), Some(3.0), 2));
    }
}
