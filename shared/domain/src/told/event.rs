//! Events for programs: docs/events.md has an example of each, docs/events/*.json their schemas.

use super::Happening;
use crate::Timestamp;
use crate::gate::Then;
use crate::name::{DeploymentId, ServiceName};
use crate::plan::Plan;
use crate::record::{Deployment, Outcome};
use crate::route::Weight;
use crate::settings::Strategy;
use serde::{Deserialize, Serialize};

/// The events' source.
pub const SOURCE: &str = "changeover";
/// The shape of `detail`; fields may be added to it, none goes or changes its meaning without a new number.
pub const VERSION: u32 = 1;
/// The types of event, each with the name of its schema.
pub const DETAIL_TYPES: [(&str, &str); 5] = [
    ("Deployment Begun", "begun"),
    ("Deployment Step", "step"),
    ("Deployment Paused", "paused"),
    ("Deployment Went Back", "went-back"),
    ("Deployment Ended", "ended"),
];

/// An event as it is put on the bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about, such as `Deployment Begun`.
    pub detail_type: &'static str,
    /// The execution's ARN.
    pub resources: Vec<String>,
    /// What happened.
    pub detail: Detail,
}

/// What happened, to which deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// [`VERSION`].
    pub version: u32,
    /// The deployment's id.
    pub deployment: DeploymentId,
    /// `CLUSTER/NAME`; a pair by the name that it goes by.
    pub service: ServiceName,
    /// The cluster alone, to match by.
    pub cluster: String,
    /// How it changes over; none if it was refused before that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What it brings; none if it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Image>,
    /// Who or what asked for it.
    pub cause: String,
    /// The execution's ARN.
    pub execution: String,
    /// When it happened.
    pub at: Timestamp,
    /// Begun: the weights to come; a rolling service has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<Weight>>,
    /// Step: which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// Paused: where, and until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Gate>,
    /// Ended: how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Ended: how long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Went back and ended: why, in words; none if nothing stood in its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// The repository's name.
    pub repository: String,
    /// The tag that it was found by, if it was by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Its digest.
    pub digest: String,
}

/// A step that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Which, from 1 on.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// How many of 100 requests the new tasks get.
    pub weight: Weight,
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Where, in words: a point, such as `before-traffic`, or the bake of a step.
    pub place: String,
    /// What holds it, in words.
    pub by: String,
    /// Until when people may decide.
    pub until: Timestamp,
    /// What happens then.
    pub then: Then,
}

/// The type of an event of something.
pub fn detail_type(what: Happening) -> &'static str {
    let index = match what {
        Happening::Begun => 0,
        Happening::Step(_) => 1,
        Happening::Paused => 2,
        Happening::WentBack => 3,
        Happening::Ended => 4,
    };
    DETAIL_TYPES[index].0
}

/// The event of something that happened to a deployment. Pure.
pub fn event(record: &Deployment, what: Happening) -> Event {
    let plan = record.plan.as_ref();
    let mut detail = Detail {
        version: VERSION,
        deployment: record.id.clone(),
        service: record.service.clone(),
        cluster: record.service.cluster.clone(),
        strategy: plan.map(Plan::strategy).or(record.strategy),
        image: plan.map(|plan| Image {
            repository: plan.image.repository.clone(),
            tag: plan.image.tag.clone(),
            digest: plan.image.digest.clone(),
        }),
        cause: record.cause.clone(),
        execution: record.execution.clone(),
        at: record.began_at,
        steps: None,
        step: None,
        pause: None,
        outcome: None,
        seconds: None,
        reason: None,
    };
    match what {
        Happening::Begun => detail.steps = plan.map(weights),
        Happening::Step(index) => {
            detail.at = record.progress.shift.shifted_at.unwrap_or(detail.at);
            let made = plan.map(weights).unwrap_or_default();
            let weight = made.get(index).copied().unwrap_or_default();
            detail.step = Some(Step { number: index + 1, of: made.len(), weight });
        }
        Happening::Paused => {
            if let Some(held) = &record.progress.gate.held {
                detail.at = held.since;
                let (place, by) = (held.place.to_string(), held.by.clone());
                detail.pause = Some(Gate { place, by, until: held.until, then: held.then });
            }
        }
        Happening::WentBack => {
            detail.at = record.progress.back.rollback_at.unwrap_or(detail.at);
            detail.reason = Some(why_back(record));
        }
        Happening::Ended => {
            detail.at = record.ended_at.unwrap_or(detail.at);
            detail.outcome = record.outcome;
            detail.seconds = record.receipt.as_ref().map(|receipt| receipt.seconds);
            detail.reason.clone_from(&record.reason);
        }
    }
    Event { detail_type: detail_type(what), resources: vec![record.execution.clone()], detail }
}

/// The weights that a deployment goes through; none of a rolling one.
fn weights(plan: &Plan) -> Vec<Weight> {
    match plan.strategy() {
        Strategy::BlueGreen => plan.settings.steps.clone(),
        Strategy::Rolling => Vec::new(),
    }
}

/// Why it goes back, in words.
pub(super) fn why_back(record: &Deployment) -> String {
    let why = record.reason.as_ref().or(record.orders.taken_back.as_ref());
    why.cloned().unwrap_or_else(|| "its execution ended before it was done".to_owned())
}
