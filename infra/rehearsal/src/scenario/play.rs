//! Plays one scenario: sets the stage, lets users come, makes happen what is to happen, and judges.

use super::account::{self, Known};
use super::database::{SharedDatabase, Written};
use super::observe::{Observation, Observed};
use super::{Already, MOVING_TAG, MayFail, Scenario, Script, already, hand, hooks, images, team};
use crate::advice::advice;
use crate::binaries::Binaries;
use crate::report::{self, Moment, Series};
use crate::stage::{Image, Pace, Sample, Stage};
use crate::story::{Story, ms, until_over};
use crate::witness::{Allowed, Track, judge_traffic, untold};
use anyhow::Context as _;
use jiff::Timestamp;
use rehearsal_traffic::{Snapshot, Users};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The version that is deployed.
pub(crate) const NEW_VERSION: &str = "v2";
/// One that comes after that.
const NEWER_VERSION: &str = "v3";
/// The version that serves at first.
const OLD_VERSION: &str = "v1";
/// How long users come before and after, so that there is something to compare with.
const AROUND: Duration = Duration::from_secs(3);
/// How many users keep cookies.
const REGULARS: u32 = 40;
/// The longest that a scenario may take from its push to its end.
const DEADLINE: Duration = Duration::from_secs(180);

/// Everything as it is at one moment of a play.
#[derive(Debug, Clone)]
pub struct Play {
    /// Since users come.
    pub elapsed: Duration,
    /// What users saw so far.
    pub traffic: Snapshot,
    /// Weights and tasks so far.
    pub track: Track,
    /// The sides' names, the first one serving at first.
    pub sides: Vec<String>,
    /// The version that each side runs, as far as that is known.
    pub versions: BTreeMap<String, String>,
    /// The executions so far.
    pub moments: Vec<Moment>,
    /// The state that the last execution is in, if there is one.
    pub state: Option<String>,
}

/// Who is told how a play goes on.
pub trait Listener: Send {
    /// Something new can be seen.
    fn now(&mut self, play: &Play);
}

/// How a scenario is played.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Seeds everything that is left to chance.
    pub seed: u64,
    /// Requests a second.
    pub rate: f64,
    /// How quick everything is.
    pub pace: Pace,
}

/// Plays a scenario from beginning to end.
///
/// # Errors
/// If the stage cannot be set; what the deployment does wrong is in the report instead.
pub async fn play(
    binaries: &Binaries,
    scenario: &Scenario,
    options: Options,
    listener: &mut dyn Listener,
) -> anyhow::Result<report::Scenario> {
    let push_at = scenario.push_at(options.pace);
    let database = SharedDatabase::of(scenario)?;
    let environment = database.as_ref().map(SharedDatabase::environment).unwrap_or_default();
    let setting = scenario.setting(options.seed, options.pace, push_at, environment);
    let stage = Arc::new(Stage::set(binaries, &setting).await?);
    let mut played = on_stage(&stage, scenario, (options, push_at), listener).await;
    stage.strike().await;
    if let (Ok(told), Some(database)) = (&mut played, database) {
        told.broken.extend(database.missing(told.requests.total - told.requests.failed)?);
        told.held &= told.broken.is_empty();
    }
    played.with_context(|| format!("scenario {} (seed {})", scenario.name, options.seed))
}

async fn on_stage(
    stage: &Arc<Stage>,
    scenario: &Scenario,
    (options, push_at): (Options, Option<Timestamp>),
    listener: &mut dyn Listener,
) -> anyhow::Result<report::Scenario> {
    let sample = stage.samples.first().context("the stage has no sample service")?.clone();
    already::make(stage, scenario, &sample).await.context("the service cannot be made as it is to be")?;
    hooks::make(stage, scenario).await.context("the functions of its hooks cannot be made")?;
    let calls_before = stage.cloud.calls();
    let mut observation =
        Observation::of(stage, &sample, (options.rate, users(scenario)), options.seed).await?;
    tokio::time::sleep(AROUND).await;
    wait_until(push_at).await?;
    let tell = async |stories: &[Story]| tell(stage, &sample, &observation, stories, listener).await;
    let happened = happen(stage, scenario, (&sample, push_at), tell, observation.earlier()).await;
    tokio::time::sleep(AROUND).await;
    if scenario.script == Script::PushThenGrow {
        observation.grew(hand::GROWN_BY);
    }
    let mut observed = observation.end(scenario.script != Script::Careless).await?;
    if scenario.script != Script::Careless {
        observed.breaches.extend(untold(stage, &observed.ledger));
    }
    if let Err(error) = happened {
        observed.breaches.add(6, format!("{error:#}"));
    }
    let known = Known {
        stage,
        sample: &sample,
        track: &observed.track,
        stories: &observed.stories,
        calls: stage.cloud.calls().since(&calls_before),
        began_epoch: observed.began_epoch,
        settings: scenario.settings(options.pace),
    };
    let receipt = account::receipt(&known);
    let advice = advice(stage, &sample);
    Ok(Told { scenario, options, observed, receipt, advice }.judge())
}

