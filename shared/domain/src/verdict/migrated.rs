//! Watching the old tasks from a migration on: before any user meets the new ones, and once more after what was done could be
//! taken back.

use super::gathered::patience;
use super::ruling::{Asked, Whose};
use super::watching::{Watch, Watched, Watching};
use crate::Timestamp;
use crate::judging::Unproven;
use crate::settings::Settings;
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// What a deployment's record keeps of a task that ran at `before-start`, and of the old tasks since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migrated {
    /// When the first such task was started.
    pub since: Timestamp,
    /// When the last of them had ended well; none while they run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// What the old tasks' requests came to since, until users met the new ones.
    #[serde(default, skip_serializing_if = "Watching::is_unused")]
    pub watching: Watching,
    /// What the old tasks suffered from it, in words, if the deployment goes back for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hurt: Option<String>,
    /// When everything was done that was to take the migration back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone_at: Option<Timestamp>,
    /// What the old tasks did after that, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub afterwards: Option<String>,
}

impl Migrated {
    /// A migration that begins.
    pub fn begun(since: Timestamp) -> Self {
        Self {
            since,
            ended_at: None,
            watching: Watching::default(),
            hurt: None,
            undone_at: None,
            afterwards: None,
        }
    }

    /// The moment since which the old tasks are judged: of the migration, or of its undoing.
    pub fn judged_since(&self) -> Timestamp {
        self.undone_at.unwrap_or(self.since)
    }

    /// The moment of which the numbers have to be there: when the migration, or its undoing, had ended.
    pub fn settles_at(&self) -> Option<Timestamp> {
        self.undone_at.or(self.ended_at)
    }
}

/// A look at what the old tasks' requests come to.
#[derive(Debug, Clone, PartialEq)]
pub struct OldTasks {
    /// What was counted of them.
    pub watch: Watch,
    /// When the migration, or its undoing, had ended.
    pub settles_at: Timestamp,
    /// How long after a period its numbers are complete.
    pub delay: Seconds,
}

impl OldTasks {
    /// When the first whole period since is complete, with the answers that its requests may still get.
    pub fn shown_at(&self) -> Timestamp {
        let period = self.watch.period.0.max(1);
        let begun = i64::from(self.settles_at.subsec_nanosecond() > 0);
        let settles = u64::try_from(self.settles_at.as_second().saturating_add(begun)).unwrap_or(0);
        let first = settles.div_ceil(period).saturating_mul(period);
        let complete = first.saturating_add(period).saturating_add(self.delay.0);
        let shown = complete.saturating_add(patience(&self.watch.minutes).0);
        i64::try_from(shown).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(Timestamp::MAX)
    }

    /// What the numbers come to. Pure: everything it knows is in its arguments. Only harm is looked for: nobody asks the old
    /// tasks for a proof.
    pub fn judge(&self, settings: &Settings) -> Watched {
        let judging = &settings.judging;
        let asked = Asked {
            tolerated: judging.tolerated(),
            side_by_side: false,
            watched: Seconds(0),
            bake: Seconds(0),
            patience: Seconds(0),
            unproven: Unproven::Pass,
            minimum_requests: 0,
            whose: Whose::Old,
        };
        self.watch.judge(settings, &asked)
    }
}

#[cfg(test)]
#[path = "migrated_tests.rs"]
mod tests;
