//! The seam of what runs a function: a process of the shipped binary, or the same code linked and called here.

use crate::function::Function;
use bytes::Bytes;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;

/// Takes the lines that a function prints.
pub type Print = Arc<dyn Fn(&str) + Send + Sync>;

/// What an invocation comes to: the answer, or the error document (`errorType`, `errorMessage`).
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Bytes>> + Send + 'a>>;

/// Functions that are called here instead of started as processes.
pub trait Code: Debug + Send + Sync {
    /// Makes an execution environment of a function with the variables that a process of it would have.
    ///
    /// # Errors
    /// Why it cannot start, in words.
    fn begin(
        &self,
        function: &Function,
        variables: &[(String, String)],
        print: Print,
    ) -> Result<Box<dyn Instance>, String>;

    /// Answers one event as a command would that gets it on standard input.
    fn command(&self, command: &[String], event: Bytes) -> Answering<'static>;
}

/// One execution environment. What it holds, it holds from one invocation to the next; an answer that is dropped is an
/// invocation that was killed.
pub trait Instance: Send {
    /// Gets ready for its first invocation, once.
    fn initialise(&mut self) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;

    /// Answers an event.
    fn answer(&mut self, payload: Bytes) -> Answering<'_>;
}
