//! What the application can be told: by flags, or by the environment of a task definition.

use crate::database::NEWEST;
use clap::{CommandFactory as _, FromArgMatches as _, Parser};
use std::path::PathBuf;
use std::time::Duration;

/// The exit code of a crash that names none.
const DEFAULT_CRASH_CODE: &str = "1";
/// No delay may be longer than this, so that a typing error cannot make a task that never starts.
const MAX_DELAY: Duration = Duration::from_secs(3600);

/// A web application for rehearsals: serves its version, and misbehaves on request.
#[derive(Debug, Clone, Parser)]
#[command(version, about)]
pub struct Options {
    /// The port to listen on, on 127.0.0.1.
    #[arg(long, env = "PORT", default_value_t = 8080)]
    pub port: u16,
    /// The version to answer with.
    #[arg(long, env = "VERSION_NAME", default_value = "v1", value_parser = version_name)]
    pub version_name: String,
    /// Exit with this code instead of starting.
    #[arg(long, env = "CRASH", value_name = "CODE", num_args = 0..=1,
          default_missing_value = DEFAULT_CRASH_CODE, value_parser = clap::value_parser!(u8).range(1..))]
    pub crash: Option<u8>,
    /// Serve for this long, then exit with code 1.
    #[arg(long, env = "CRASH_AFTER", value_name = "DURATION", value_parser = duration)]
    pub crash_after: Option<Duration>,
    /// Wait this long before listening.
    #[arg(long, env = "START_DELAY", value_name = "DURATION", value_parser = duration)]
    pub start_delay: Option<Duration>,
    /// Ask the application that listens on the port how it is, answer by the exit code, and end: the health check of a
    /// container.
    #[arg(long)]
    pub probe: bool,
    /// Do something else for this long and end, as a migration does: with exit code 0, or with that of a crash.
    #[arg(long, value_name = "DURATION", num_args = 0..=1, default_missing_value = "0s", value_parser = duration)]
    pub once: Option<Duration>,
    /// Read the event of a hook from standard input, and answer with these statuses, one at a time.
    #[arg(long, value_name = "STATUS", value_delimiter = ',')]
    pub hook: Vec<String>,
    /// Have users in a database, the SQLite file at this path: each request that is no health check writes one and reads one.
    #[arg(long, env = "DATABASE", value_name = "PATH")]
    pub database: Option<PathBuf>,
    /// The version of the database's schema that the application is written for.
    #[arg(long, env = "SCHEMA", value_name = "VERSION", default_value_t = 1,
          value_parser = clap::value_parser!(u8).range(1..=i64::from(NEWEST)))]
    pub schema: u8,
    /// Bring the database to this version of its schema, and end: a migration.
    #[arg(long, value_name = "VERSION", requires = "database",
          value_parser = clap::value_parser!(u8).range(1..=i64::from(NEWEST)))]
    pub migrate: Option<u8>,
    /// Take the database back to this version of its schema, and end: the undoing of a migration.
    #[arg(long, value_name = "VERSION", requires = "database", conflicts_with = "migrate",
          value_parser = clap::value_parser!(u8).range(1..=i64::from(NEWEST)))]
    pub migrate_back: Option<u8>,
    /// Fail the container's own health check.
    #[arg(long, env = "UNSOUND")]
    pub unsound: bool,
    /// Answer 503 to health checks.
    #[arg(long, env = "UNHEALTHY")]
    pub unhealthy: bool,
    /// Answer 500 to this share of the requests that are not health checks.
    #[arg(long, env = "ERROR_RATE", value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub error_rate: f64,
    /// Answer 404 to this share of the requests that are not health checks.
    #[arg(long, env = "NOT_FOUND_RATE", value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub not_found_rate: f64,
    /// Never answer this share of the requests that are not health checks.
    #[arg(long, env = "HANG_RATE", value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub hang_rate: f64,
    /// Think this long before every answer that is not a health check.
    #[arg(long, env = "LATENCY", value_name = "DURATION", value_parser = duration)]
    pub latency: Option<Duration>,
    /// Do all this to requests only from so long after the start on.
    #[arg(long, env = "TROUBLE_AFTER", value_name = "DURATION", value_parser = duration)]
    pub trouble_after: Option<Duration>,
    /// Do it only from this time on, in seconds since 1970, as whatever fails together with others.
    #[arg(long, env = "TROUBLE_AT", value_name = "SECONDS", conflicts_with = "trouble_after")]
    pub trouble_at: Option<u64>,
    /// Do it for so long, and then no more.
    #[arg(long, env = "TROUBLE_FOR", value_name = "DURATION", value_parser = duration)]
    pub trouble_for: Option<Duration>,
    /// Close a connection that is idle for this long. The default is longer than a load balancer's idle timeout.
    #[arg(long, env = "KEEP_ALIVE", value_name = "DURATION", default_value = "75s", value_parser = duration)]
    pub keep_alive: Duration,
    /// On SIGTERM drop every connection and exit at once.
    #[arg(long, env = "DROP_ON_SIGTERM")]
    pub drop_on_sigterm: bool,
    /// The seed of everything left to chance.
    #[arg(long, env = "SEED", default_value_t = 0)]
    pub seed: u64,
}

