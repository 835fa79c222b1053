//! `cargo rehearse matrix`

use crate::binaries::Binaries;
use crate::matrix::{self, Case, Options, Trial, cells, pairs, table};
use anyhow::Context as _;
use std::path::Path;

/// Tries every cell whose name has this part, or so many pairs of such cells by chance, and writes the table if asked
/// to. True if everything held.
///
/// # Errors
/// If a stage cannot be set or the table cannot be written.
pub async fn matrix(
    only: &str,
    at_random: Option<usize>,
    options: Options,
    write: Option<&Path>,
) -> anyhow::Result<bool> {
    let binaries = Binaries::build()?;
    let chosen = chosen(only, at_random, options.seed)?;
    let trials = matrix::run(&binaries, &chosen, options, say).await?;
    conclude(&trials, write)
}

/// The cells whose name has this part, or so many pairs of them by chance.
///
/// # Errors
/// If the state machine cannot be read.
pub fn chosen(only: &str, at_random: Option<usize>, seed: u64) -> anyhow::Result<Vec<Case>> {
    let cells: Vec<_> = cells()?.into_iter().filter(|cell| cell.name().contains(only)).collect();
    Ok(match at_random {
        Some(count) => pairs(&cells, count, seed),
        None => cells.into_iter().map(Case::one).collect(),
    })
}

/// Sums up, and writes the table if asked to. True if everything held.
///
/// # Errors
/// If the table cannot be written.
pub fn conclude(trials: &[Trial], write: Option<&Path>) -> anyhow::Result<bool> {
    let broken = trials.iter().filter(|trial| !trial.broken.is_empty()).count();
    let requests: u64 = trials.iter().map(|trial| trial.requests).sum();
    let faults: usize = trials.iter().map(|trial| trial.hits).sum();
    println!("\n{} trials, {faults} faults, {requests} requests; {broken} trials did not hold", trials.len());
    if let Some(path) = write {
        std::fs::write(path, table(trials)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(broken == 0 && !trials.is_empty())
}

/// Tells a trial in a line, and what did not hold in it.
pub fn say(trial: &Trial) {
    let mark = if trial.broken.is_empty() { "✓" } else { "✗" };
    println!("{mark} {:<75} {:<11} {:>5.0} s", trial.case.name(), trial.outcome, trial.seconds);
    for broken in &trial.broken {
        println!("      {broken}");
    }
}
