//! One round: a service, a deed, and everything that must hold afterwards.

use super::{Deed, Kind, Options, Trouble, start};
use crate::scenario::Observation;
use crate::stage::{Sample, Stage};
use crate::story::{Story, stories, until_over};
use crate::witness::{LedgerSeen, read_ledger};
use rehearsal_wire::Service;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest that a round may take to come to rest: a lost event waits for the next tick of `reconcile`.
const DEADLINE: Duration = Duration::from_secs(300);
/// How long users come before and after.
const AROUND: Duration = Duration::from_secs(1);
/// How often it is asked whether everything is at rest.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What came of a round.
#[derive(Debug, Clone, Serialize)]
pub struct Round {
    /// Which one.
    pub number: u64,
    /// The service.
    pub service: String,
    /// What happened, in words.
    pub deed: String,
    /// The trouble alone.
    pub trouble: String,
    /// How its deployments ended, in order.
    pub outcomes: Vec<String>,
    /// Requests that users sent.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that failed and were not answered by a version that errs by itself.
    pub attributable: u64,
    /// What broke, one sentence each.
    pub broken: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// Plays a round.
///
/// # Errors
/// If an API of the rehearsal itself fails.
pub async fn play(
    stage: &Arc<Stage>,
    sample: &Sample,
    number: u64,
    deed: &Deed,
    options: &Options,
) -> anyhow::Result<Round> {
    let began = Instant::now();
    let deployments_before = read_ledger(stage, &sample.service).await.deployments.len();
    let observation = Observation::begin(stage, sample, options.rate, options.seed ^ number).await?;
    tokio::time::sleep(AROUND).await;
    deed.trouble.arrange(&stage.cloud);
    let (pushed, troubled) =
        tokio::join!(push(stage, sample, deed), trouble(stage, sample, deed, &observation));
    let last_digest = pushed?;
    troubled?;
    let rested = rest(stage, sample, &observation, &last_digest).await;
    stage.cloud.clear_faults();
    tokio::time::sleep(AROUND).await;
    let mut observed = observation.end(true).await?;
    if let Err(error) = rested {
        observed.breaches.add(6, format!("{error:#}"));
    }
    let erring: Vec<&str> = deed
        .pushes
        .iter()
        .filter(|(_, kind, _)| *kind == Kind::Erring)
        .map(|(version, ..)| version.as_str())
        .collect();
    let by_version: BTreeMap<String, u64> = observed
        .record
        .summary
        .by_version
        .iter()
        .map(|(name, version)| (name.clone(), version.counts.failed))
        .filter(|(_, failed)| *failed > 0)
        .collect();
    let attributable: u64 = by_version
        .iter()
        .filter(|(name, _)| !erring.contains(&name.as_str()))
        .map(|(_, failed)| failed)
        .sum();
    let mut broken: Vec<String> = observed
        .breaches
        .sentences()
        .map(|(number, sentence)| format!("invariant {number}: {sentence}"))
        .collect();
    broken.extend(unexpected(deed, &observed.ledger, &last_digest));
    if attributable > 0 {
        let first = observed.record.summary.failures.first().map(|failure| format!("{failure:?}"));
        broken.push(format!("requests failed {by_version:?}, the first: {}", first.unwrap_or_default()));
    }
    let totals = observed.record.summary.totals;
    let ended = observed.ledger.deployments.iter().skip(deployments_before);
    Ok(Round {
        number,
        service: sample.service.to_string(),
        deed: deed.words(),
        trouble: deed.trouble.words(),
        outcomes: ended.map(|one| one.outcome.clone().unwrap_or_else(|| "none".to_owned())).collect(),
        requests: totals.total,
        failed: totals.failed,
        attributable,
        broken,
        seconds: began.elapsed().as_secs_f64(),
    })
}

/// What is wrong with how the last deployment of the image that was pushed last has ended.
fn unexpected(deed: &Deed, ledger: &LedgerSeen, last_digest: &str) -> Option<String> {
    let expected = deed.expected()?;
    let ours = ledger.deployments.iter().rev().find(|one| one.digest.as_deref() == Some(last_digest));
    let ended = ours.and_then(|one| one.outcome.as_deref()).unwrap_or("without a deployment");
    let why = ours.and_then(|one| one.reason.as_deref()).unwrap_or_default();
    (ended != expected).then(|| format!("the last image ended {ended}, not {expected}: {why}"))
}

/// The digest that was pushed last.
async fn push(stage: &Stage, sample: &Sample, deed: &Deed) -> anyhow::Result<String> {
    let mut digest = String::new();
    for (index, (version, kind, pause)) in deed.pushes.iter().enumerate() {
        if index > 0 {
            tokio::time::sleep(*pause).await;
        }
        digest = stage.push(&sample.repository, version, &kind.image(&stage.binaries, version)).await?;
    }
    Ok(digest)
}

/// What an operator does.
async fn trouble(
    stage: &Stage,
    sample: &Sample,
    deed: &Deed,
    observation: &Observation,
) -> anyhow::Result<()> {
    match deed.trouble {
        Trouble::Abort(after) => {
            tokio::time::sleep(after).await;
            let stories = stories(stage).await?;
            let running = observation.ours(&stories).into_iter().find(|story| story.status == "RUNNING");
            if let Some(Story { arn, .. }) = running {
                let stop =
                    json!({"executionArn": arn, "error": "Operator", "cause": "an operator stopped it"});
                stage.call(Service::StepFunctions, "StopExecution", stop).await?;
            }
        }
        Trouble::Rollback(after) => {
            tokio::time::sleep(after).await;
            start(stage, &json!({"service": sample.service.to_string(), "rollback": true})).await?;
        }
        _ => {}
    }
    Ok(())
}

/// Waits until every execution is over, the lease is free, and the last push has been seen.
async fn rest(
    stage: &Stage,
    sample: &Sample,
    observation: &Observation,
    last_digest: &str,
) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        until_over(stage, observation.earlier() + 1, DEADLINE, async |_| {}).await?;
        let ledger = read_ledger(stage, &sample.service).await;
        let seen = ledger.wanted.as_deref() == Some(last_digest);
        let tried = ledger
            .deployments
            .iter()
            .any(|one| one.digest.as_deref() == Some(last_digest) && one.outcome.is_some());
        if ledger.holder.is_none() && seen && tried {
            return Ok(());
        }
        if began.elapsed() > DEADLINE {
            anyhow::bail!(
                "not at rest after {DEADLINE:?}: held by {:?}, wanted {:?}, pushed {last_digest}, tried {tried}",
                ledger.holder,
                ledger.wanted
            );
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
