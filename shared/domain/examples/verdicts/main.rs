//! The bench of verdicts: five rules on the same simulated deployments. `cargo run --release -p changeover-domain --example
//! verdicts [RUNS [SEED]]` prints the table of `docs/verdicts.md`.

mod cloud;
mod others;
mod ours;
mod table;

use cloud::{Deployment, World};
use table::Tally;

/// Deployments a row.
const RUNS: u64 = 3_000;
/// Kayenta's test is slow: so many of them.
const KAYENTA_RUNS: u64 = 100;
/// Seeds everything.
const SEED: u64 = 14;

/// Says from when on a deployment's numbers make it go back, as a look, if they do.
type Rule = fn(&Deployment) -> Option<usize>;
const RULES: [(&str, Rule); 5] = [
    ("ours", ours::ours),
    ("before", others::compared),
    ("Kayenta", others::kayenta),
    ("Flagger", others::flagger),
    ("Express", others::express),
];

fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse().ok());
    let runs = arguments.next().flatten().unwrap_or(RUNS);
    let seed = arguments.next().flatten().unwrap_or(SEED);
    println!("{runs} deployments a row, {} with Kayenta's rule; seed {seed}\n", runs.min(KAYENTA_RUNS));
    for (title, worlds) in [("Equal versions", cloud::equal()), ("Worse versions", cloud::worse())] {
        let worse = title.starts_with("Worse");
        println!("{}", table::head(title, worse, &RULES.map(|(name, _)| name)));
        for world in worlds {
            println!("{}", table::row(&world, worse, &tried(&world, runs, seed)));
        }
        println!();
    }
}

fn tried(world: &World, runs: u64, seed: u64) -> [Tally; RULES.len()] {
    let mut tallies: [Tally; RULES.len()] = Default::default();
    for run in 0..runs {
        let deployment = world.deploy(seed.wrapping_mul(1_000_003).wrapping_add(run));
        for ((name, rule), tally) in RULES.iter().zip(&mut tallies) {
            if *name != "Kayenta" || run < KAYENTA_RUNS {
                tally.add(rule(&deployment), &deployment);
            }
        }
    }
    tallies
}
