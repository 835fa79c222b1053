//! Runs one execution from its first state to its end.

use crate::error::{Failure, TIMEOUT, matches};
use crate::history::{self, History};
use crate::machine::{Kind, Machine, State, Task};
use crate::retry::Attempts;
use crate::step;
use crate::{Chance, Invoke};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// What does not change while an execution runs.
pub(crate) struct Run {
    pub(crate) machine: Arc<Machine>,
    pub(crate) machine_arn: String,
    pub(crate) machine_name: String,
    pub(crate) role: String,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) region: String,
    pub(crate) started: jiff::Timestamp,
    pub(crate) input: Value,
    pub(crate) history: Arc<Mutex<History>>,
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) chance: Chance,
}

/// What a state leads to.
enum After {
    Next(String, Value),
    End(Value),
}

impl Run {
    /// Runs to the end: an output, or what it failed with.
    pub(crate) async fn run(&self) -> Result<Value, Failure> {
        self.note("ExecutionStarted", Some(history::started(&self.input, &self.role)));
        let (mut name, mut input) = (self.machine.start.as_str(), self.input.clone());
        loop {
            if self.history.lock().is_full() {
                let most = history::MAX_EVENTS;
                return Err(Failure::runtime(format!(
                    "The execution reached the maximum number of history events ({most})."
                )));
            }
            let state = &self.machine.states[name];
            match self.state(name, state, input).await? {
                After::End(output) => return Ok(output),
                After::Next(next, output) => {
                    // Names were checked when the machine was made.
                    (name, input) =
                        (self.machine.states.get_key_value(&next).map_or(name, |(key, _)| key), output);
                }
            }
        }
    }

    async fn state(&self, name: &str, state: &State, raw: Value) -> Result<After, Failure> {
        let mut context = self.context(name);
        let kind = kind(state);
        self.note(&format!("{kind}StateEntered"), Some(history::entered(name, &raw)));
        let input = step::input_of(state, &raw, &context)?;
        let (next, made) = match &state.kind {
            Kind::Task(task) => self.task(task, state, raw, &input, &mut context).await?,
            Kind::Choice { rules, default } => {
                let next = step::choose(rules, default.as_deref(), &input, &context)?;
                (Some(next.to_owned()), step::output_of(state, &input, &context)?)
            }
            Kind::Wait(wait) => {
                let wait = step::wait(wait, &input, &context, jiff::Timestamp::now())?;
                tokio::time::sleep(wait).await;
                (state.next.clone(), step::output_of(state, &input, &context)?)
            }
            Kind::Pass(shape) => {
                let made = match &shape.result {
                    Some(result) => result.clone(),
                    None => step::parameters(shape, &input, &context)?,
                };
                let made = step::combine(shape, raw, made, &context)?;
                (state.next.clone(), step::output_of(state, &made, &context)?)
            }
            Kind::Succeed => (None, step::output_of(state, &input, &context)?),
            Kind::Fail { error, cause } => {
                let error = step::word(error.as_ref(), &input, &context)?.unwrap_or_default();
                let cause = step::word(cause.as_ref(), &input, &context)?.unwrap_or_default();
                return Err(Failure { error, cause });
            }
        };
        self.note(&format!("{kind}StateExited"), Some(history::exited(name, &made)));
        Ok(match next {
            Some(next) => After::Next(next, made),
            None => After::End(made),
        })
    }

    /// A task with its retries; what it cannot do is caught, or ends the execution.
    async fn task(
        &self,
        task: &Task,
        state: &State,
        raw: Value,
        input: &Value,
        context: &mut Value,
    ) -> Result<(Option<String>, Value), Failure> {
        let mut attempts = Attempts::default();
        loop {
            let failure = match self.attempt(task, state, &raw, input, context).await {
                Ok(output) => return Ok((state.next.clone(), output)),
                Err(failure) => failure,
            };
            if let Some(delay) = attempts.next(&task.retry, &failure.error, self.chance.draw()) {
                tokio::time::sleep(delay).await;
                context["State"]["RetryCount"] = json!(attempts.made());
                continue;
            }
            let catcher = task.catch.iter().find(|catcher| matches(&catcher.errors, &failure.error));
            let Some(catcher) = catcher else { return Err(failure) };
            return Ok((Some(catcher.next.clone()), step::caught(catcher, raw, &failure)?));
        }
    }

    async fn attempt(
        &self,
        task: &Task,
        state: &State,
        raw: &Value,
        input: &Value,
        context: &Value,
    ) -> Result<Value, Failure> {
        let parameters = step::parameters(&task.shape, input, context)?;
        let timeout = match &task.timeout {
            Some(seconds) => Some(step::seconds(seconds, input, context)?),
            None => None,
        };
        self.note("TaskScheduled", Some(history::scheduled(&self.region, &parameters, timeout)));
        self.note("TaskStarted", Some(history::task_started()));
        let function = parameters["FunctionName"].as_str().unwrap_or_default();
        let payload = parameters.get("Payload").cloned().unwrap_or_else(|| json!({}));
        let invocation = self.invoke.invoke(function, payload);
        let answer = match timeout {
            None => invocation.await,
            Some(seconds) => {
                let limit = Duration::from_secs(seconds);
                // The function is not told: it goes on, as in AWS.
                tokio::time::timeout(limit, invocation)
                    .await
                    .unwrap_or_else(|_| Err(Failure::new(TIMEOUT, String::new())))
            }
        };
        match answer {
            Ok(payload) => {
                let result = step::lambda_result(payload);
                self.note("TaskSucceeded", Some(history::task_succeeded(&result)));
                let made = step::combine(&task.shape, raw.clone(), result, context)?;
                step::output_of(state, &made, context)
            }
            Err(failure) if failure.error == TIMEOUT => {
                self.note("TaskTimedOut", Some(history::task_failed("taskTimedOutEventDetails", &failure)));
                Err(failure)
            }
            Err(failure) => {
                self.note("TaskFailed", Some(history::task_failed("taskFailedEventDetails", &failure)));
                Err(failure)
            }
        }
    }

    /// The context object, `$$`.
    fn context(&self, state: &str) -> Value {
        json!({
            "Execution": {
                "Id": self.arn, "Input": self.input, "Name": self.name, "RoleArn": self.role,
                "StartTime": rfc3339(self.started), "RedriveCount": 0,
            },
            "StateMachine": { "Id": self.machine_arn, "Name": self.machine_name },
            "State": { "Name": state, "EnteredTime": rfc3339(jiff::Timestamp::now()), "RetryCount": 0 },
        })
    }

    fn note(&self, kind: &str, details: Option<(&str, Value)>) {
        self.history.lock().add(crate::now(), kind, details);
    }
}

/// With milliseconds, as the context object has it.
fn rfc3339(at: jiff::Timestamp) -> String {
    format!("{at:.3}")
}

fn kind(state: &State) -> &'static str {
    match state.kind {
        Kind::Task(_) => "Task",
        Kind::Choice { .. } => "Choice",
        Kind::Wait(_) => "Wait",
        Kind::Pass(_) => "Pass",
        Kind::Succeed => "Succeed",
        Kind::Fail { .. } => "Fail",
    }
}
