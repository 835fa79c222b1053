//! How far a deployment has come, for the record.

use crate::Timestamp;
use crate::bearing::Since;
use crate::room::Enlarged;
use crate::route::Weight;
use serde::{Deserialize, Serialize};

/// How far a deployment has come: written after each change, so that any function can go on from here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// The revision it registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// When tasks of it were first asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// Healthy readings in a row.
    #[serde(default)]
    pub readings: u32,
    /// When there were enough of them: from here on a rolling service's new tasks are watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_at: Option<Timestamp>,
    /// Since when too few of the tasks that had been healthy are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sick_at: Option<Timestamp>,
    /// Since when not all of them are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub short_at: Option<Timestamp>,
    /// Whether users were seen to suffer from the new tasks: by what they answer, or because too few are healthy.
    #[serde(default)]
    pub harmful: bool,
    /// When the last reading was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_at: Option<Timestamp>,
    /// The index of the step that is being written or was written last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// The index of the last step whose bake passed: until then a repeated `swap` repeats that step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baked: Option<usize>,
    /// The next side's weight that was last read back from every route.
    #[serde(default)]
    pub weight: Weight,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shifted_at: Option<Timestamp>,
    /// When the side that went out was seen to have no requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_at: Option<Timestamp>,
    /// When the side that went out was told to run no tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scaled_in_at: Option<Timestamp>,
    /// Whether draining is complete.
    #[serde(default)]
    pub drained: bool,
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
    /// When room was first missed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room_missed_at: Option<Timestamp>,
    /// What was done to an Auto Scaling group to make room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enlarged: Option<Enlarged>,
    /// When the last recovery took it over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_over_at: Option<Timestamp>,
    /// How many recoveries took it over.
    #[serde(default)]
    pub recoveries: u32,
}

impl Progress {
    /// Whether room was made that is still to be given back.
    pub fn owes_room(&self) -> bool {
        self.enlarged.as_ref().is_some_and(|enlarged| !enlarged.over)
    }

    /// Since when tasks that had been healthy are not.
    pub fn since(&self) -> Since {
        Since { ill: self.sick_at, short: self.short_at }
    }

    /// Puts on record since when tasks that had been healthy are not.
    pub fn set_since(&mut self, since: Since) {
        (self.sick_at, self.short_at) = (since.ill, since.short);
    }

    /// The step whose turn it is: the one after the last that baked, however often it was begun.
    pub fn step_to_make(&self) -> usize {
        self.baked.map_or(0, |baked| baked + 1)
    }
}
