//! A cloud from the small template, as its callers meet it: over the wire, from within, and through its
//! functions.

mod balancing;
mod events;
mod knocks;
mod machine;
mod policies;
mod support;
mod wire;
