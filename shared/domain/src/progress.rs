//! How far a deployment has come, for the record.

use crate::Timestamp;
use crate::bearing::Since;
use crate::gate::Gate;
use crate::plan::{Plan, READ_PATIENCE};
use crate::room::Enlarged;
use crate::route::Weight;
use crate::verdict::migrated::Migrated;
use crate::verdict::watching::Watching;
use serde::{Deserialize, Serialize};

/// How far a deployment has come: written after each change, so that any function can go on from here.
///
/// On record the phases' fields stand side by side, as builds before wrote them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Getting the new tasks.
    #[serde(flatten)]
    pub start: Start,
    /// How they are.
    #[serde(flatten)]
    pub health: Health,
    /// Giving them traffic.
    #[serde(flatten)]
    pub shift: Shift,
    /// What users' requests came to.
    #[serde(default, skip_serializing_if = "Watching::is_unused")]
    pub watching: Watching,
    /// What held it at its points.
    #[serde(default, skip_serializing_if = "Gate::is_unused")]
    pub gate: Gate,
    /// What became of the old tasks since a task ran at `before-start`; none before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated: Option<Migrated>,
    /// When the stickiness of its routes was given back last, which the last shift and going back switch off for a while.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned_at: Option<Timestamp>,
    /// Letting the old ones go.
    #[serde(flatten)]
    pub drain: Drain,
    /// Going back.
    #[serde(flatten)]
    pub back: Back,
    /// Going on after an execution died.
    #[serde(flatten)]
    pub recovery: Recovery,
}

/// Getting the new tasks: a revision, room, and tasks that are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Start {
    /// The revision it registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// The copy of the live revision that it registered for going back, where the plan asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way_back: Option<String>,
    /// When tasks of it were first asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When more tasks than that were asked for last, since the live side had grown or somebody had taken some away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raised_at: Option<Timestamp>,
    /// How often that was.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub raises: u32,
    /// When room was first missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_missed_at: Option<Timestamp>,
    /// What was done to an Auto Scaling group to make room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enlarged: Option<Enlarged>,
}

/// How the new tasks are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Health {
    /// Healthy readings in a row.
    #[serde(default)]
    pub readings: u32,
    /// When the last reading was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// When there were enough of them: from here on a rolling service's new tasks are watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_at: Option<Timestamp>,
    /// Since when too few of the tasks that had been healthy are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sick_at: Option<Timestamp>,
    /// Since when not all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_at: Option<Timestamp>,
    /// Since when AWS is too busy to let them be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blind_at: Option<Timestamp>,
    /// Whether users were seen to suffer from the new tasks: by what they answer, or because too few are healthy.
    #[serde(default)]
    pub harmful: bool,
}

/// Giving the new tasks traffic, a step at a time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shift {
    /// The index of the step that is being written or was written last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The index of the last step whose bake passed: until then a repeated `swap` repeats that step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baked: Option<usize>,
    /// What that bake has proven, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<String>,
    /// The next side's weight that was last read back from every route.
    #[serde(default)]
    pub weight: Weight,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifted_at: Option<Timestamp>,
}

/// Letting the side that went out go.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Drain {
    /// When it was seen to have no requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_at: Option<Timestamp>,
    /// When it was told to run no tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_in_at: Option<Timestamp>,
    /// Whether draining is complete.
    #[serde(default)]
    pub drained: bool,
}

/// Going back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Back {
    /// When rollback began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_at: Option<Timestamp>,
    /// How often rollback told ECS what the members were before.
    #[serde(default)]
    pub tells: u32,
    /// When rollback had the weights back as they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored_at: Option<Timestamp>,
    /// Whether rollback is complete.
    #[serde(default)]
    pub rolled_back: bool,
}

/// Going on after an execution died.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recovery {
    /// When the last recovery took it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_over_at: Option<Timestamp>,
    /// How many recoveries took it over.
    #[serde(default)]
    pub recoveries: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Progress {
    /// When the tasks that are to be healthy were asked for.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.start.raised_at.or(self.start.started_at)
    }

    /// The weight that a read may still show in place of the one on record: that of the step before, for as long as the
    /// last shift is younger than what AWS takes to tell of it.
    pub fn stale_weight(&self, plan: &Plan, now: Timestamp) -> Option<Weight> {
        let is_young = |at: &Timestamp| now < READ_PATIENCE.after(*at);
        let step = self.shift.step.filter(|_| self.shift.shifted_at.as_ref().is_some_and(is_young))?;
        // The step on record is the last one that was written, or the one whose writing was begun.
        let written = if plan.weight_of(step) == self.shift.weight { step } else { step.checked_sub(1)? };
        Some(written.checked_sub(1).map_or(0, |before| plan.weight_of(before)))
    }

    /// Whether room was made that is still to be given back.
    pub fn owes_room(&self) -> bool {
        self.start.enlarged.as_ref().is_some_and(|enlarged| !enlarged.over)
    }

    /// Since when tasks that had been healthy are not.
    pub fn since(&self) -> Since {
        Since { ill: self.health.sick_at, short: self.health.short_at }
    }

    /// Puts on record since when tasks that had been healthy are not.
    pub fn set_since(&mut self, since: Since) {
        (self.health.sick_at, self.health.short_at) = (since.ill, since.short);
    }

    /// The step whose turn it is: the one after the last that baked, however often it was begun.
    pub fn step_to_make(&self) -> usize {
        self.shift.baked.map_or(0, |baked| baked + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the build before wrote.
    const BEFORE: &str = r#"{"revision":"td:2","started_at":"2026-01-01T00:00:00Z","readings":3,"harmful":true,
        "step":1,"baked":0,"weight":50,"shifted_at":"2026-01-01T00:01:00Z","quiet_at":"2026-01-01T00:02:00Z",
        "drained":false,"tells":2,"rolled_back":true,"enlarged":{"from":1,"to":2},"recoveries":4}"#;

    #[test]
    fn what_the_build_before_wrote_is_read_and_written_alike() {
        let read: Progress = serde_json::from_str(BEFORE).expect("it is read");
        assert_eq!(read.start.revision.as_deref(), Some("td:2"));
        assert_eq!((read.health.readings, read.health.harmful), (3, true));
        assert_eq!((read.shift.step, read.shift.baked, read.shift.weight), (Some(1), Some(0), 50));
        assert!(read.drain.quiet_at.is_some() && !read.drain.drained && read.back.rolled_back);
        assert_eq!((read.back.tells, read.recovery.recoveries), (2, 4));
        assert!(read.owes_room());
        let written = serde_json::to_value(&read).expect("it is written");
        let before: serde_json::Value = serde_json::from_str(BEFORE).expect("JSON");
        for (key, value) in before.as_object().expect("an object") {
            if key != "enlarged" {
                assert_eq!(&written[key], value, "{key}");
            }
        }
        assert_eq!(serde_json::from_str::<Progress>("{}").expect("nothing yet"), Progress::default());
    }
}
