//! Tries one case: a deployment under traffic, with each fault in its state, and everything that must hold.

use super::{Case, Cell, FaultKind, Options};
use crate::binaries::Binaries;
use crate::scenario::{Observation, Observed};
use crate::soak::start;
use crate::stage::{Image, Pace, Sample, Setting, Stage};
use crate::story::{Story, stories, until_over};
use crate::witness::read_ledger;
use anyhow::Context as _;
use changeover_domain::gate::Point;
use futures_util::future::{FutureExt as _, join_all};
use rehearsal_wire::Service;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that one trial may take.
const DEADLINE: Duration = Duration::from_secs(240);
/// The longest that a state is waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long nothing runs until a moment is taken never to come.
const OVER: Duration = Duration::from_secs(3);
/// How often the state that an execution is in is looked at.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// How long users come before and after.
const AROUND: Duration = Duration::from_millis(700);
/// The pause at a point in which something goes wrong.
const PAUSE: &str = "pause 1s then promote";
/// The version that is deployed.
const NEW_VERSION: &str = "v2";
/// Most words of an operator that a trial may need to come to rest.
const MOST_WORDS: usize = 2;

/// What came of a case.
#[derive(Debug, Clone)]
pub struct Trial {
    /// What it was about.
    pub case: Case,
    /// How the deployment ended.
    pub outcome: String,
    /// How often an operator had to start a recovery by hand.
    pub words: usize,
    /// How many of its faults met their states.
    pub hits: usize,
    /// What did not hold.
    pub broken: Vec<String>,
    /// Requests that users sent.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Trial {
    /// What did not hold in it, with its name; none if all did.
    pub fn complaint(&self) -> Option<String> {
        (!self.broken.is_empty()).then(|| format!("{}: {:#?}", self.case.name(), self.broken))
    }
}

/// What was seen on the stage.
struct Seen {
    observed: Observed,
    words: usize,
    /// For each cell whether its fault met its state.
    hit: Vec<bool>,
    broken: Vec<String>,
}

/// Tries a case.
///
/// # Errors
/// If the stage cannot be set.
pub async fn run(binaries: &Binaries, case: &Case, options: Options) -> anyhow::Result<Trial> {
    let began = Instant::now();
    let stage = Arc::new(Stage::set(binaries, &setting(case, options.seed)).await?);
    let tried = on_stage(&stage, case, options).await;
    stage.strike().await;
    let Seen { observed, words, hit, mut broken } = tried.with_context(|| case.name())?;
    // What a version answers that is made to fail is its own.
    let own = observed.record.summary.by_version.get(NEW_VERSION).filter(|_| case.is_shown());
    let failed = observed.record.summary.totals.failed - own.map_or(0, |version| version.counts.failed);
    if failed > 0 {
        let first = observed.record.summary.failures.first().map(|failure| format!("{failure:?}"));
        broken.push(format!("{failed} requests failed, the first: {}", first.unwrap_or_default()));
    }
    broken.extend(
        observed.breaches.sentences().map(|(number, sentence)| format!("invariant {number}: {sentence}")),
    );
    let outcome = observed.ledger.deployments.last().and_then(|one| one.outcome.clone());
    let outcome = outcome.unwrap_or_else(|| "none".to_owned());
    let allowed = case.allowed();
    if !allowed.contains(&outcome.as_str()) {
        let reason = observed.ledger.deployments.last().and_then(|one| one.reason.clone());
        let reason = reason.unwrap_or_default();
        broken.push(format!("it ended {outcome}, not {}: {reason}", allowed.join(" or ")));
    }
    // Of two faults the first may end the deployment before it comes to the state of the second.
    if !hit.contains(&true) {
        broken.push("no fault hit its state, so nothing was shown".to_owned());
    }
    Ok(Trial {
        case: case.clone(),
        outcome,
        words,
        hits: hit.into_iter().filter(|hit| *hit).count(),
        broken,
        requests: observed.record.summary.totals.total,
        seconds: began.elapsed().as_secs_f64(),
    })
}

