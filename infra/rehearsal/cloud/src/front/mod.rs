//! The front door: every API call on its way from a caller to a service and back.
//!
//! Owns: who may come in, who calls, whether the call is let through, what becomes of its answer, and the count of it all.
//! Never: what an operation does.

mod access;
mod caller;
mod calls;
mod door;
mod fault;
mod gate;
mod throttle;
mod welcome;

pub use access::Access;
pub use caller::Caller;
pub use calls::{CallCount, Calls};
pub use fault::{ApiFault, ApiFaultRule, FaultHook};
pub use throttle::{Limit, Limits};

pub(crate) use caller::Callers;
pub(crate) use door::Door;
pub(crate) use gate::{Gate, Handler};
pub(crate) use throttle::is_throttling;
