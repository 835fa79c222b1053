//! What a deployment is made of, and the rules it follows. Plain types and pure functions: everything a rule
//! knows is in its arguments, time included, so that the functions, the model and the tests share one truth.
//!
//! Owns: names, settings, plans, the ledger's records, what travels between states, errors, and the rules on
//! health, weights, metrics, verdicts, capacity, room and readiness. Never: tokio, AWS, a clock or randomness.

pub mod alarm;
pub mod alarmed;
pub mod bearing;
pub mod calendar;
pub mod capacity;
pub mod choice;
pub mod definition;
pub mod error;
pub mod evidence;
pub mod freeze;
pub mod gate;
pub mod health;
pub mod image;
pub mod judging;
pub mod manifest;
pub mod moves;
pub mod name;
pub mod plan;
pub mod progress;
pub mod readiness;
pub mod record;
pub mod reference;
pub mod request;
pub mod rollout;
pub mod room;
pub mod route;
#[cfg(any(test, feature = "samples"))]
pub mod samples;
pub mod schema;
pub mod settings;
pub mod span;
pub mod state;
pub mod stops;
pub mod told;
pub mod verdict;
mod wanted;
pub mod wish;

pub use error::StepError;
pub use jiff::Timestamp;
