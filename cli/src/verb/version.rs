//! `changeover version`

use crate::args::Globals;
use crate::failure::{Exit, Failure};
use crate::screen::Screen;
use changeover_domain::record::SCHEMA;
use serde_json::json;

/// Prints the version, and up to which schema of the ledger's records this build reads.
pub fn run(globals: &Globals) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    Screen::of(globals).answer(&json!({ "version": version, "schema": SCHEMA }), || {
        format!("changeover {version}, reads the ledger up to schema {SCHEMA}")
    });
    Ok(Exit::Good)
}
