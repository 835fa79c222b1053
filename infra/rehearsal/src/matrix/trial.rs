//! Tries one cell: a deployment under traffic, with the fault in its state, and everything that must hold.

use super::{Cell, FaultKind, Options};
use crate::binaries::Binaries;
use crate::scenario::{Observation, Observed};
use crate::soak::start;
use crate::stage::{Image, Pace, Sample, Setting, Stage};
use crate::story::{Story, stories, until_over};
use crate::witness::read_ledger;
use anyhow::Context as _;
use rehearsal_wire::Service;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest that one trial may take.
const DEADLINE: Duration = Duration::from_secs(240);
/// The longest that a state is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often the state that an execution is in is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How long users come before and after.
const AROUND: Duration = Duration::from_millis(700);
/// Most words of an operator that a trial may need to come to rest.
const MOST_WORDS: usize = 2;

/// What came of a cell.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The cell.
    pub cell: Cell,
    /// How the deployment ended.
    pub outcome: String,
    /// How often an operator had to start a recovery by hand.
    pub words: usize,
    /// What did not hold.
    pub broken: Vec<String>,
    /// Requests that users sent.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Tries a cell.
///
/// # Errors
/// If the stage cannot be set.
pub async fn run(binaries: &Binaries, cell: &Cell, options: Options) -> anyhow::Result<Trial> {
    let began = Instant::now();
    let stage = Arc::new(Stage::set(binaries, &setting(cell, options.seed)).await?);
    let tried = on_stage(&stage, cell, options).await;
    stage.strike().await;
    let (observed, words, mut broken) = tried.with_context(|| cell.name())?;
    let failed = observed.record.summary.totals.failed;
    if failed > 0 {
        let first = observed.record.summary.failures.first().map(|failure| format!("{failure:?}"));
        broken.push(format!("{failed} requests failed, the first: {}", first.unwrap_or_default()));
    }
    broken.extend(
        observed.breaches.sentences().map(|(number, sentence)| format!("invariant {number}: {sentence}")),
    );
    let outcome = observed.ledger.deployments.last().and_then(|one| one.outcome.clone());
    let outcome = outcome.unwrap_or_else(|| "none".to_owned());
    if !cell.allowed().contains(&outcome.as_str()) {
        let reason = observed.ledger.deployments.last().and_then(|one| one.reason.clone());
        let reason = reason.unwrap_or_default();
        broken.push(format!("it ended {outcome}, not {}: {reason}", cell.allowed().join(" or ")));
    }
    if !was_hit(cell, &observed.stories) {
        broken.push("the fault did not hit its state, so nothing was shown".to_owned());
    }
    Ok(Trial {
        cell: cell.clone(),
        outcome,
        words,
        broken,
        requests: observed.record.summary.totals.total,
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn setting(cell: &Cell, seed: u64) -> Setting {
    let settings = [
        ("image-tag", "v*"),
        ("bake", "1s"),
        ("healthy-checks", "2"),
        ("health-timeout", "60s"),
        ("minimum-requests", "1"),
    ];
    let tags: BTreeMap<String, String> =
        settings.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    // An execution that is aborted while Plan claims the lease is found by reconcile.
    let parameters = BTreeMap::from([("ReconcileSchedule".to_owned(), "rate(1 minute)".to_owned())]);
    let (pair, rolling) = (cell.pair, u16::from(!cell.pair));
    Setting { seed, tasks: 2, pair, rolling, tags, parameters, pace: Pace::BRISK, ..Setting::default() }
}

async fn on_stage(
    stage: &Arc<Stage>,
    cell: &Cell,
    options: Options,
) -> anyhow::Result<(Observed, usize, Vec<String>)> {
    let sample = stage.samples.first().context("the stage has no sample service")?.clone();
    let observation = Observation::begin(stage, &sample, options.rate, options.seed).await?;
    tokio::time::sleep(AROUND).await;
    let bad: &[&str] = if cell.needs_bad_image() { &["--crash", "3"] } else { &[] };
    if cell.state != "Bake" {
        inject(stage, cell, 0);
    }
    stage.push(&sample.repository, "v2", &Image::sample(&stage.binaries, "v2", bad)).await?;
    let mut broken = Vec::new();
    if let Err(error) = during(stage, cell, &observation).await {
        broken.push(format!("{error:#}"));
    }
    let rested = rest(stage, cell, &sample, &observation).await;
    let words = rested.unwrap_or_else(|error| {
        broken.push(format!("{error:#}"));
        MOST_WORDS
    });
    tokio::time::sleep(AROUND).await;
    // When even going back is refused for ever, nothing is at rest: a person is needed, and nothing was deleted.
    let is_at_rest = !(cell.fault == FaultKind::CallRefused && cell.state == "Rollback");
    Ok((observation.end(is_at_rest).await?, words, broken))
}

/// Puts the fault where the state's function will meet it.
fn inject(stage: &Stage, cell: &Cell, skip: u32) {
    let function =
        stage.cloud.stack().functions.iter().find(|one| one.binary.as_deref() == Some(&cell.function));
    let Some(function) = function else { return };
    if let Some(rule) = cell.invocation_fault(&function.name, skip) {
        stage.cloud.lambda().inject(rule);
    }
    if let Some(rule) = cell.call_fault(&function.name, skip) {
        stage.cloud.inject(rule);
    }
}

/// What has to be done while the deployment is on its way: some faults need their moment.
async fn during(stage: &Stage, cell: &Cell, observation: &Observation) -> anyhow::Result<()> {
    if cell.fault == FaultKind::Aborted {
        let arn = until(stage, observation, |story| {
            story.state().is_some_and(|visit| visit.state == cell.state).then(|| story.arn.clone())
        })
        .await?;
        let stop = json!({"executionArn": arn, "error": "Operator", "cause": "stopped on purpose"});
        stage.call(Service::StepFunctions, "StopExecution", stop).await?;
    } else if cell.state == "Bake" {
        // Bake and CheckHealth are one function: the fault must not meet the one that comes first.
        let skip = until(stage, observation, |story| {
            let last = story.visits.iter().rev().find(|visit| visit.kind == "Task")?;
            let nearly = last.note.as_deref().is_some_and(|note| note.starts_with("1 of 2 healthy"));
            match (last.state.as_str(), cell.pair) {
                ("Swap", true) => Some(0),
                ("CheckHealth", false) if nearly => Some(1),
                _ => None,
            }
        })
        .await?;
        inject(stage, cell, skip);
    }
    Ok(())
}

/// Waits until the deployment's execution is as wanted.
async fn until<T>(
    stage: &Stage,
    observation: &Observation,
    wanted: impl Fn(&Story) -> Option<T>,
) -> anyhow::Result<T> {
    let watched = async {
        loop {
            let stories = stories(stage).await?;
            let ours = observation.ours(&stories);
            if let Some(found) =
                ours.iter().filter(|story| story.status == "RUNNING").find_map(|one| wanted(one))
            {
                return anyhow::Ok(found);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, watched).await.context("the moment of the fault never came")?
}

/// Waits until everything is over and the lease is free. A fault that lasts for ever is taken away in the end, and an
/// operator starts a recovery by hand; how often is answered.
async fn rest(
    stage: &Stage,
    cell: &Cell,
    sample: &Sample,
    observation: &Observation,
) -> anyhow::Result<usize> {
    let least = observation.earlier() + 1 + usize::from(cell.fault == FaultKind::Aborted);
    until_over(stage, least, DEADLINE, async |_| {}).await?;
    for words in 0..=MOST_WORDS {
        let ledger = read_ledger(stage, &sample.service).await;
        let Some(holder) = ledger.holder else { return Ok(words) };
        stage.cloud.clear_faults();
        start(stage, &json!({"service": sample.service.to_string(), "recover": holder})).await?;
        until_over(stage, least, DEADLINE, async |_| {}).await?;
    }
    anyhow::bail!("the lease is still held after {MOST_WORDS} words of an operator")
}

/// Whether the state was really met by the fault: it was tried again, left by a catch, or aborted. Of a lost answer
/// or a call that fails once the SDK's own retry leaves no trace in the state machine.
fn was_hit(cell: &Cell, stories: &[Story]) -> bool {
    if matches!(cell.fault, FaultKind::AnswerLost | FaultKind::CallFailsOnce) {
        return true;
    }
    stories.iter().any(|story| {
        story.visits.iter().any(|visit| {
            let aborted = story.status == "ABORTED" && story.state().is_some_and(|last| last == visit);
            let caught = visit.left.is_some() && visit.verdict.is_none() && visit.note.is_some();
            visit.state == cell.state && (visit.tries > 1 || aborted || caught || story.status == "FAILED")
        })
    })
}
