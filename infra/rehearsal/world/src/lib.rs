//! What the two worlds of the rehearsal differ in: wall time, chance, and connections.
//!
//! In the *real* world wall time is the system's, chance is the system's, and connections are TCP on loopback. In an
//! *imagined* world wall time is made out of tokio's paused clock, chance comes from a seed, and connections are memory.
//! A world is imagined on one thread, by [`imagine`], for as long as what it returns is kept; everything that runs there
//! finds it by itself, so no other code asks in which world it is.
//!
//! Owns: the only places in the rehearsal that ask the system for the time, for chance and for sockets.

mod chance;
mod clock;
mod imagined;
pub mod net;

pub use chance::uuid;
pub use clock::{now, since_epoch, system};
pub use imagined::{Imagination, imagine, is_imagined};
