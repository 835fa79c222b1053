//! Runs one execution from its first state to its end.

use crate::error::{DATA_LIMIT, Failure, RUNTIME, TIMEOUT, matches};
use crate::history::{self, Follows, History};
use crate::machine::{Kind, Machine, State, Task};
use crate::retry::Attempts;
use crate::step;
use crate::{Chance, Invoke};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
    pub(crate) redriven: Option<Redriven>,
    pub(crate) input: Value,
    /// Where it is, for a later redrive.
    pub(crate) place: Arc<Mutex<Option<Place>>>,
    /// Cancelled when somebody stops it: from then on it has no say in its history.
    pub(crate) stop: CancellationToken,
    pub(crate) history: Arc<Mutex<History>>,
    pub(crate) invoke: Arc<dyn Invoke>,
    pub(crate) chance: Chance,
}

/// The state that an execution entered last.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    state: String,
    input: Value,
    /// The id of the event that says so.
    entered: usize,
}

/// That an execution was let go on after it had ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Redriven {
    /// How often by now.
    pub(crate) count: u32,
    /// When, the last time.
    pub(crate) at: jiff::Timestamp,
}

/// How an execution ended by itself.
pub(crate) enum Ended {
    /// With an output.
    Succeeded(Value),
    /// With an error.
    Failed(Failure, Follows),
}

/// What a state leads to.
enum After {
    Next(String, Value),
    End(Value),
}

impl Run {
    /// Runs to the end, from where it was if it is redriven.
    pub(crate) async fn run(&self) -> Ended {
        let mut place = match self.begin() {
            Ok(place) => place,
            Err(failure) => return Ended::Failed(failure, Follows::Last),
        };
        loop {
            // States that wait for nothing would keep others, and whoever stops this, from their turn.
            tokio::task::consume_budget().await;
            let Place { state: name, input, entered } = place;
            match self.state(&name, &self.machine.states[&name], input).await {
                Ok(After::End(output)) => return Ended::Succeeded(output),
                Ok(After::Next(next, output)) => match self.enter(next, output) {
                    Ok(next) => place = next,
                    Err(failure) => return Ended::Failed(failure, Follows::Last),
                },
                Err(failure) if failure.error == RUNTIME && !self.history.lock().is_full() => {
                    let cause = format!(
                        "An error occurred while executing the state '{name}' (entered at the event id #{entered}). {}",
                        failure.cause
                    );
                    return Ended::Failed(Failure { cause, ..failure }, Follows::Nothing);
                }
                Err(failure) => return Ended::Failed(failure, Follows::Last),
            }
        }
    }

    /// The first state, or the one to go on with, which is not entered again.
    fn begin(&self) -> Result<Place, Failure> {
        if let Some(redriven) = self.redriven {
            self.note("ExecutionRedriven", Some(history::redriven(redriven.count)))?;
            if let Some(place) = self.place.lock().clone() {
                return Ok(place);
            }
        } else {
            self.note("ExecutionStarted", Some(history::started(&self.input, &self.role)))?;
        }
        self.enter(self.machine.start.clone(), self.input.clone())
    }

    /// Enters a state; its name was checked when the machine was made.
    fn enter(&self, state: String, input: Value) -> Result<Place, Failure> {
        let entered = history::entered(&state, &input);
        let kind = kind(&self.machine.states[&state]);
        let entered = self.note(&format!("{kind}StateEntered"), Some(entered))?;
        let place = Place { state, input, entered };
        *self.place.lock() = Some(place.clone());
        Ok(place)
    }

    async fn state(&self, name: &str, state: &State, raw: Value) -> Result<After, Failure> {
        let mut context = self.context(name);
        let input = step::input_of(state, &raw, &context)?;
        let (next, made) = match &state.kind {
            Kind::Task(task) => self.task(task, state, raw, &input, &mut context).await?,
            Kind::Choice { rules, default } => {
                let next = step::choose(rules, default.as_deref(), &input, &context)?;
                (Some(next.to_owned()), step::output_of(state, &input, &context)?)
            }
            Kind::Wait(wait) => {
                let wait = step::wait(wait, &input, &context, rehearsal_world::now())?;
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
        self.note(&format!("{}StateExited", kind(state)), Some(history::exited(name, &made)))?;
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
            Some(seconds) => Some(step::seconds(seconds, 1, input, context)?),
            None => None,
        };
        let function = parameters["FunctionName"].as_str().ok_or_else(|| {
            Failure::runtime(format!(
                "The Parameters '{parameters}' could not be used to start the Task: [The value for the field 'FunctionName' must be a STRING]"
            ))
        })?;
        self.note("TaskScheduled", Some(history::scheduled(&self.region, &parameters, timeout)))?;
        self.note("TaskStarted", Some(history::task_started()))?;
        let payload = parameters.get("Payload").cloned().unwrap_or_else(|| json!({}));
        let result =
            self.result_within(timeout, self.invoke.invoke_as(&self.role, function, payload)).await?;
        self.note("TaskSucceeded", Some(history::task_succeeded(&result)))?;
        let made = step::combine(&task.shape, raw.clone(), result, context)?;
        step::output_of(state, &made, context)
    }

    /// What the Lambda integration makes of an invocation; a failure is on record.
    async fn result_within(
        &self,
        timeout: Option<u64>,
        invocation: impl Future<Output = Result<Value, Failure>>,
    ) -> Result<Value, Failure> {
        let answer = match timeout {
            None => invocation.await,
            Some(seconds) => match tokio::time::timeout(Duration::from_secs(seconds), invocation).await {
                Ok(answer) => answer,
                // The function is not told: it goes on, as in AWS.
                Err(_) => {
                    let failure = Failure::new(TIMEOUT, String::new());
                    let details = history::task_failed("taskTimedOutEventDetails", &failure);
                    self.note("TaskTimedOut", Some(details))?;
                    return Err(failure);
                }
            },
        };
        let result = answer.map(step::lambda_result).and_then(|result| {
            let is_small = result.to_string().len() <= step::MAX_PAYLOAD;
            is_small.then_some(result).ok_or_else(|| {
                Failure::new(
                    DATA_LIMIT,
                    "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.",
                )
            })
        });
        if let Err(failure) = &result {
            self.note("TaskFailed", Some(history::task_failed("taskFailedEventDetails", failure)))?;
        }
        result
    }

    /// The context object, `$$`.
    fn context(&self, state: &str) -> Value {
        let mut context = json!({
            "Execution": {
                "Id": self.arn, "Input": self.input, "Name": self.name, "RoleArn": self.role,
                "StartTime": rfc3339(self.started),
                "RedriveCount": self.redriven.map_or(0, |redriven| redriven.count),
            },
            "StateMachine": { "Id": self.machine_arn, "Name": self.machine_name },
            "State": { "Name": state, "EnteredTime": rfc3339(rehearsal_world::now()), "RetryCount": 0 },
        });
        if let Some(redriven) = self.redriven {
            context["Execution"]["RedriveTime"] = json!(rfc3339(redriven.at));
        }
        context
    }

    /// Writes an event and tells its id; there may be no room for it.
    fn note(&self, kind: &str, details: Option<(&str, Value)>) -> Result<usize, Failure> {
        let mut history = self.history.lock();
        // It may be redriven already, and then the history is another run's.
        if self.stop.is_cancelled() {
            return Ok(history.events().len());
        }
        history.add(crate::now(), kind, details)
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
