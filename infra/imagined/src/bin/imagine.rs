//! `cargo rehearse … --imagined`: the program that links the functions.

use clap::Parser as _;
use imagined::{history, within};
use rehearsal::cli::{Cli, Command, RunOptions};
use rehearsal::scenario::{self, Listener, MAIN, Options, Play};
use rehearsal::stage::Pace;
use rehearsal::{command, matrix, report, soak};
use std::process::ExitCode;

/// Requests a second, unless asked for: a deployment takes half an hour here, …
const RATE: f64 = 5.0;
/// … and half a minute where it is quick; with fewer a short bake proves nothing.
const QUICK_RATE: f64 = 50.0;

fn main() -> ExitCode {
    // What the functions and the cloud say is of interest only where something went wrong.
    if std::env::var_os("REHEARSE_LOG").is_some() {
        tracing_subscriber::fmt().with_max_level(tracing::Level::INFO).with_writer(std::io::stderr).init();
    }
    match dispatch(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Does what was asked. False if something did not hold.
fn dispatch(cli: Cli) -> anyhow::Result<bool> {
    match cli.command {
        None => run(&MAIN.map(str::to_owned), &cli.run),
        Some(Command::Run { names, options }) => run(&names, &options),
        Some(Command::Matrix { only, pairs, at_once, seed, rate, write }) => {
            let options = matrix::Options { seed, rate, at_once };
            let cases = command::chosen(&only, pairs, seed)?;
            command::conclude(&imagined::matrix::run(&cases, options, command::say)?, write.as_deref())
        }
        Some(Command::Soak { minutes, days, seed, rate, report }) => {
            let options = soak::Options { length: soak::length(minutes, days)?, seed, rate, report };
            let tally = within(seed, async |binaries| command::soak_with(binaries, &options).await)??;
            println!("history {}", history::hash(&[serde_json::to_value(&tally)?]));
            Ok(tally.held)
        }
        Some(Command::Crowd { services, seed, rate }) => {
            within(seed, async |binaries| command::crowd_with(binaries, services, seed, rate).await)?
        }
        Some(_) => anyhow::bail!("imagined time is for run, matrix, soak and crowd"),
    }
}

/// Plays scenarios and says what came of each. True if everything held.
fn run(names: &[String], options: &RunOptions) -> anyhow::Result<bool> {
    let pace = if options.quick { Pace::AWS } else { Pace::OWN };
    let usual = if options.quick { QUICK_RATE } else { RATE };
    let options = Options { seed: options.seed, rate: options.rate.unwrap_or(usual), pace };
    let mut held = true;
    for scenario in command::select(names)? {
        let began = tokio::time::Instant::now();
        let told = within(options.seed, async |binaries| {
            scenario::play(binaries, scenario, options, &mut Nobody).await
        })??;
        held &= tell(&told, began.elapsed().as_secs_f64())?;
    }
    Ok(held)
}

fn tell(told: &report::Scenario, seconds: f64) -> anyhow::Result<bool> {
    let history = history::hash(&[serde_json::to_value(told)?]);
    println!("{}: {} (seed {}, {seconds:.1} s, history {history})", told.name, told.outcome, told.seed);
    if let Some(reason) = told.reason.as_deref().filter(|_| told.outcome != "Succeeded") {
        println!("  {reason}");
    }
    // What led there is asked for only where something is wrong.
    for at in told.timeline.iter().filter(|_| !told.broken.is_empty()) {
        println!("  {:>8.1} s {}: {}", at.at_ms as f64 / 1000.0, at.state, at.note);
    }
    for broken in &told.broken {
        println!("  broken: {broken}");
    }
    Ok(told.broken.is_empty())
}

/// Nobody watches while it is played.
struct Nobody;

impl Listener for Nobody {
    fn now(&mut self, _: &Play) {}
}
