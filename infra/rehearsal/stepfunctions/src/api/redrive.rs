//! Executions that ended without success go on where they were, with what they had then.

use super::Inner;
use super::executions::does_not_exist;
use super::input::required;
use super::record::{Execution, Status};
use crate::execution::Redriven;
use crate::history::MAX_EVENTS;
use crate::{epoch, now};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long after its end an execution can be redriven.
const REDRIVABLE: Duration = Duration::from_secs(14 * 24 * 3600);
/// Room that a history must have: for the redrive, and for one event more.
const ROOM: usize = 2;
/// How many client tokens are remembered.
const TOKENS: usize = 10;

impl Execution {
    /// Why an execution cannot be redriven; none if it can.
    pub(super) fn why_not_redriven(&self) -> Option<String> {
        let stopped = self.stopped.unwrap_or_default();
        if matches!(self.status, Status::Running | Status::Succeeded) {
            return Some(format!("Execution is {} and cannot be redriven", self.status.name()));
        }
        if now() - stopped > REDRIVABLE.as_secs_f64() {
            return Some("Execution has exceeded the redrivable period of 14 days".to_owned());
        }
        let full = self.history.lock().events().len() + ROOM > MAX_EVENTS;
        full.then(|| format!("Execution has more than {} events", MAX_EVENTS - ROOM))
    }
}

impl Inner {
    /// The same client token is the same redrive.
    pub(super) fn redrive_execution(self: &Arc<Self>, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "executionArn")?;
        if !arn.starts_with("arn:") {
            return Err(ApiError::new("InvalidArn", format!("Invalid Arn: '{arn}'")));
        }
        let token = input["clientToken"].as_str();
        let (run, envelope, at) = {
            let mut state = self.state.lock();
            let execution = state.executions.get_mut(arn).ok_or_else(|| does_not_exist(arn))?;
            let known = token.is_some_and(|token| execution.redrive_tokens.iter().any(|one| one == token));
            if let Some(redriven) = execution.redriven.filter(|_| known) {
                return Ok(json!({ "redriveDate": epoch(redriven.at) }));
            }
            if let Some(why_not) = execution.why_not_redriven() {
                return Err(ApiError::new("ExecutionNotRedrivable", why_not));
            }
            let (count, at) =
                (execution.redriven.map_or(0, |redriven| redriven.count) + 1, rehearsal_world::now());
            execution.redriven = Some(Redriven { count, at });
            execution.redrive_tokens.extend(token.map(str::to_owned));
            if execution.redrive_tokens.len() > TOKENS {
                execution.redrive_tokens.pop_front();
            }
            (execution.status, execution.stopped) = (Status::Running, None);
            (execution.output, execution.failure) = (None, None);
            // Whatever is left of the run before has no say any more.
            execution.stop.cancel();
            execution.stop = CancellationToken::new();
            execution.history.lock().reopen();
            let execution = &*execution;
            (self.run_of(execution), execution.envelope(&self.config, &self.chance.uuid()), at)
        };
        (self.sink)(envelope);
        self.spawn(run);
        Ok(json!({ "redriveDate": epoch(at) }))
    }
}
