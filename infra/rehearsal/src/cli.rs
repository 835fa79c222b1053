//! The command line.

use crate::command::keys::USUAL_PORT;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Rehearse zero-downtime deployments: AWS in miniature on loopback, with real processes and real traffic, running
/// the functions, the state machine and the template that ship.
#[derive(Debug, Parser)]
#[command(name = "cargo rehearse", bin_name = "cargo rehearse", version)]
pub struct Cli {
    /// What to do; the main scenarios if nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How the main scenarios are run.
    #[command(flatten)]
    pub run: RunOptions,
    /// In imagined time: one process, a clock that jumps, repeatable from the seed. For run, matrix, soak and crowd.
    #[arg(long, global = true)]
    pub imagined: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say which scenarios there are.
    List,
    /// Run scenarios by name, or `all`.
    Run {
        /// Their names.
        #[arg(required = true)]
        names: Vec<String>,
        /// How they are run.
        #[command(flatten)]
        options: RunOptions,
    },
    /// Let many services deploy at once, with AWS's API rates enforced.
    Crowd {
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=50))]
        services: u16,
        /// Seeds what is left to chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Requests a second to each service.
        #[arg(long, default_value_t = 5.0, value_parser = rate)]
        rate: f64,
    },
    /// Try every fault in every state, for both strategies.
    Matrix {
        /// Only cells whose name has this part, such as "pair/Swap".
        #[arg(long, default_value = "")]
        only: String,
        /// Instead of every cell, so many pairs of cells by chance: two faults in one deployment.
        #[arg(long, value_name = "COUNT", conflicts_with = "write")]
        pairs: Option<usize>,
        /// How many trials at once.
        #[arg(long, default_value_t = 8)]
        at_once: usize,
        /// Seeds what is left to chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Requests a second in each trial.
        #[arg(long, default_value_t = 30.0, value_parser = rate)]
        rate: f64,
        /// Write the table there.
        #[arg(long)]
        write: Option<PathBuf>,
    },
    /// Deploy at random for as long as you like: pushes, faults and operators, under traffic.
    Soak {
        /// For how long.
        #[arg(long, default_value_t = 30.0)]
        minutes: f64,
        /// The same in days, for imagined time.
        #[arg(long, conflicts_with = "minutes")]
        days: Option<f64>,
        /// Seeds everything that is left to chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Requests a second.
        #[arg(long, default_value_t = 100.0, value_parser = rate)]
        rate: f64,
        /// Where soak.json is written.
        #[arg(long, default_value = "target/rehearsal")]
        report: PathBuf,
    },
    /// Judge your own numbers: JSON lines in, one period of one series each, and what the shipped rule says after it out.
    Judge {
        /// The file; standard input without one.
        file: Option<PathBuf>,
    },
    /// Leave a cloud up with sample services deployed, until Ctrl-C.
    Serve {
        /// The port of all AWS APIs.
        #[arg(long, default_value_t = USUAL_PORT)]
        port: u16,
        /// The port of the blue/green pair; the rolling service is on the next one.
        #[arg(long, default_value_t = 8080)]
        traffic_port: u16,
        /// Seeds what is left to chance.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Push an image to a served cloud.
    Push {
        /// The tag.
        #[arg(long)]
        tag: String,
        /// The repository: web for the blue/green pair, api for the rolling service.
        #[arg(long, default_value = "web")]
        repository: String,
        /// The port of the served cloud [default: that of AWS_ENDPOINT_URL, or 4566].
        #[arg(long)]
        port: Option<u16>,
        /// Options of the sample application, such as "--error-rate 0.3", "--crash 3", "--unhealthy".
        #[arg(long, default_value = "", allow_hyphen_values = true, conflicts_with = "command")]
        sample: String,
        /// An annotation of the image, such as "changeover.schema.bears=1-2"; may be given several times.
        #[arg(long, value_name = "KEY=VALUE", value_parser = annotation)]
        annotation: Vec<(String, String)>,
        /// A command of your own that listens on PORT, instead of the sample application.
        #[arg(last = true)]
        command: Vec<String>,
    },
}

/// How scenarios are run.
#[derive(Debug, Clone, Args)]
pub struct RunOptions {
    /// Seeds what is left to chance; a failure says which seed repeats it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Requests a second; 200, or 5 in imagined time.
    #[arg(long, value_parser = rate)]
    pub rate: Option<f64>,
    /// In imagined time, at the pace of the real world's rehearsal instead of AWS's own with every default.
    #[arg(long)]
    pub quick: bool,
    /// Where the report is written.
    #[arg(long, default_value = "target/rehearsal")]
    pub report: PathBuf,
}

/// The most requests a second that this generator is made for.
const MAX_RATE: f64 = 20_000.0;

/// Reads `KEY=VALUE`.
fn annotation(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("an annotation is KEY=VALUE, such as changeover.schema.bears=1-2".to_owned()),
    }
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate > 0.0 && rate <= MAX_RATE => Ok(rate),
        _ => Err(format!("must be a number above 0 and up to {MAX_RATE}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_commands_of_the_readme_are_understood() {
        Cli::command().debug_assert();
        for line in [
            "rehearse",
            "rehearse --report out",
            "rehearse run good-push --imagined --seed 7 --quick",
            "rehearse soak --imagined --days 1 --seed 7",
            "rehearse list",
            "rehearse run good-push careless --seed 7 --rate 50 --report out",
            "rehearse serve --port 4566 --traffic-port 8080",
            "rehearse push --tag v2 --repository web --sample --unhealthy",
            "rehearse judge",
            "rehearse judge periods.jsonl",
            "rehearse push --tag v2 -- python3 -m http.server",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        assert!(Cli::try_parse_from("rehearse run".split(' ')).is_err());
        assert!(Cli::try_parse_from("rehearse run x --rate 0".split(' ')).is_err());
    }
}