/// Who comes: where users are to stay with a side, two thirds of the requests are of such as keep cookies.
fn users(scenario: &Scenario) -> Users {
    scenario.sticky.map_or_else(Users::default, |_| Users { regulars: REGULARS, share: 2.0 / 3.0 })
}

/// Waits for the time of the push, if that is timed.
async fn wait_until(push_at: Option<Timestamp>) -> anyhow::Result<()> {
    let Some(at) = push_at else { return Ok(()) };
    let left = Duration::try_from(at.duration_since(rehearsal_world::now()));
    tokio::time::sleep(left.context("the stage was set too late for the time of the push")?).await;
    Ok(())
}

/// Tells whoever listens how things are.
async fn tell(
    stage: &Stage,
    sample: &Sample,
    observation: &Observation,
    stories: &[Story],
    listener: &mut dyn Listener,
) {
    let ours = observation.ours(stories);
    let track = observation.track().await;
    let tags = stage.tags(&sample.repository).await;
    let version = |(side, digest): (&String, &String)| Some((side.clone(), tags.get(digest)?.clone()));
    listener.now(&Play {
        elapsed: observation.began().elapsed(),
        traffic: observation.traffic(),
        versions: track.digests.iter().filter_map(version).collect(),
        track,
        sides: sample.members.iter().map(|member| sample.side(member)).collect(),
        moments: moments(&ours, observation.began_epoch()),
        state: ours.last().and_then(|story| story.state()).map(|visit| visit.state.clone()),
    });
}

/// Makes happen what is to happen, and waits until it is over.
async fn happen(
    stage: &Stage,
    scenario: &Scenario,
    (sample, push_at): (&Sample, Option<Timestamp>),
    mut tell: impl AsyncFnMut(&[Story]),
    earlier: usize,
) -> anyhow::Result<()> {
    let suffers = scenario.outage.is_some_and(|outage| outage.both);
    let next = scenario.database.map(|schemas| schemas.next);
    let options = scenario.options(scenario.image, next, suffers, push_at);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let annotations = next.map(Written::annotations).unwrap_or_default();
    let image = Image::sample(&stage.binaries, NEW_VERSION, &options).annotated(annotations);
    let deadline = DEADLINE * stage.pace.patience;
    match scenario.script {
        Script::Push => {
            let tag = if scenario.already == Already::ByTag { MOVING_TAG } else { NEW_VERSION };
            stage.push(&sample.repository, tag, &image).await?;
        }
        Script::PushThenReset => {
            stage.push(&sample.repository, NEW_VERSION, &image).await?;
            until_over(stage, earlier + 1, deadline, &mut tell).await?;
            hand::reset(stage, sample).await?;
            until_over(stage, earlier + 2, deadline, tell).await?;
            return Ok(());
        }
        Script::PushThenNoRoom => hand::push_then_no_room(stage, sample, &image).await?,
        Script::Console => hand::console(stage, sample, &image).await?,
        Script::Promote => return images::promote(stage, sample, &image, earlier, deadline).await,
        Script::PushInCompany => return images::in_company(stage, sample, &image, earlier, deadline).await,
        Script::Replicate => images::replicate(stage, sample, &image)?,
        Script::Mistype => return images::mistype(stage, sample, earlier, deadline).await,
        Script::MistypeRepository => images::mistype_repository(stage, sample, &image).await?,
        Script::PushThenOrder { at, says, order } => {
            stage.push(&sample.repository, NEW_VERSION, &image).await?;
            hand::order(stage, sample, (at, says), order, earlier).await?;
        }
        Script::WindowThenPush => {
            let newer = (NEWER_VERSION, &Image::sample(&stage.binaries, NEWER_VERSION, &options));
            stage.push(&sample.repository, NEW_VERSION, &image).await?;
            hand::push_in_window(stage, sample, newer, earlier).await?;
            until_over(stage, earlier + 2, deadline, tell).await?;
            return Ok(());
        }
        Script::PushThenGrow => {
            hand::grow(stage, sample, &image, earlier).await?;
        }
        Script::PushThenInterrupt => hand::interrupt(stage, sample, &image, earlier).await?,
        Script::AlarmRises => team::alarm_rises(stage, sample, &image, earlier).await?,
        Script::AlarmWasRed => return team::alarm_was_red(stage, sample, &image, earlier, deadline).await,
        Script::Frozen => return team::frozen(stage, sample, &image, earlier, deadline).await,
        // The stack's own schedule does it.
        Script::Scheduled => {}
        Script::Careless => return hand::careless(stage, sample, &image).await,
    }
    until_over(stage, earlier + 1, deadline, tell).await?;
    Ok(())
}

/// Everything that is known when a play is over.
struct Told<'a> {
    scenario: &'a Scenario,
    options: Options,
    observed: Observed,
    receipt: Option<report::Receipt>,
    advice: Vec<String>,
}