fn setting(case: &Case, seed: u64) -> Setting {
    let settings = [
        ("image-tag", "v@"),
        ("bake", "1s"),
        ("healthy-checks", "2"),
        ("health-timeout", "60s"),
        ("minimum-requests", "1"),
        ("steps", if case.is_shown() { "20 100" } else { "100" }),
    ];
    // Where a pause holds a deployment, its function puts something on record, and looks again.
    let pause = case.cells.iter().filter_map(Cell::pause).map(|point| (point.word(), PAUSE));
    let tags: BTreeMap<String, String> =
        settings.into_iter().chain(pause).map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    // An execution that is aborted while Plan claims the lease is found by reconcile.
    let parameters = BTreeMap::from([("ReconcileSchedule".to_owned(), "rate(1 minute)".to_owned())]);
    let (pair, rolling) = (case.is_pair(), u16::from(!case.is_pair()));
    Setting { seed, tasks: 2, pair, rolling, tags, parameters, pace: Pace::BRISK, ..Setting::default() }
}

async fn on_stage(stage: &Arc<Stage>, case: &Case, options: Options) -> anyhow::Result<Seen> {
    let sample = stage.samples.first().context("the stage has no sample service")?.clone();
    let observation = Observation::begin(stage, &sample, options.rate, options.seed).await?;
    tokio::time::sleep(AROUND).await;
    let image: &[&str] = match (case.needs_bad_image(), case.is_shown()) {
        (false, _) => &[],
        (true, false) => &["--crash", "3"],
        (true, true) => &["--error-rate", "0.9"],
    };
    for cell in case.cells.iter().filter(|cell| cell.state != "Bake") {
        inject(stage, cell, cell.earlier());
    }
    stage.push(&sample.repository, NEW_VERSION, &Image::sample(&stage.binaries, NEW_VERSION, image)).await?;
    let mut broken = Vec::new();
    let mut moments = Vec::new();
    for cell in &case.cells {
        moments.push(during(stage, cell, &observation).boxed());
    }
    let mut aborted = Vec::new();
    for done in join_all(moments).await {
        aborted.push(done.unwrap_or_else(|error| {
            broken.push(format!("{error:#}"));
            false
        }));
    }
    let aborts = aborted.iter().filter(|aborted| **aborted).count();
    let rested = rest(stage, &sample, observation.earlier() + 1, aborts).await;
    let words = rested.unwrap_or_else(|error| {
        broken.push(format!("{error:#}"));
        MOST_WORDS
    });
    let spoiled: Vec<bool> = case.cells.iter().map(|cell| is_spoiled(stage, cell)).collect();
    tokio::time::sleep(AROUND).await;
    let observed = observation.end(case.comes_to_rest()).await?;
    let met = |((cell, spoiled), aborted): ((&Cell, bool), bool)| match cell.fault {
        fault if fault.aborts() => aborted,
        // The SDK's own retry leaves no trace of these in the state machine.
        FaultKind::AnswerLost | FaultKind::CallFailsOnce | FaultKind::StaleReads => spoiled,
        // After the outcome an error leads on as if there were none.
        FaultKind::CallRefused if cell.point().is_some_and(Point::is_after) => spoiled,
        _ => spoiled && left_a_trace(cell, &observed.stories),
    };
    let hit = case.cells.iter().zip(spoiled).zip(aborted).map(met).collect();
    Ok(Seen { observed, words, hit, broken })
}

/// Whether something of the state's function was spoiled.
fn is_spoiled(stage: &Stage, cell: &Cell) -> bool {
    function_of(stage, cell).is_some_and(|name| stage.cloud.spoiled(name) > 0)
}

fn function_of<'a>(stage: &'a Stage, cell: &Cell) -> Option<&'a str> {
    let functions = &stage.cloud.stack().functions;
    let ours = functions.iter().find(|one| one.binary.as_deref() == Some(&cell.function));
    ours.map(|function| function.name.as_str())
}

/// Puts the fault where the state's function will meet it.
fn inject(stage: &Stage, cell: &Cell, skip: u32) {
    let Some(function) = function_of(stage, cell) else { return };
    if let Some(rule) = cell.invocation_fault(function, skip) {
        stage.cloud.lambda().inject(rule);
    }
    if let Some(rule) = cell.call_fault(function, skip) {
        stage.cloud.inject(rule);
    }
}

