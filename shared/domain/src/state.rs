//! What travels between the states of the state machine. Everything else is in the ledger.

use crate::Timestamp;
use crate::name::{DeploymentId, ServiceName};
use crate::record::Outcome;
use crate::settings::Strategy;
use serde::{Deserialize, Serialize};

pub use crate::request::{MAX_SETTINGS, Request};

/// Which execution is running: from the context object of Step Functions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Execution {
    /// The execution's ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it started.
    pub started_at: Timestamp,
}

/// Input of `Plan`: the execution and what it was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanInput {
    /// The execution.
    pub execution: Execution,
    /// Its input, unread: `plan` says in words what is wrong with it.
    pub request: serde_json::Value,
}

/// What a function answers to the state machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Go on.
    Ready,
    /// Ask again after `wait_seconds`.
    Wait,
    /// Roll back.
    Failed,
    /// Nothing was or may be changed: straight to `Finish`.
    Refused,
    /// It ends here, with no deployment: a dry run, or nothing to recover.
    Over,
    /// Bring a dead execution's deployment to an end.
    Recover,
}

/// Where a deployment stands: input and output of every state after `Plan`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baton {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Of which service.
    pub service: ServiceName,
    /// The lease's fence that this execution holds.
    pub fence: u64,
    /// How the service changes over.
    pub strategy: Strategy,
    /// What the function answers.
    pub verdict: Verdict,
    /// Whether there is another step to shift.
    #[serde(default)]
    pub more_steps: bool,
    /// How long to wait before asking again.
    #[serde(default)]
    pub wait_seconds: u64,
    /// Why, in words; for people who look at the execution.
    #[serde(default)]
    pub note: String,
}

impl Baton {
    /// The same with another verdict, no waiting.
    #[must_use]
    pub fn with(&self, verdict: Verdict, note: impl Into<String>) -> Self {
        Self { verdict, wait_seconds: 0, note: note.into(), ..self.clone() }
    }

    /// The same, to be asked again in a while.
    #[must_use]
    pub fn waiting(&self, seconds: u64, note: impl Into<String>) -> Self {
        Self { verdict: Verdict::Wait, wait_seconds: seconds.max(1), note: note.into(), ..self.clone() }
    }
}

/// What `Plan` answers: the baton, and in a dry run the plan itself, for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Where the deployment stands.
    #[serde(flatten)]
    pub baton: Baton,
    /// What would be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Box<crate::plan::Plan>>,
}

/// What Step Functions adds when it catches an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Caught {
    /// The error's name.
    pub error: String,
    /// For a function's own error a JSON document with `errorMessage`, otherwise text.
    #[serde(default)]
    pub cause: String,
}

impl Caught {
    /// The error in words.
    pub fn words(&self) -> String {
        let message = serde_json::from_str::<serde_json::Value>(&self.cause)
            .ok()
            .and_then(|cause| Some(cause.get("errorMessage")?.as_str()?.to_owned()))
            .unwrap_or_else(|| self.cause.clone());
        format!("{}: {message}", self.error)
    }
}

/// Input of `Rollback` and `Finish`: the baton, or after an error in `Plan` what `Plan` was given; and the error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ending {
    /// The baton, when `Plan` got as far as that.
    #[serde(flatten)]
    pub baton: Option<Baton>,
    /// What `Plan` was given.
    #[serde(flatten)]
    pub plan: Option<PlanInput>,
    /// What was caught, if an error led here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Caught>,
}

/// Output of `Finish`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finished {
    /// Which deployment.
    pub deployment: DeploymentId,
    /// Of which service.
    pub service: ServiceName,
    /// How it ended.
    pub outcome: Outcome,
    /// In words: what happened and why.
    pub reason: String,
    /// The execution started for what became wanted meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed_by: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_ending_is_read_from_either_shape() {
        let baton = json!({"deployment": "d", "service": "c/s", "fence": 3, "strategy": "rolling",
            "verdict": "failed", "error": {"Error": "Busy", "Cause": "{\"errorMessage\":\"m\"}"}});
        let ending: Ending = serde_json::from_value(baton).unwrap();
        assert_eq!((ending.baton.unwrap().fence, ending.plan), (3, None));
        assert_eq!(ending.error.unwrap().words(), "Busy: m");

        let early = json!({"execution": {"id": "arn", "name": "n", "started_at": "2026-01-01T00:00:00Z"},
            "request": {"service": "c/s"}, "error": {"Error": "States.Timeout"}});
        let ending: Ending = serde_json::from_value(early).unwrap();
        assert!(ending.baton.is_none() && ending.plan.is_some());
    }
}