impl Told<'_> {
    fn judge(mut self) -> report::Scenario {
        let scenario = self.scenario;
        let mut broken = Vec::new();
        let outcome =
            self.observed.ledger.deployments.last().and_then(|deployment| deployment.outcome.clone());
        let reason = self.observed.ledger.deployments.last().and_then(|deployment| deployment.reason.clone());
        let planned = self.observed.ledger.deployments.iter().rev();
        let readiness = planned.map(|deployment| &deployment.readiness).find(|found| !found.is_empty());
        let readiness = readiness.cloned().unwrap_or_default();
        if outcome.as_deref() != scenario.outcome {
            broken.push(format!(
                "it ended {}, not {}",
                outcome.as_deref().unwrap_or("without an outcome"),
                scenario.outcome.unwrap_or("without a deployment")
            ));
        }
        for part in
            scenario.reason.iter().filter(|part| !reason.as_deref().unwrap_or_default().contains(*part))
        {
            broken.push(format!("the reason does not say {part:?}"));
        }
        for part in scenario.advice.iter().filter(|part| !self.advice.iter().any(|said| said.contains(*part)))
        {
            broken.push(format!("no advice says {part:?}"));
        }
        broken.extend(scenario.database.and_then(|schemas| {
            schemas.misrecorded(outcome.as_deref(), self.observed.ledger.schema.as_deref())
        }));
        self.judge_users(&mut broken);
        // The control breaks invariants on purpose; what it must show is that this was noticed.
        let is_control = scenario.script == Script::Careless;
        if !is_control {
            broken.extend(
                self.observed
                    .breaches
                    .sentences()
                    .map(|(number, sentence)| format!("invariant {number}: {sentence}")),
            );
        }
        let summary = &self.observed.record.summary;
        let ours: Vec<&Story> = self.observed.stories.iter().collect();
        let series = Series {
            seconds: report::seconds(summary),
            weights: self.observed.track.weights.clone(),
            healthy: self.observed.track.healthy.clone(),
        };
        let told = report::Scenario {
            name: scenario.name.to_owned(),
            about: scenario.about.to_owned(),
            seed: self.options.seed,
            expected: scenario.expected(),
            outcome: outcome.unwrap_or_else(|| report::NO_DEPLOYMENT.to_owned()),
            reason,
            broken,
            invariants: (1..=11).map(|number| (number, self.observed.breaches.held(number))).collect(),
            requests: report::requests(&self.observed.record),
            samples: report::samples(&self.observed.record, &series),
            series,
            timeline: moments(&ours, self.observed.began_epoch),
            failed_requests: report::failed_requests(summary),
            failed_requests_beyond: summary.failures_beyond,
            receipt: self.receipt,
            advice: self.advice,
            readiness,
            ..report::Scenario::default()
        };
        told.conclude()
    }

    fn judge_users(&mut self, broken: &mut Vec<String>) {
        let failed = self.observed.record.summary.totals.failed;
        let allowed = match self.scenario.may_fail {
            MayFail::None => Allowed::None,
            MayFail::NewVersion(weight) => {
                Allowed::OnlyOf { version: NEW_VERSION.to_owned(), weight, silent: false }
            }
            MayFail::Unanswered(weight) => {
                Allowed::OnlyOf { version: NEW_VERSION.to_owned(), weight, silent: true }
            }
            MayFail::OldVersion => Allowed::Of(OLD_VERSION.to_owned()),
            MayFail::Balancer(status) => Allowed::Balancer(status),
            MayFail::Must => Allowed::None,
            MayFail::Any => Allowed::Any,
        };
        if matches!(self.scenario.may_fail, MayFail::Must | MayFail::OldVersion | MayFail::Balancer(_))
            && failed == 0
        {
            broken.push("no request was lost, so this rehearsal could not have shown one".to_owned());
        }
        judge_traffic(&self.observed.record, &allowed, &mut self.observed.breaches);
    }
}

/// The executions as one story: what each task state said when it was left, and how each execution ended.
pub(crate) fn moments(stories: &[&Story], began_epoch: u64) -> Vec<Moment> {
    let at = |seconds: f64| ms(seconds).saturating_sub(began_epoch);
    let mut moments: Vec<Moment> = Vec::new();
    for story in stories {
        let mut last: Option<(&str, &str)> = None;
        for visit in &story.visits {
            // How it ended is told once, by the state that it ends in.
            let note = visit.note.as_deref().filter(|_| visit.state != "Finish").unwrap_or_default();
            match (visit.kind.as_str(), visit.left) {
                // What passed a point with nothing to say is no news.
                ("Task", _) if note.is_empty() && report::phase::is_point(&visit.state) => {}
                ("Task", Some(left)) if last != Some((&visit.state, note)) => {
                    last = Some((&visit.state, note));
                    moments.push(Moment {
                        at_ms: at(left),
                        state: visit.state.clone(),
                        note: note.to_owned(),
                    });
                }
                ("Fail" | "Succeed", _) => {
                    let note = story.cause.clone().unwrap_or_default();
                    moments.push(Moment { at_ms: at(visit.entered), state: visit.state.clone(), note });
                }
                _ => {}
            }
        }
    }
    moments.sort_by_key(|moment| moment.at_ms);
    moments
}
