//! What every function has around it: serving invocations, errors on the wire, configuration, telemetry.
//!
//! Owns: the process's beginning, the clock, the environment, what is logged. Never: what a function decides.

mod about;
mod alarms;
mod blind;
mod config;
mod context;
pub mod embedded;
mod pins;
mod room;
mod serve;
mod telemetry;
mod tell;
mod watch;

pub use alarms::alarms;
pub use blind::{Blind, blind, sighted};
pub use config::Config;
pub use context::{Clock, Context, Held, Print};
pub use pins::pin;
pub use room::give_room_back;
pub use serve::{input, message, output, serve};
pub use tell::{EVERYONE, tell, tell_on_the_way};
pub use watch::{live_since, watch, watch_old};