impl Options {
    /// Reads the command and the environment of a container that is no process: what the command does not say, the
    /// container's own environment does, and never this process's.
    ///
    /// # Errors
    /// What is wrong with them, in clap's words.
    pub fn of(command: &[String], environment: &[(String, String)]) -> Result<Self, String> {
        let mut known = Self::command();
        let mut words = command.to_vec();
        let options: Vec<_> = known
            .get_arguments()
            .filter_map(|one| {
                Some((
                    one.get_env()?.to_str()?.to_owned(),
                    one.get_long()?.to_owned(),
                    one.get_action().takes_values(),
                ))
            })
            .collect();
        known = known.mut_args(|one| one.env(clap::builder::Resettable::Reset));
        for (variable, long, takes_value) in options {
            let said = words.iter().any(|word| {
                word.strip_prefix("--").is_some_and(|word| word.split('=').next() == Some(&long))
            });
            // Of a variable that is there twice, the later counts, as in a container.
            let value = environment.iter().rev().find(|(name, _)| *name == variable).map(|(_, value)| value);
            match value {
                Some(value) if !said && takes_value => words.push(format!("--{long}={value}")),
                Some(value)
                    if !said && !["", "0", "n", "no", "f", "false", "off"].contains(&value.as_str()) =>
                {
                    words.push(format!("--{long}"));
                }
                _ => {}
            }
        }
        let matches = known.try_get_matches_from(words).map_err(|error| error.to_string())?;
        Self::from_arg_matches(&matches).map_err(|error| error.to_string())
    }
}

/// A version goes into a header and is the first word of a body, so it is one printable word.
fn version_name(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    Err("a version is one word of printable ASCII, such as v2".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1, such as 0.3".to_owned()),
    }
}

/// Reads `250ms`, `2s`, `1.5s` or `1m`. A bare number is refused: nobody agrees on its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let scale = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err("a duration has a unit: 250ms, 2s or 1m".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|_| format!("{digits:?} is not a number"))?;
    Duration::try_from_secs_f64(number * scale)
        .ok()
        .filter(|delay| *delay <= MAX_DELAY)
        .ok_or_else(|| format!("a duration is from 0 to {} seconds", MAX_DELAY.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units_and_bounds() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("1m"), Ok(Duration::from_secs(60)));
        for bad in ["5", "s", "-1s", "2h", "61m", "", "NaNs"] {
            assert!(duration(bad).is_err(), "{bad} was taken for a duration");
        }
    }

    #[test]
    fn a_container_is_told_by_its_command_first_and_then_by_its_environment() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let variables = [("PORT", "20001"), ("VERSION_NAME", "v9"), ("UNHEALTHY", "true"), ("OTHER", "x")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let options = Options::of(&words("webapp --version-name v2 --crash"), &variables).expect("reads");
        assert_eq!((options.port, options.version_name.as_str(), options.crash), (20_001, "v2", Some(1)));
        assert!(options.unhealthy);
        assert!(Options::of(&words("webapp --no-such-option"), &[]).is_err());
    }

    #[test]
    fn a_crash_without_a_code_is_one() {
        let parse = |args: &[&str]| Options::try_parse_from([&["sample-webapp"], args].concat());
        assert_eq!(parse(&["--crash"]).expect("parses").crash, Some(1));
        assert_eq!(parse(&["--crash", "42"]).expect("parses").crash, Some(42));
        assert_eq!(parse(&[]).expect("parses").crash, None);
        assert!(parse(&["--crash", "0"]).is_err(), "a crash with exit code 0 is no crash");
        assert!(parse(&["--error-rate", "1.1"]).is_err());
        assert!(parse(&["--version-name", "v 2"]).is_err());
    }
}
