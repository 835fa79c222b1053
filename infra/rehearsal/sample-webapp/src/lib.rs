//! The web application that the rehearsal deploys.
//!
//! A small HTTP/1.1 server that behaves as a good one does, finishing what it has begun when it is told to
//! stop, and that can be made to misbehave in the ways real ones do. It listens on loopback only. In the real world it
//! is a process; in an imagined one, tasks of whoever links it.

mod answer;
mod begun;
mod database;
mod fault;
mod hook;
mod options;
mod probe;
mod route;
mod serve;
mod spell;
mod websocket;

pub use database::{Database, Rows};
pub use hook::hook;
pub use options::Options;
pub use serve::run;

/// Takes the lines that the application prints.
pub type Say = std::sync::Arc<dyn Fn(&str) + Send + Sync>;
