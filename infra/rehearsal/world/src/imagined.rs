//! The imagined world of a thread.

use crate::net::Ports;
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use std::cell::RefCell;
use std::marker::PhantomData;
use tokio::time::Instant;

thread_local! {
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

/// What is imagined.
pub(crate) struct World {
    /// The time of day when it began.
    pub(crate) began: Timestamp,
    /// The same on tokio's clock.
    pub(crate) origin: Instant,
    /// Where ids come from.
    pub(crate) chance: StdRng,
    /// Who listens where.
    pub(crate) ports: Ports,
}

/// Keeps a world imagined on the thread where it was begun.
#[must_use = "the world ends when this is dropped"]
pub struct Imagination {
    /// It ends where it began.
    here: PhantomData<*const ()>,
}

/// Begins to imagine a world on this thread: it is `began` o'clock, and chance comes from `seed`. One that was there
/// before is forgotten. Time goes as tokio's does; so call it within a runtime of one thread whose clock is paused and
/// which does no I/O.
pub fn imagine(seed: u64, began: Timestamp) -> Imagination {
    let world =
        World { began, origin: Instant::now(), chance: StdRng::seed_from_u64(seed), ports: Ports::default() };
    WORLD.with_borrow_mut(|place| *place = Some(world));
    Imagination { here: PhantomData }
}

/// Whether the world of this thread is imagined.
#[must_use]
pub fn is_imagined() -> bool {
    WORLD.with_borrow(Option::is_some)
}

impl Drop for Imagination {
    fn drop(&mut self) {
        // Whatever goes with it may look for the world again, so it goes outside.
        let world = WORLD.with_borrow_mut(Option::take);
        drop(world);
    }
}

/// Does something with the imagined world of this thread; nothing if it is the real one.
pub(crate) fn with<T>(act: impl FnOnce(&mut World) -> T) -> Option<T> {
    WORLD.with_borrow_mut(|world| world.as_mut().map(act))
}
