//! What served clouds and their users run, built before the first of them starts. A cloud asks Cargo for its binaries: one
//! that started while Cargo builds others would wait for that, for longer than anybody waits for a cloud.

use rehearsal::binaries::Binaries;
use rehearsal::build::built;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

static CHANGEOVER: OnceLock<PathBuf> = OnceLock::new();

/// Builds all of it, once.
pub fn build() {
    let _ = changeover();
}

/// Where the command line is.
pub fn changeover() -> &'static Path {
    CHANGEOVER.get_or_init(|| {
        Binaries::build().expect("the functions build");
        let built = built(&["changeover"]).expect("the command line builds");
        built["changeover"].clone()
    })
}
