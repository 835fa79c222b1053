//! The rehearsal in imagined time: the same cloud and the same functions in one process, repeatable from a seed.
//!
//! It is the only crate besides tests that links the functions together with the rehearsal. What it puts in place of the
//! real world is at four seams: time and chance (`rehearsal_world`), what runs a function ([`functions`]), what runs a
//! container ([`containers`]), and connections (`rehearsal_world::net`). Everything else is the code that the real
//! rehearsal runs. Where the two differ, the real one is right.

pub mod containers;
pub mod functions;
pub mod history;
pub mod matrix;
mod wire;

use jiff::Timestamp;
use rehearsal::binaries::{Binaries, Linked};
use std::sync::Arc;

/// When every imagined world begins: a Monday, so that schedules by the week have something to do.
pub const BEGAN: &str = "2026-01-05T00:00:00Z";

/// Lets a story happen in a world of its own, on this thread, as quick as it can be computed. The same seed and the same
/// story have the same history.
///
/// # Errors
/// If the system has no room for a runtime.
pub fn within<T>(seed: u64, story: impl AsyncFnOnce(&Binaries) -> T) -> anyhow::Result<T> {
    // Time only: a runtime that could do I/O would let its clock jump while it waits for some.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let began: Timestamp = BEGAN.parse()?;
    fastrand::seed(seed);
    let here = tokio::task::LocalSet::new();
    let told = runtime.block_on(here.run_until(async {
        let _world = rehearsal_world::imagine(seed, began);
        let linked = Linked {
            code: Arc::new(functions::Functions::new()),
            containers: Arc::new(containers::Imagined),
        };
        story(&Binaries::linked(linked)).await
    }));
    Ok(told)
}
