//! The matrix: every Task state of the state machine as it ships, every kind of fault there, both strategies, under
//! live traffic; and pairs of them, by chance.

mod case;
mod cell;
mod table;
mod trial;

pub use case::{Case, pairs};
pub use cell::{Cell, FaultKind, UNDER_WAY, cells};
pub use table::table;
pub use trial::Trial;

use crate::binaries::Binaries;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How the matrix is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seeds everything that is left to chance.
    pub seed: u64,
    /// Requests a second in each trial.
    pub rate: f64,
    /// How many trials at once.
    pub at_once: usize,
}

/// Tries cases, some at once, each in a cloud of its own; tells each as it ends, and all in the end in their order.
///
/// # Errors
/// If a stage cannot be set.
pub async fn run(
    binaries: &Binaries,
    cases: &[Case],
    options: Options,
    tell: impl Fn(&Trial),
) -> anyhow::Result<Vec<Trial>> {
    let turns = Arc::new(Semaphore::new(options.at_once.max(1)));
    let mut running = tokio::task::JoinSet::new();
    for (index, case) in cases.iter().cloned().enumerate() {
        let (turns, binaries) = (Arc::clone(&turns), binaries.clone());
        running.spawn(async move {
            let _turn = turns.acquire_owned().await;
            (index, trial::run(&binaries, &case, options).await)
        });
    }
    let mut trials: Vec<(usize, Trial)> = Vec::with_capacity(cases.len());
    while let Some(ended) = running.join_next().await {
        let (index, trial) = ended?;
        let trial = trial?;
        tell(&trial);
        trials.push((index, trial));
    }
    trials.sort_by_key(|(index, _)| *index);
    Ok(trials.into_iter().map(|(_, trial)| trial).collect())
}
