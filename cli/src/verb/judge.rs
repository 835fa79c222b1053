//! `changeover judge`

use crate::failure::{Exit, Failure};
use clap::Args;
use std::path::PathBuf;

/// What.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  changeover judge periods.jsonl\n  cat periods.jsonl | changeover judge\n\nEach line is one period of one series; docs/verdicts.md has the form."
)]
pub struct Options {
    /// The file with one JSON line for each period; standard input if it is left out, or `-`.
    file: Option<PathBuf>,
}

/// Judges every period by the rule that deployments are judged by. It asks AWS for nothing.
pub fn run(options: &Options) -> Result<Exit, Failure> {
    changeover_judge::command(options.file.as_deref()).map_err(|error| Failure::usage(error.to_string()))?;
    Ok(Exit::Good)
}
