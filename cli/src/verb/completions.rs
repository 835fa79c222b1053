//! `changeover completions`

use crate::args::Cli;
use crate::failure::{Exit, Failure};
use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

/// Prints what a shell loads, such as `source <(changeover completions bash)`.
pub fn run(shell: Shell) -> Result<Exit, Failure> {
    generate(shell, &mut Cli::command(), "changeover", &mut std::io::stdout());
    Ok(Exit::Good)
}
