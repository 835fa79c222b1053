//! `cargo rehearse … --imagined`: another program does it, the only one that links the functions.

use crate::build::built;
use anyhow::Context as _;
use std::process::Command;

/// The program.
const IMAGINE: &str = "imagine";

/// Builds that program, and gives it what we were told. True if it says that everything held.
///
/// # Errors
/// If it cannot be built or started.
pub fn imagined() -> anyhow::Result<bool> {
    let built = built(&["imagine"]).context("the program for imagined time does not build")?;
    let program = built.get(IMAGINE).with_context(|| format!("there is no program {IMAGINE}"))?;
    let ended = Command::new(program).args(std::env::args_os().skip(1)).status();
    Ok(ended.context("the program for imagined time does not start")?.success())
}
