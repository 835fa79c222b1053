//! The functions, linked: each is called with the variables, the credentials and the clock that its process would have.

use crate::wire::Wires;
use bytes::Bytes;
use changeover_aws::{Aws, Wire};
use changeover_domain::StepError;
use changeover_lambda::{Clock, Config, Context, input, message, output};
use rehearsal_lambda::{Answering, Code, Function, Instance, Print};
use sample_webapp::Options;
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// How long an environment takes until its first invocation: what was published for Rust on Lambda, and what it does to
/// read its variables.
const COLD_START: Duration = Duration::from_millis(20);

/// Calls the functions of this workspace.
#[derive(Debug)]
pub struct Functions {
    steps: mpsc::UnboundedSender<Begin>,
}

/// Begins a step where it is to run.
type Begin = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = ()>>> + Send>;

impl Functions {
    /// Begins to take steps. They run on this thread's `LocalSet`, in which this must be called: nothing that ships has
    /// to be able to go from thread to thread.
    #[must_use]
    pub fn new() -> Self {
        let (steps, mut next) = mpsc::unbounded_channel::<Begin>();
        tokio::task::spawn_local(async move {
            while let Some(begin) = next.recv().await {
                tokio::task::spawn_local(begin());
            }
        });
        Self { steps }
    }
}

impl Default for Functions {
    fn default() -> Self {
        Self::new()
    }
}

type Step = Pin<Box<dyn Future<Output = Result<Value, StepError>>>>;
type Call = fn(Arc<Context>, Value) -> Step;

/// The functions by the names of their crates, which are those of their binaries.
macro_rules! functions {
    ($($name:literal => $run:path,)*) => {
        /// The function of a name.
        fn find(name: &str) -> Option<Call> {
            match name {
                $($name => Some(|context, payload| {
                    Box::pin(async move { output($run(&context, input(payload)?).await?) })
                }),)*
                _ => None,
            }
        }
    };
}

functions! {
    "check-health" => check_health::run,
    "dispatch" => dispatch::run,
    "drain" => drain::run,
    "finish" => finish::run,
    "gate" => gate::run,
    "plan" => plan::run,
    "register-revision" => register_revision::run,
    "rollback" => rollback::run,
    "swap" => swap::run,
    "update-service" => update_service::run,
}

impl Code for Functions {
    fn begin(
        &self,
        function: &Function,
        variables: &[(String, String)],
        print: Print,
    ) -> Result<Box<dyn Instance>, String> {
        let name = function.binary.display().to_string();
        let call = find(&name).ok_or_else(|| format!("no function {name} is linked"))?;
        let variable = |name: &str| {
            // Of a variable that is there twice, the later counts: the platform's own come last.
            variables.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        let wires = Wires::default();
        let wire = Wire { http: wires.client(), time: crate::wire::time() };
        let context = Context {
            aws: Aws::read(variable, Some(wire))?,
            config: Config::read(variable)?,
            clock: Clock::of(rehearsal_world::now),
            print,
        };
        Ok(Box::new(Environment { call, context: Arc::new(context), steps: self.steps.clone() }))
    }

    fn command(&self, command: &[String], event: Bytes) -> Answering<'static> {
        let failed =
            |kind: &str, why: &str| Bytes::from(json!({"errorType": kind, "errorMessage": why}).to_string());
        let answer = match Options::of(command, &[]) {
            _ if command.first().map(String::as_str) != Some(rehearsal::binaries::SAMPLE_WEBAPP) => {
                Err(failed("Runtime.InvalidEntrypoint", "only the sample application can be imagined"))
            }
            Err(why) => Err(failed("Runtime.ExitError", &why)),
            Ok(options) => match sample_webapp::hook(&options.hook, &event) {
                Ok(answer) => Ok(Bytes::from(answer.to_string())),
                Err(why) => Err(failed("Runtime.ExitError", &why)),
            },
        };
        Box::pin(async move {
            // As a process of it would.
            tokio::time::sleep(COLD_START).await;
            answer
        })
    }
}

/// An execution environment: one context, kept from invocation to invocation.
struct Environment {
    call: Call,
    context: Arc<Context>,
    steps: mpsc::UnboundedSender<Begin>,
}

impl Environment {
    /// Takes one step. It ends when nobody awaits it any more, as a process does that is killed.
    async fn step(&self, payload: Value) -> Result<Value, StepError> {
        let (call, context) = (self.call, self.context.clone());
        let (mut tell, told) = oneshot::channel();
        let begin: Begin = Box::new(move || {
            Box::pin(async move {
                let answer = tokio::select! {
                    biased;
                    () = tell.closed() => return,
                    answer = call(context, payload) => answer,
                };
                // Nobody to tell is nobody who waits.
                let _ = tell.send(answer);
            })
        });
        let gone = || StepError::BadInput("the world of this function has ended".to_owned());
        self.steps.send(begin).map_err(|_| gone())?;
        told.await.map_err(|_| gone())?
    }
}

impl Instance for Environment {
    fn initialise(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(tokio::time::sleep(COLD_START))
    }

    fn answer(&mut self, payload: Bytes) -> Answering<'_> {
        Box::pin(async move {
            let answer = match serde_json::from_slice(&payload) {
                Ok(payload) => self.step(payload).await,
                Err(error) => Err(StepError::BadInput(format!("the input is no JSON: {error}"))),
            };
            match answer {
                Ok(answer) => Ok(Bytes::from(answer.to_string())),
                Err(error) => {
                    let said = json!({"errorType": error.name(), "errorMessage": message(&error)});
                    Err(Bytes::from(said.to_string()))
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::find;
    use rehearsal::binaries::FUNCTIONS;

    #[test]
    fn every_function_that_ships_is_linked() {
        for name in FUNCTIONS {
            assert!(find(name).is_some(), "{name} is not linked");
        }
    }
}
