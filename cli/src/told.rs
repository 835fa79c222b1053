//! A deployment as it is told: the JSON documents whose shape docs/cli.md promises.

use changeover_domain::Timestamp;
use changeover_domain::freeze::Freeze;
use changeover_domain::image::PinnedImage;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::plan::Plan;
use changeover_domain::record::{Deployment, Entry, Outcome, Receipt};
use changeover_domain::route::Weight;
use changeover_domain::settings::Strategy;
use changeover_domain::span::Seconds;
use serde::{Deserialize, Serialize};

/// A deployment in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// `CLUSTER/NAME`, as the ledger has it.
    pub service: ServiceName,
    /// Its id.
    pub deployment: DeploymentId,
    /// The ARN of the execution that began it.
    pub execution: String,
    /// Who or what asked for it.
    pub cause: String,
    /// What it brings; null if it was refused before that was known.
    pub image: Option<PinnedImage>,
    /// How it changes over; null if it was refused.
    pub strategy: Option<Strategy>,
    /// The new side's weights, in order; empty if it was refused.
    pub steps: Vec<Weight>,
    /// The new side's weight now, in per cent; 0 when rolling.
    pub weight: Weight,
    /// The state that wrote the last line of its story.
    pub state: String,
    /// That line.
    pub note: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; null while it is on the way.
    pub ended_at: Option<Timestamp>,
    /// How it ended; null while it is on the way.
    pub outcome: Option<Outcome>,
    /// Why it could not go on; null if nothing stood in its way.
    pub reason: Option<String>,
    /// Why it is taken back, once somebody has asked for that.
    pub taken_back: Option<String>,
    /// From its beginning to its end, or until now.
    pub seconds: u64,
}

impl Summary {
    /// Of a record, now.
    pub fn of(record: &Deployment, now: Timestamp) -> Self {
        let plan = record.plan.as_ref();
        let last = record.timeline.last();
        Self {
            service: record.service.clone(),
            deployment: record.id.clone(),
            execution: record.execution.clone(),
            cause: record.cause.clone(),
            image: plan.map(|plan| plan.image.clone()),
            strategy: plan.map(Plan::strategy),
            steps: plan.map(|plan| plan.settings.steps.clone()).unwrap_or_default(),
            weight: record.progress.shift.weight,
            state: last.map(|last| last.state.clone()).unwrap_or_default(),
            note: last.map(|last| last.note.clone()).unwrap_or_default(),
            began_at: record.began_at,
            ended_at: record.ended_at,
            outcome: record.outcome,
            reason: record.reason.clone(),
            taken_back: record.orders.taken_back.clone(),
            seconds: Seconds::between(record.began_at, record.ended_at.unwrap_or(now)).0,
        }
    }
}

/// A deployment with all that is on record of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Story {
    /// In short.
    #[serde(flatten)]
    pub summary: Summary,
    /// Line by line.
    pub timeline: Vec<Entry>,
    /// What was planned, as the ledger has it; null if it was refused.
    pub plan: Option<Plan>,
    /// Where the time went; null while it is on the way.
    pub receipt: Option<Receipt>,
}

impl Story {
    /// Of a record, now.
    pub fn of(record: &Deployment, now: Timestamp) -> Self {
        Self {
            summary: Summary::of(record, now),
            timeline: record.timeline.clone(),
            plan: record.plan.clone(),
            receipt: record.receipt.clone(),
        }
    }
}

/// Some of a service's deployments, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// The service.
    pub service: ServiceName,
    /// Its deployments.
    pub deployments: Vec<Summary>,
}

/// What is there and under way of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceStatus {
    /// `CLUSTER/NAME`, as the ledger has it.
    pub service: ServiceName,
    /// Its ECS services, each with its tasks and its share.
    pub sides: Vec<Side>,
    /// The repository whose pushes deploy it.
    pub repository: Option<String>,
    /// The tag, or the pattern, that is deployed.
    pub image_tag: String,
    /// What it is to run; null if nobody has asked for anything yet.
    pub wanted: Option<Wish>,
    /// The deployment that holds it now.
    pub on_the_way: Option<Summary>,
    /// What that waits for, in words.
    pub waits: Option<String>,
    /// The last one that ended.
    pub last: Option<Summary>,
}

/// One ECS service: the only one, or one side of a pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// The ECS service's name.
    pub ecs_service: String,
    /// The task definition it is set to, as FAMILY:REVISION.
    pub task_definition: String,
    /// The image that this runs, as it is written there.
    pub image: Option<String>,
    /// How many tasks it is told to run.
    pub desired: u32,
    /// How many run.
    pub running: u32,
    /// Its share of the requests in per cent; null behind no weighted route.
    pub weight: Option<f64>,
}

/// What a service is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The image.
    pub image: PinnedImage,
    /// Since when.
    pub since: Timestamp,
    /// By whose doing.
    pub cause: String,
    /// How it was answered: the outcome of the deployment that tried last; null if none has.
    pub tried: Option<Outcome>,
}

/// The answer of `status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// The stack.
    pub stack: String,
    /// The freeze in which pushes and schedules begin nothing; null while there is none.
    pub frozen: Option<Freeze>,
    /// Its services.
    pub services: Vec<ServiceStatus>,
}
