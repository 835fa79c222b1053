//! `cargo rehearse soak`

use crate::binaries::Binaries;
use crate::soak::{Options, Tally, soak as run};

/// Soaks, and tells each round in a line. True if everything held.
///
/// # Errors
/// If the stage cannot be set.
pub async fn soak(options: &Options) -> anyhow::Result<bool> {
    soak_with(&Binaries::build()?, options).await.map(|tally| tally.held)
}

/// The same with these binaries; what came of it.
///
/// # Errors
/// If the stage cannot be set.
pub async fn soak_with(binaries: &Binaries, options: &Options) -> anyhow::Result<Tally> {
    let tally = run(binaries, options, |round| {
        let mark = if round.broken.is_empty() { "✓" } else { "✗" };
        println!(
            "{mark} {:>3}  {:<20}  {}  -> {}  ({} requests, {} failed, {:.0} s)",
            round.number,
            round.service,
            round.deed,
            round.outcomes.join(", "),
            round.requests,
            round.failed,
            round.seconds
        );
        for broken in &round.broken {
            println!("      {broken}");
        }
    })
    .await?;
    println!("\n{}", tally.words());
    if !tally.held {
        println!("Again: cargo rehearse soak --minutes {:.0} --seed {}", tally.minutes.ceil(), tally.seed);
    }
    Ok(tally)
}
