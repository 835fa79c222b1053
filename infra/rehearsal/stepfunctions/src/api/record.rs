//! What is kept of state machines and executions.

use crate::error::TIMEOUT;
use crate::execution::{Place, Redriven};
use crate::history::{self, Follows, History};
use crate::machine::Machine;
use crate::{Config, Failure, epoch};
use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A state machine as it was made.
#[derive(Clone)]
pub(super) struct Deployed {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) definition: String,
    pub(super) machine: Arc<Machine>,
    pub(super) role: String,
    pub(super) created: f64,
    pub(super) updated: f64,
    /// None until it is updated for the first time, as in AWS.
    pub(super) revision: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    /// The version that it is, where it is one.
    pub(super) version: Option<Version>,
    /// Its versions, oldest first, and the number of the next one.
    pub(super) versions: Vec<Deployed>,
    pub(super) next_version: u32,
}

/// What makes a version of a state machine.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) arn: String,
    pub(super) description: Option<String>,
    pub(super) created: f64,
}

/// How an execution is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::TimedOut => "TIMED_OUT",
            Self::Aborted => "ABORTED",
        }
    }
}

/// An execution.
pub(super) struct Execution {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) machine: Deployed,
    pub(super) order: u64,
    pub(super) status: Status,
    pub(super) input: Value,
    pub(super) started: jiff::Timestamp,
    pub(super) stopped: Option<f64>,
    pub(super) output: Option<Value>,
    pub(super) failure: Option<Failure>,
    pub(super) history: Arc<Mutex<History>>,
    /// The state it entered last.
    pub(super) place: Arc<Mutex<Option<Place>>>,
    pub(super) redriven: Option<Redriven>,
    /// What asked for redrives, the last ones.
    pub(super) redrive_tokens: VecDeque<String>,
    pub(super) stop: CancellationToken,
}

impl Execution {
    pub(super) fn end(
        &mut self,
        status: Status,
        output: Option<Value>,
        failure: Option<Failure>,
        follows: Follows,
    ) {
        let at = crate::now();
        let error = failure.as_ref().map(|failure| failure.error.as_str()).filter(|error| !error.is_empty());
        let cause = failure.as_ref().map(|failure| failure.cause.as_str()).filter(|cause| !cause.is_empty());
        let (kind, details) = match status {
            Status::Succeeded => {
                ("ExecutionSucceeded", history::succeeded(output.as_ref().unwrap_or(&Value::Null)))
            }
            // Only the event names the error; the execution has none, as in AWS.
            Status::TimedOut => {
                ("ExecutionTimedOut", history::ended("executionTimedOutEventDetails", Some(TIMEOUT), None))
            }
            Status::Aborted => {
                ("ExecutionAborted", history::ended("executionAbortedEventDetails", error, cause))
            }
            Status::Failed | Status::Running => {
                ("ExecutionFailed", history::ended("executionFailedEventDetails", error, cause))
            }
        };
        self.history.lock().close(at, kind, details, follows);
        (self.status, self.stopped, self.output, self.failure) = (status, Some(at), output, failure);
    }

    /// As DescribeExecution tells it.
    pub(super) fn describe(&self) -> Value {
        let mut told = self.listed();
        told.insert("input".to_owned(), json!(self.input.to_string()));
        told.insert("inputDetails".to_owned(), json!({ "included": true }));
        if let Some(output) = &self.output {
            told.insert("output".to_owned(), json!(output.to_string()));
            told.insert("outputDetails".to_owned(), json!({ "included": true }));
        }
        told.extend(self.ended_with());
        let status = match self.why_not_redriven() {
            None => "REDRIVABLE",
            Some(why_not) => {
                told.insert("redriveStatusReason".to_owned(), json!(why_not));
                "NOT_REDRIVABLE"
            }
        };
        told.insert("redriveStatus".to_owned(), json!(status));
        Value::Object(told)
    }

    fn redrives(&self) -> u32 {
        self.redriven.map_or(0, |redriven| redriven.count)
    }

    fn ended_with(&self) -> Map<String, Value> {
        let mut map = Map::new();
        if let Some(failure) = &self.failure {
            for (name, text) in [("error", &failure.error), ("cause", &failure.cause)] {
                if !text.is_empty() {
                    map.insert(name.to_owned(), json!(text));
                }
            }
        }
        map
    }

    /// As ListExecutions tells it.
    pub(super) fn listed(&self) -> Map<String, Value> {
        let mut told = Map::new();
        told.insert("executionArn".to_owned(), json!(self.arn));
        told.insert("stateMachineArn".to_owned(), json!(self.machine.arn));
        if let Some(version) = &self.machine.version {
            told.insert("stateMachineVersionArn".to_owned(), json!(version.arn));
        }
        told.insert("name".to_owned(), json!(self.name));
        told.insert("status".to_owned(), json!(self.status.name()));
        told.insert("startDate".to_owned(), json!(epoch(self.started)));
        told.insert("redriveCount".to_owned(), json!(self.redrives()));
        if let Some(redriven) = self.redriven {
            told.insert("redriveDate".to_owned(), json!(epoch(redriven.at)));
        }
        if let Some(stopped) = self.stopped {
            told.insert("stopDate".to_owned(), json!(stopped));
        }
        told
    }

    /// The event that EventBridge gets of the execution's status. Times in it are milliseconds, unlike the API's.
    pub(super) fn envelope(&self, config: &Config, id: &str) -> Value {
        let milliseconds = |at: f64| {
            #[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970")]
            let ms = (at * 1000.0).round() as i64;
            ms
        };
        let ended = self.ended_with();
        let detail = json!({
            "executionArn": self.arn, "stateMachineArn": self.machine.arn, "name": self.name,
            "status": self.status.name(), "startDate": milliseconds(epoch(self.started)),
            "stopDate": self.stopped.map(milliseconds), "input": self.input.to_string(),
            "inputDetails": { "included": true },
            "output": self.output.as_ref().map(ToString::to_string),
            "outputDetails": self.output.as_ref().map(|_| json!({ "included": true })),
            "error": ended.get("error"), "cause": ended.get("cause"),
            "stateMachineVersionArn": self.machine.version.as_ref().map(|version| version.arn.as_str()),
            "stateMachineAliasArn": null, "redriveCount": self.redrives(),
            "redriveDate": self.redriven.map(|redriven| milliseconds(epoch(redriven.at))),
        });
        json!({
            "version": "0", "id": id, "detail-type": "Step Functions Execution Status Change",
            "source": "aws.states", "account": config.account,
            "time": format!("{:.0}", rehearsal_world::now()), "region": config.region,
            "resources": [self.arn], "detail": detail,
        })
    }
}
