//! AWS Step Functions in miniature: an interpreter for the parts of the Amazon States Language that Changeover uses,
//! behind the API that people and functions use.
//!
//! Owns: state machines and their executions, retries, catches, waits and history. Never: what tasks do; they are
//! invoked through [`Invoke`]. What the interpreter does not know is refused when a machine is made.

mod api;
mod choice;
mod error;
mod execution;
mod history;
mod machine;
mod path;
mod retry;
mod step;
mod template;

pub use api::StepFunctions;
pub use choice::Rule;
pub use error::Failure;
pub use history::{MAX_EVENTS, Notice};
pub use machine::{Catcher, Kind, MAX_DEFINITION, Machine, Mistake, Seconds, Shape, State, Task, Wait};
pub use retry::{Attempts, Retrier};
pub use step::MAX_PAYLOAD;

use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Where events go: full EventBridge envelopes.
pub type EventSink = Arc<dyn Fn(Value) + Send + Sync>;

/// What invokes functions for Task states.
pub trait Invoke: Send + Sync + 'static {
    /// Invokes a function by name or ARN and awaits its answer. A failure carries the name that Step Functions gives
    /// it: the function's own error type, `Runtime.ExitError`, `Sandbox.Timedout`, `Lambda.ServiceException` and so on.
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>>;

    /// The same in the name of the state machine's role, for whoever asks whether that role may.
    fn invoke_as<'a>(
        &'a self,
        role_arn: &'a str,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>> {
        let _ = role_arn;
        self.invoke(function, payload)
    }
}

/// Who this Step Functions is.
#[derive(Debug, Clone)]
pub struct Config {
    /// Account id in every ARN.
    pub account: String,
    /// Region in every ARN.
    pub region: String,
    /// Seeds jitter and the names of executions that are given none.
    pub seed: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self { account: "123456789012".to_owned(), region: "us-east-1".to_owned(), seed: 1 }
    }
}

/// A seeded source of chance.
#[derive(Clone)]
pub(crate) struct Chance(Arc<Mutex<StdRng>>);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// Chance of its own for what has this name: the same for the same seed, whatever runs beside it.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        // FNV-1a: short, and the same on every platform and with every compiler.
        let mixed = name.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self::new(mixed)
    }

    /// From 0 to 1.
    pub(crate) fn draw(&self) -> f64 {
        self.0.lock().random()
    }

    /// An id such as AWS gives.
    pub(crate) fn uuid(&self) -> String {
        uuid::Builder::from_random_bytes(self.0.lock().random()).into_uuid().to_string()
    }
}

/// Epoch seconds with milliseconds, as the API tells time.
pub(crate) fn now() -> f64 {
    epoch(rehearsal_world::now())
}

pub(crate) fn epoch(at: jiff::Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
    let ms = at.as_millisecond() as f64;
    ms / 1000.0
}
