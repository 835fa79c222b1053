//! `cargo rehearse … --imagined`: another program does it, the only one that links the functions.

use crate::binaries::workspace;
use anyhow::Context as _;

/// Builds that program, and gives it what we were told. True if it says that everything held.
///
/// # Errors
/// If it cannot be built or started.
pub fn imagined() -> anyhow::Result<bool> {
    let built = escargot::CargoBuild::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .package("imagined")
        .bin("imagine")
        .run()
        .context("the program for imagined time does not build")?;
    let ended = built.command().args(std::env::args_os().skip(1)).status();
    Ok(ended.context("the program for imagined time does not start")?.success())
}
