//! AWS Lambda in miniature: the shipped binaries against a Runtime API.
//!
//! Owns: execution environments (one process each, with a Runtime API of its own on loopback), who gets
//! which invocation, what an invocation's end is called. Never: what the functions do; they are the same
//! binaries that AWS gets, and reach the rest of the rehearsal through `AWS_ENDPOINT_URL`.

mod api;
mod code;
mod environment;
mod failure;
mod fault;
mod function;
mod invoke;
mod lambda;
mod logs;
mod made;
mod memory;
mod pool;
mod process;
mod record;
mod runtime_api;
mod variables;

pub use code::{Answering, Code, Instance, Print};
pub use failure::InvokeError;
pub use fault::{Fault, FaultRule};
pub use function::{Config, Credentials, Function};
pub use lambda::{DeadLetterSink, Lambda};
pub use logs::{LogLine, LogSink};
pub use made::Pull;
pub use record::{Ended, EndedSink, Record};
