//! The requests on record: one for each grant.

use anyhow::Context as _;
use rehearsal_cloud::Used;
use std::path::PathBuf;

/// Set, the course writes the file anew.
pub const REWRITE: &str = "REWRITE_REQUESTS";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("requests.json")
}

/// Reads them.
///
/// # Errors
/// If the file cannot be read.
pub fn read() -> anyhow::Result<Vec<Used>> {
    let path = path();
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Writes them, one a line, so that a change can be reviewed.
///
/// # Errors
/// If the file cannot be written.
pub fn write(requests: &[Used]) -> anyhow::Result<()> {
    let lines: Vec<String> = requests.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    std::fs::write(path(), format!("[\n{}\n]\n", lines.join(",\n"))).context("cannot write requests.json")
}