/// What has to be done while the deployment is on its way: some faults need their moment, which may never come. Whether
/// an execution was aborted.
async fn during(stage: &Stage, cell: &Cell, observation: &Observation) -> anyhow::Result<bool> {
    if cell.state == "Bake" && cell.fault != FaultKind::Aborted {
        // Bake and CheckHealth are one function: the fault must not meet the one that comes first.
        let nearly_there = |story: &Story| {
            let last = story.visits.iter().rev().find(|visit| visit.kind == "Task")?;
            let nearly = last.note.as_deref().is_some_and(|note| note.starts_with("1 of 2 healthy"));
            match (last.state.as_str(), cell.pair) {
                ("Swap", true) => Some(0),
                ("CheckHealth", false) if nearly => Some(1),
                _ => None,
            }
        };
        if let Some(skip) = until(stage, observation, nearly_there).await? {
            inject(stage, cell, skip);
        }
    }
    if !cell.fault.aborts() {
        return Ok(false);
    }
    let there = |story: &Story| {
        let is_time = cell.fault == FaultKind::Aborted || is_spoiled(stage, cell);
        let visit = story.state().filter(|visit| is_time && visit.state == cell.state);
        visit.map(|_| story.arn.clone())
    };
    let Some(arn) = until(stage, observation, there).await? else { return Ok(false) };
    let stop = json!({"executionArn": arn, "error": "Operator", "cause": "stopped on purpose"});
    stage.call(Service::StepFunctions, "StopExecution", stop).await?;
    Ok(true)
}

/// Waits until the deployment's execution is as wanted; nothing if everything is over before.
async fn until<T>(
    stage: &Stage,
    observation: &Observation,
    wanted: impl Fn(&Story) -> Option<T>,
) -> anyhow::Result<Option<T>> {
    let watched = async {
        let mut over_since: Option<Instant> = None;
        loop {
            let stories = stories(stage).await?;
            let ours = observation.ours(&stories);
            let mut runs = ours.is_empty();
            for story in ours {
                if story.status == "RUNNING" {
                    runs = true;
                    if let Some(found) = wanted(story) {
                        return anyhow::Ok(Some(found));
                    }
                }
            }
            if runs {
                over_since = None;
            } else if over_since.get_or_insert_with(Instant::now).elapsed() > OVER {
                return Ok(None);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, watched).await.context("the moment of the fault never came")?
}

/// Waits until everything is over, at least so many executions, and the lease is free. Each that was aborted is recovered
/// by another, unless it had let go of the service by then. A fault that lasts for ever is taken away in the end, and an
/// operator starts a recovery by hand; how often is answered.
async fn rest(stage: &Stage, sample: &Sample, least: usize, aborts: usize) -> anyhow::Result<usize> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let stories = until_over(stage, least, DEADLINE, async |_| {}).await?;
        // A call that was under way may let go of the service still.
        let ledger = read_ledger(stage, &sample.service).await;
        let ended = ledger.deployments.last().is_some_and(|deployment| deployment.outcome.is_some());
        if stories.len() >= least + aborts || (ledger.holder.is_none() && ended) {
            break;
        }
        anyhow::ensure!(Instant::now() < deadline, "what was aborted is not recovered");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    for words in 0..=MOST_WORDS {
        let ledger = read_ledger(stage, &sample.service).await;
        let Some(holder) = ledger.holder else { return Ok(words) };
        stage.cloud.clear_faults();
        start(stage, &json!({"service": sample.service.to_string(), "recover": holder})).await?;
        until_over(stage, least, DEADLINE, async |_| {}).await?;
    }
    anyhow::bail!("the lease is still held after {MOST_WORDS} words of an operator")
}

/// Whether the state was tried again, left by a catch, or its execution failed.
fn left_a_trace(cell: &Cell, stories: &[Story]) -> bool {
    stories.iter().any(|story| {
        story.visits.iter().any(|visit| {
            let caught = visit.left.is_some() && visit.verdict.is_none() && visit.note.is_some();
            visit.state == cell.state && (visit.tries > 1 || caught || story.status == "FAILED")
        })
    })
}
