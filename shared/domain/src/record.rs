//! The ledger's records: wanted, lease, deployment.

use crate::calendar::Postponed;
use crate::name::{DeploymentId, ServiceName};
use crate::plan::Plan;
use crate::route::Weight;
use crate::settings::Strategy;
use crate::span::Seconds;
use crate::told::Told;
use crate::{StepError, Timestamp};
use serde::{Deserialize, Serialize};
use std::fmt;

pub use crate::gate::Orders;
pub use crate::progress::Progress;
pub use crate::wanted::{ATTEMPTS_AT_ONCE, Ask, Tried, Wanted};

/// The shape of records written by this build; a reader refuses a newer one.
pub const SCHEMA: u32 = 1;
/// Most timeline entries of a deployment; after that only the newest are kept besides the first.
pub const MAX_TIMELINE: usize = 200;
/// How long the table keeps a finished deployment; nothing depends on it.
pub const KEPT: Seconds = Seconds(90 * 24 * 3600);
/// Longest text put into a record.
pub const MAX_TEXT: usize = 2_000;

/// Who may change a service now. There is no expiry: only its holder, or the recovery of its dead execution,
/// gives it back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Lease {
    /// The deployment that holds it; none when free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<DeploymentId>,
    /// The execution that acts for the holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution: Option<String>,
    /// Grows by one with each claim, for ever.
    pub fence: u64,
}

impl Lease {
    /// The fence with which an execution goes on with a deployment of its own: 0, which changes nothing, if the
    /// deployment does not hold the service, and none if it does but another execution has taken it over.
    pub fn fence_for(&self, deployment: &DeploymentId, execution: &str) -> Option<u64> {
        if self.holder.as_ref() != Some(deployment) {
            return Some(0);
        }
        (self.execution.as_deref() == Some(execution)).then_some(self.fence)
    }

    /// The error of whoever thought to hold the service for a deployment with a fence.
    pub fn lost(&self, service: &ServiceName, deployment: &DeploymentId, fence: u64) -> StepError {
        let holder = match (&self.holder, &self.execution) {
            (Some(holder), Some(execution)) if holder == deployment => {
                format!("{execution} took it over with fence {}", self.fence)
            }
            (Some(holder), _) => format!("{holder} has it with fence {}", self.fence),
            (None, _) => format!("nobody has it, the fence is {}", self.fence),
        };
        StepError::LeaseLost {
            service: service.to_string(),
            deployment: deployment.to_string(),
            fence,
            holder,
        }
    }
}

/// How a deployment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Outcome {
    /// The new revision serves everything.
    Succeeded,
    /// The old revision serves everything, the new tasks are gone.
    RolledBack,
    /// Nothing was changed.
    Refused,
    /// Gave way to a newer image; rolled back.
    Superseded,
    /// Both sides are broken; a person has to look.
    NeedsHuman,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One line of a deployment's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The state that wrote it.
    pub state: String,
    /// What happened, in words.
    pub note: String,
}

/// One attempt to bring one service to one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployment {
    /// The shape of this record.
    pub schema: u32,
    /// Counts writes; every write is on condition of it.
    pub version: u64,
    /// The service.
    pub service: ServiceName,
    /// Its id.
    pub id: DeploymentId,
    /// The execution that carries it.
    pub execution: String,
    /// Who or what asked for it.
    pub cause: String,
    /// When it began.
    pub began_at: Timestamp,
    /// The generation of the wish that it is for; none if it is for none that is on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<u64>,
    /// The digest that it is to bring; none if there is no such image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What it will do; none if it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// How far it has come.
    #[serde(default)]
    pub progress: Progress,
    /// Why it cannot go on, once that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What people asked of it while it was on the way.
    #[serde(flatten)]
    pub orders: Orders,
    /// How the service changes over, as it looked; records of old do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Whether the service ran what was wanted before anything was done.
    #[serde(default)]
    pub nothing_to_do: bool,
    /// That nothing but a closed calendar stood against it, if so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postponed: Option<Postponed>,
    /// Whether it gives way to a newer image.
    #[serde(default)]
    pub superseded: bool,
    /// Whether a person has to look.
    #[serde(default)]
    pub needs_human: bool,
    /// Its story.
    #[serde(default)]
    pub timeline: Vec<Entry>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// What others were told of it.
    #[serde(default, skip_serializing_if = "Told::is_nothing")]
    pub told: Told,
    /// When the table may forget it, in epoch seconds (DynamoDB TTL); nothing depends on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

/// What a finished deployment leaves: where its time went, and what was proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// From its beginning to its end.
    pub seconds: u64,
    /// Waiting for tasks to run and be healthy.
    pub health_seconds: u64,
    /// Watching after shifts.
    pub bake_seconds: u64,
    /// Draining, and keeping the side that went out warm.
    pub drain_seconds: u64,
    /// Rolling back.
    pub rollback_seconds: u64,
    /// The weights that were shown to users, in order.
    pub weights: Vec<Weight>,
    /// What its last bake has proven, in words; none if none has passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<String>,
}

