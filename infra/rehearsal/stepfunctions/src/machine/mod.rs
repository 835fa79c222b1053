//! A state machine, read and checked: what is not supported is refused when it is made, not when it runs.

mod fields;
mod mistake;
mod parse;
mod reach;
mod task;
#[cfg(test)]
mod tests;

pub use mistake::Mistake;
pub(crate) use mistake::under;

use crate::choice::Rule;
use crate::path::Path;
use crate::retry::Retrier;
use crate::template::Template;
use serde_json::Value;
use std::collections::BTreeMap;

/// Step Functions takes definitions up to this many bytes.
pub const MAX_DEFINITION: usize = 1_048_576;
/// AWS's bound on every number of seconds to wait or to time out after.
pub(crate) const MOST_SECONDS: u64 = 99_999_999;
/// State names have at most this many characters.
pub const MAX_STATE_NAME: usize = 80;
/// The only kind of task there is here.
pub const LAMBDA_INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// A state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    /// `StartAt`
    pub start: String,
    /// `TimeoutSeconds`
    pub timeout: Option<u64>,
    /// The states by name.
    pub states: BTreeMap<String, State>,
}

/// A state.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// `InputPath`; none for `null`, which makes the input empty.
    pub input: Option<Path>,
    /// `OutputPath`; none for `null`, which makes the output empty.
    pub output: Option<Path>,
    /// What it does.
    pub kind: Kind,
    /// `Next`; none where it ends.
    pub next: Option<String>,
}

/// What a state does.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Invokes a function.
    Task(Box<Task>),
    /// Chooses the next state.
    Choice {
        /// Rules in order, each with the state that follows if it is true.
        rules: Vec<(Rule, String)>,
        /// The state that follows if none is.
        default: Option<String>,
    },
    /// Waits.
    Wait(Wait),
    /// Hands on its input, or something made of it.
    Pass(Shape),
    /// Ends the execution well.
    Succeed,
    /// Ends the execution badly.
    Fail {
        /// `Error` or `ErrorPath`
        error: Option<Template>,
        /// `Cause` or `CausePath`
        cause: Option<Template>,
    },
}

/// How input and result are put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// `Parameters`
    pub parameters: Option<Template>,
    /// `ResultSelector`
    pub selector: Option<Template>,
    /// `Result`, of a Pass.
    pub result: Option<Value>,
    /// `ResultPath`; none for `null`, which leaves the input as it is.
    pub result_path: Option<Path>,
}

/// A Task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Parameters, selector and result path.
    pub shape: Shape,
    /// `TimeoutSeconds` or `TimeoutSecondsPath`
    pub timeout: Option<Seconds>,
    /// `Retry`
    pub retry: Vec<Retrier>,
    /// `Catch`
    pub catch: Vec<Catcher>,
}

/// A number of seconds, given or to be found.
#[derive(Debug, Clone, PartialEq)]
pub enum Seconds {
    /// Given.
    Fixed(u64),
    /// Where a path leads.
    At(Path),
}

/// What a Wait waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// So many seconds.
    Seconds(Seconds),
    /// A moment: RFC 3339, or where a path leads.
    Until(Template),
}

/// One element of `Catch`.
#[derive(Debug, Clone, PartialEq)]
pub struct Catcher {
    /// `ErrorEquals`
    pub errors: Vec<String>,
    /// `ResultPath`: where the error goes.
    pub result_path: Option<Path>,
    /// `Next`
    pub next: String,
}
