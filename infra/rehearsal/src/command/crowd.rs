//! `cargo rehearse crowd`

use crate::binaries::Binaries;
use crate::crowd::crowd as run;

/// Lets many services deploy at once. True if everything held.
///
/// # Errors
/// If the stage cannot be set.
pub async fn crowd(services: u16, seed: u64, rate: f64) -> anyhow::Result<bool> {
    crowd_with(&Binaries::build()?, services, seed, rate).await
}

/// The same with these binaries.
///
/// # Errors
/// If the stage cannot be set.
pub async fn crowd_with(binaries: &Binaries, services: u16, seed: u64, rate: f64) -> anyhow::Result<bool> {
    let told = run(binaries, services, seed, rate).await?;
    for broken in &told.broken {
        println!("✗ {broken}");
    }
    let outcomes: Vec<String> =
        told.outcomes.iter().map(|(outcome, count)| format!("{count} {outcome}")).collect();
    println!(
        "{} services at once: {} in {:.1} s; {} API calls, {} throttled; {} requests, {} failed",
        told.services,
        outcomes.join(", "),
        told.took.as_secs_f64(),
        told.calls.0,
        told.calls.1,
        told.requests.0,
        told.requests.1
    );
    Ok(told.broken.is_empty())
}
