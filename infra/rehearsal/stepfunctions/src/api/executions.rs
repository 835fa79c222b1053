//! Executions: started once per name, stopped, described, listed, with their history.

use super::Inner;
use super::input::{check_name, page, required};
use super::record::{Execution, Status};
use crate::execution::Run;
use crate::history::{Follows, History};
use crate::step::MAX_PAYLOAD;
use crate::{Chance, Failure, epoch};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

pub(super) fn does_not_exist(arn: &str) -> ApiError {
    ApiError::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
}

/// What an execution is to start with.
fn given(input: &Value) -> Result<Value, ApiError> {
    let bad = |why: String| {
        ApiError::new("InvalidExecutionInput", format!("Invalid State Machine Execution Input: '{why}'"))
    };
    let text = input["input"].as_str().unwrap_or("{}");
    if text.len() > MAX_PAYLOAD {
        return Err(bad(format!("{} bytes, {MAX_PAYLOAD} are allowed", text.len())));
    }
    serde_json::from_str(text).map_err(|error| bad(error.to_string()))
}

impl Inner {
    pub(super) fn with_execution<T>(
        &self,
        arn: &str,
        read: impl FnOnce(&Execution) -> T,
    ) -> Result<T, ApiError> {
        if !arn.starts_with("arn:") {
            return Err(ApiError::new("InvalidArn", format!("Invalid Arn: '{arn}'")));
        }
        self.state.lock().executions.get(arn).map(read).ok_or_else(|| does_not_exist(arn))
    }

    /// The same name with the same input is the same execution while that runs; after that the name is taken.
    pub(super) fn start_execution(self: &Arc<Self>, input: &Value) -> Result<Value, ApiError> {
        let machine = self.machine(required(input, "stateMachineArn")?)?;
        let given = given(input)?;
        let name = input["name"].as_str().map_or_else(|| self.chance.uuid(), str::to_owned);
        check_name(&name)?;
        let (region, account) = (&self.config.region, &self.config.account);
        let arn = format!("arn:aws:states:{region}:{account}:execution:{}:{name}", machine.name);
        let started = rehearsal_world::now();
        let (run, envelope) = {
            let mut state = self.state.lock();
            if let Some(there) = state.executions.get(&arn) {
                if there.status == Status::Running && there.input == given {
                    return Ok(json!({ "executionArn": arn, "startDate": epoch(there.started) }));
                }
                let message = format!("Execution Already Exists: '{arn}'");
                return Err(ApiError::new("ExecutionAlreadyExists", message));
            }
            state.count += 1;
            let execution = Execution {
                history: Arc::new(Mutex::new(History::new(&arn, self.watchers.clone()))),
                arn: arn.clone(),
                name,
                machine,
                order: state.count,
                status: Status::Running,
                input: given,
                started,
                stopped: None,
                output: None,
                failure: None,
                place: Arc::default(),
                redriven: None,
                redrive_tokens: VecDeque::new(),
                stop: CancellationToken::new(),
            };
            let began = (self.run_of(&execution), execution.envelope(&self.config, &self.chance.uuid()));
            state.executions.insert(arn.clone(), execution);
            began
        };
        (self.sink)(envelope);
        self.spawn(run);
        Ok(json!({ "executionArn": arn, "startDate": epoch(started) }))
    }

    /// What runs an execution from where it is.
    pub(super) fn run_of(&self, execution: &Execution) -> Run {
        let machine = execution.machine.clone();
        Run {
            machine: machine.machine,
            machine_arn: machine.arn,
            machine_name: machine.name,
            role: machine.role,
            arn: execution.arn.clone(),
            name: execution.name.clone(),
            region: self.config.region.clone(),
            started: execution.started,
            redriven: execution.redriven,
            input: execution.input.clone(),
            place: Arc::clone(&execution.place),
            stop: execution.stop.clone(),
            history: Arc::clone(&execution.history),
            invoke: Arc::clone(&self.invoke),
            chance: Chance::named(self.config.seed, &execution.arn),
        }
    }

    pub(super) fn stop_execution(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "executionArn")?;
        let stop = self.with_execution(arn, |execution| execution.stop.clone())?;
        let word = |name: &str| input[name].as_str().unwrap_or_default();
        self.end(
            arn,
            Status::Aborted,
            None,
            Some(Failure::new(word("error"), word("cause"))),
            Follows::Nothing,
        );
        stop.cancel();
        let stopped = self.with_execution(arn, |execution| execution.stopped)?;
        Ok(json!({ "stopDate": stopped }))
    }

    pub(super) fn describe_execution(&self, input: &Value) -> Result<Value, ApiError> {
        self.with_execution(required(input, "executionArn")?, Execution::describe)
    }

    /// Newest first.
    pub(super) fn list_executions(&self, input: &Value) -> Result<Value, ApiError> {
        let machine = self.machine(required(input, "stateMachineArn")?)?;
        let filter = input["statusFilter"].as_str();
        let state = self.state.lock();
        let mut found: Vec<&Execution> = state
            .executions
            .values()
            .filter(|execution| execution.machine.arn == machine.arn)
            .filter(|execution| filter.is_none_or(|status| status == execution.status.name()))
            .collect();
        found.sort_by_key(|execution| std::cmp::Reverse(execution.order));
        let all: Vec<Value> = found.into_iter().map(|execution| Value::Object(execution.listed())).collect();
        page(input, "executions", &all)
    }

    pub(super) fn execution_history(&self, input: &Value) -> Result<Value, ApiError> {
        let history =
            self.with_execution(required(input, "executionArn")?, |one| Arc::clone(&one.history))?;
        let mut events = history.lock().events().to_vec();
        if input["reverseOrder"].as_bool() == Some(true) {
            events.reverse();
        }
        if input["includeExecutionData"].as_bool() == Some(false) {
            for details in events.iter_mut().filter_map(Value::as_object_mut) {
                for value in details.values_mut().filter_map(Value::as_object_mut) {
                    for data in ["input", "output", "parameters"] {
                        value.remove(data);
                    }
                }
            }
        }
        page(input, "events", &events)
    }
}
