//! EventBridge: rules that match events and tick on schedules, and targets that get what they find.
//!
//! Owns: matching, building a target's input, delivery at least once with retries and dead letters. Never:
//! what a target does with it.

mod api;
mod bus;
mod delivery;
mod fault;
pub mod input;
pub mod pattern;
mod rule;
pub mod schedule;
mod ticker;

pub use bus::Events;
pub(crate) use delivery::deliver_or_bury;
pub use delivery::{Delivery, Failed, Outcome, Targets};
pub use fault::{EventFault, EventFaultRule};
pub use rule::{Retry, Rule, Target};
pub(crate) use ticker::Ticker;
