//! Serves a function: one invocation after the other, errors by the names that the state machine knows.

use crate::context::standard_output;
use crate::{Clock, Config, Context, telemetry};
use changeover_aws::Aws;
use changeover_domain::StepError;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::pin::Pin;
use std::process::ExitCode;

/// How long an error's message may get, in characters. Step Functions keeps 32,768 of a cause, which is this message in a
/// JSON document with whatever has to be escaped; cut off there it would be no document any more.
const MAX_MESSAGE: usize = 4_000;

/// Runs a function until Lambda ends the process.
///
/// Clients are built once, before the first invocation; an input that cannot be read is `BadInput` in words.
pub fn serve<I, O, F>(name: &'static str, run: F) -> ExitCode
where
    I: DeserializeOwned,
    O: Serialize,
    F: AsyncFn(&Context, I) -> Result<O, StepError>,
{
    telemetry::start(name);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        let (config, aws) = (Config::from_env()?, Aws::from_env()?);
        let context = Context { config, aws, clock: Clock::SYSTEM, print: standard_output() };
        runtime.block_on(poll(&context, &run))
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error, "the function could not start");
            ExitCode::FAILURE
        }
    }
}

async fn poll<I, O, F>(context: &Context, run: &F) -> Result<(), String>
where
    I: DeserializeOwned,
    O: Serialize,
    F: AsyncFn(&Context, I) -> Result<O, StepError>,
{
    let handler = service_fn(async |event: LambdaEvent<Value>| {
        let trace = event.context.xray_trace_id.as_deref();
        telemetry::begin(&event.context.request_id, trace, &event.payload);
        let answer = answer(context, run, event.payload).await;
        // Either way the last line of an invocation says how it ended.
        answer.inspect(telemetry::answered).map_err(|error| {
            tracing::warn!(error = error.name(), detail = %error, "the step failed");
            Diagnostic { error_type: error.name().to_owned(), error_message: message(&error) }
        })
    });
    lambda_runtime::run(handler).await.map_err(|error| error.to_string())
}

async fn answer<I, O, F>(context: &Context, run: &F, payload: Value) -> Result<Value, StepError>
where
    I: DeserializeOwned,
    O: Serialize,
    F: AsyncFn(&Context, I) -> Result<O, StepError>,
{
    let input = input(payload)?;
    // Boxed: the future of a whole step, with all its calls to AWS inside, is too deep a type for the compiler.
    let step: Pin<Box<dyn Future<Output = Result<O, StepError>> + '_>> = Box::pin(run(context, input));
    output(step.await?)
}

/// What an invocation is given, read.
///
/// # Errors
/// `BadInput` in words.
pub fn input<I: DeserializeOwned>(payload: Value) -> Result<I, StepError> {
    serde_json::from_value(payload)
        .map_err(|error| StepError::BadInput(format!("the input is not one of ours: {error}")))
}

/// What an invocation answers, written.
///
/// # Errors
/// If it is no JSON, which none of ours is.
pub fn output<O: Serialize>(output: O) -> Result<Value, StepError> {
    serde_json::to_value(output)
        .map_err(|error| StepError::RecordMissing(format!("the answer cannot be written: {error}")))
}

/// What is told of an error beside its name, within [`MAX_MESSAGE`].
pub fn message(error: &StepError) -> String {
    error.to_string().chars().take(MAX_MESSAGE).collect()
}
