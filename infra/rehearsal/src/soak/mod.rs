//! Long seeded runs of random pushes, faults and operators: nothing lost, nothing doubled, nothing half done.

mod deed;
mod round;
mod tally;

pub use deed::{Deed, Kind, Trouble};
pub use round::{Round, play};
pub use tally::Tally;

use crate::binaries::Binaries;
use crate::stage::{CLUSTER, Pace, Sample, Setting, Stage};
use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The file with the facts of a soak.
pub const JSON_FILE: &str = "soak.json";

/// What to soak.
#[derive(Debug, Clone)]
pub struct Options {
    /// For how long.
    pub length: Duration,
    /// Seeds everything that is left to chance.
    pub seed: u64,
    /// Requests a second.
    pub rate: f64,
    /// Where the facts are written.
    pub report: PathBuf,
}

/// How long a soak is, in minutes or in days.
///
/// # Errors
/// If it is no time.
pub fn length(minutes: f64, days: Option<f64>) -> anyhow::Result<Duration> {
    let minutes = days.map_or(minutes, |days| days * 24.0 * 60.0);
    Ok(Duration::try_from_secs_f64(minutes * 60.0)?)
}

/// Runs rounds until the time is over; each is told as it ends.
///
/// # Errors
/// If the stage cannot be set or an API of the rehearsal itself fails.
pub async fn soak(
    binaries: &Binaries,
    options: &Options,
    mut tell: impl FnMut(&Round),
) -> anyhow::Result<Tally> {
    let stage = Arc::new(Stage::set(binaries, &setting(options.seed)).await?);
    let soaked = rounds(&stage, options, &mut tell).await;
    stage.strike().await;
    let tally = soaked?;
    std::fs::create_dir_all(&options.report).context("the report's folder cannot be made")?;
    let path = options.report.join(JSON_FILE);
    let text = serde_json::to_string_pretty(&tally)?;
    std::fs::write(&path, text + "\n").with_context(|| format!("cannot write {}", path.display()))?;
    Ok(tally)
}

async fn rounds(
    stage: &Arc<Stage>,
    options: &Options,
    tell: &mut impl FnMut(&Round),
) -> anyhow::Result<Tally> {
    let pair = stage.samples.iter().find(|sample| sample.is_pair()).context("a pair")?;
    supersede(stage, pair).await?;
    let mut chance = StdRng::seed_from_u64(options.seed);
    let mut tally = Tally::new(options.seed, options.rate);
    let began = Instant::now();
    let mut number = 0;
    while began.elapsed() < options.length {
        number += 1;
        let sample = &stage.samples[chance.random_range(0..stage.samples.len())];
        let deed = Deed::draw(&mut chance, number);
        let round = play(stage, sample, number, &deed, options).await?;
        tell(&round);
        tally.add(round, began.elapsed());
    }
    Ok(tally)
}

/// A pair and a rolling service at a brisk pace; `reconcile` ticks every minute.
fn setting(seed: u64) -> Setting {
    let settings = [
        ("image-tag", "v@"),
        ("steps", "20 100"),
        ("bake", "2s"),
        ("healthy-checks", "2"),
        ("health-timeout", "40s"),
        ("minimum-requests", "5"),
        ("rollback-window", "2s"),
    ];
    let tags: BTreeMap<String, String> =
        settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let parameters = BTreeMap::from([("ReconcileSchedule".to_owned(), "rate(1 minute)".to_owned())]);
    Setting { seed, tasks: 3, rolling: 1, tags, parameters, pace: Pace::BRISK, ..Setting::default() }
}

/// The pair gives way to newer images; the rolling service lets them queue.
async fn supersede(stage: &Stage, pair: &Sample) -> anyhow::Result<()> {
    let names: Vec<&str> = pair.members.iter().map(|member| member.ecs_service.as_str()).collect();
    let described =
        stage.call(Service::Ecs, "DescribeServices", json!({"cluster": CLUSTER, "services": names})).await?;
    for arn in described["services"].as_array().into_iter().flatten().map(|service| &service["serviceArn"]) {
        let tags = json!([{"key": "changeover:on-push", "value": "supersede"}]);
        stage.call(Service::Ecs, "TagResource", json!({"resourceArn": arn, "tags": tags})).await?;
    }
    Ok(())
}

/// An operator's StartExecution.
pub(crate) async fn start(stage: &Stage, input: &Value) -> anyhow::Result<String> {
    let input = json!({"stateMachineArn": stage.state_machine()?, "input": input.to_string()});
    let started = stage.call(Service::StepFunctions, "StartExecution", input).await?;
    Ok(started["executionArn"].as_str().unwrap_or_default().to_owned())
}
