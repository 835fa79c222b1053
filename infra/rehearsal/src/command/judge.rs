//! `cargo rehearse judge`

use std::path::Path;

/// Judges the periods of a file, or of standard input, one JSON line each; says on standard error what was refused.
///
/// # Errors
/// What cannot be read or written. Nobody who reads on is none.
pub fn judge(file: Option<&Path>) -> anyhow::Result<()> {
    Ok(changeover_judge::command(file)?)
}