impl Deployment {
    /// A deployment that has just begun.
    pub fn new(
        service: ServiceName,
        id: DeploymentId,
        execution: &str,
        cause: &str,
        began_at: Timestamp,
    ) -> Self {
        Self {
            schema: SCHEMA,
            version: 0,
            service,
            id,
            execution: execution.to_owned(),
            cause: clip(cause),
            began_at,
            wish: None,
            digest: None,
            plan: None,
            progress: Progress::default(),
            reason: None,
            orders: Orders::default(),
            strategy: None,
            nothing_to_do: false,
            postponed: None,
            superseded: false,
            needs_human: false,
            timeline: Vec::new(),
            outcome: None,
            ended_at: None,
            receipt: None,
            told: Told::default(),
            expires_at: None,
        }
    }

    /// Adds a line to the story, unless it says just what the line before said.
    pub fn note(&mut self, at: Timestamp, state: &str, note: impl Into<String>) {
        let note = clip(&note.into());
        if self.timeline.last().is_some_and(|last| last.state == state && last.note == note) {
            return;
        }
        if self.timeline.len() >= MAX_TIMELINE {
            self.timeline.remove(1);
        }
        self.timeline.push(Entry { at, state: state.to_owned(), note });
    }

    /// Records that somebody asked for it to be taken back.
    pub fn take_back(&mut self, why: &str) {
        self.orders.taken_back = Some(clip(why));
    }

    /// Records that a person has to look, and why, besides what led to it.
    pub fn give_up(&mut self, why: &str) {
        self.needs_human = true;
        let next =
            format!("; once that is right, start an execution with {{\"service\":\"{}\"}}", self.service);
        let before = self.reason.take().map(|reason| reason.trim_end_matches(&next).to_owned());
        let reason = match before {
            Some(reason) if reason.contains(why) => reason,
            Some(reason) => {
                format!("{}; then {}", clip_to(&reason, MAX_TEXT / 2), clip_to(why, MAX_TEXT / 2))
            }
            None => clip(why),
        };
        self.reason = Some(reason + &next);
    }

    /// Whether it does not go on to what it was to bring: it is going back, or will.
    pub fn is_given_up(&self) -> bool {
        self.orders.taken_back.is_some() || self.reason.is_some() || self.progress.back.rollback_at.is_some()
    }

    /// Records how it ended, and until when the table keeps it.
    pub fn end(&mut self, outcome: Outcome, at: Timestamp) {
        self.outcome = Some(outcome);
        self.ended_at = Some(at);
        self.expires_at = Some(KEPT.after(at).as_second());
    }

    /// Records why it cannot go on; the first reason stays.
    pub fn fail(&mut self, reason: &str) {
        if self.reason.is_none() {
            self.reason = Some(clip(reason));
        }
    }
}

/// A text short enough for a record.
pub fn clip(text: &str) -> String {
    clip_to(text, MAX_TEXT)
}

fn clip_to(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment() -> Deployment {
        let began = Timestamp::UNIX_EPOCH;
        Deployment::new(ServiceName::new("c", "s"), DeploymentId::from("d"), "arn", "console", began)
    }

    #[test]
    fn the_story_stays_within_its_bound_and_keeps_its_beginning() {
        let mut deployment = deployment();
        for n in 0..MAX_TIMELINE + 50 {
            deployment.note(Timestamp::UNIX_EPOCH, "Bake", format!("reading {n}"));
            deployment.note(Timestamp::UNIX_EPOCH, "Bake", format!("reading {n}"));
        }
        assert_eq!(deployment.timeline.len(), MAX_TIMELINE);
        assert_eq!(deployment.timeline[0].note, "reading 0");
        assert_eq!(deployment.timeline.last().unwrap().note, format!("reading {}", MAX_TIMELINE + 49));
    }

    #[test]
    fn the_first_reason_stays_and_is_clipped() {
        let mut deployment = deployment();
        deployment.fail(&"é".repeat(MAX_TEXT + 1));
        deployment.fail("second");
        assert_eq!(deployment.reason.unwrap().chars().count(), MAX_TEXT + 1);
    }

    #[test]
    fn whoever_gives_up_tells_what_led_to_it_what_is_broken_and_what_goes_on_however_long_that_is() {
        let mut deployment = deployment();
        deployment.fail(&"tasks stopped ".repeat(MAX_TEXT));
        deployment.give_up("rollback was refused");
        deployment.give_up("rollback was refused");
        let reason = deployment.reason.unwrap();
        assert!(
            reason.starts_with("tasks stopped") && reason.contains("; then rollback was refused; once"),
            "{reason}"
        );
        assert!(reason.ends_with(r#"start an execution with {"service":"c/s"}"#), "{reason}");
        assert_eq!(reason.matches("start an execution").count(), 1);
    }

    #[test]
    fn only_the_execution_that_acts_for_the_holder_has_its_fence() {
        let (ours, theirs) = (DeploymentId::from("d"), DeploymentId::from("e"));
        let lease = Lease { holder: Some(ours.clone()), execution: Some("recovery".to_owned()), fence: 2 };
        assert_eq!(lease.fence_for(&ours, "recovery"), Some(2));
        assert_eq!(lease.fence_for(&ours, "stopped, and redriven"), None);
        assert_eq!(lease.fence_for(&theirs, "another"), Some(0));
        let told = lease.lost(&ServiceName::new("c", "s"), &ours, 0).to_string();
        assert!(told.contains("recovery took it over with fence 2"), "{told}");
    }
}
