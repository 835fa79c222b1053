//! What a service should run, as the ledger has it.

use crate::Timestamp;
use crate::calendar::Postponed;
use crate::image::PinnedImage;
use crate::name::DeploymentId;
use crate::record::Outcome;
use crate::settings::Raw;
use crate::span::Seconds;
use serde::{Deserialize, Serialize};

/// What a service should run, as last asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The shape of this record.
    #[serde(default = "first_schema")]
    pub schema: u32,
    /// The digest and where it came from.
    pub image: PinnedImage,
    /// Counts the wishes; part of an execution's name.
    pub generation: u64,
    /// When it became wanted.
    pub since: Timestamp,
    /// Who or what asked.
    pub cause: String,
    /// The digest that the service's image tag pointed to when somebody asked for this image instead: until the tag is
    /// moved, nothing brings the service there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
    /// What else somebody asked for by hand; none of the registry's wishes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Ask>,
    /// What came of it, once a deployment that was for it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<Tried>,
}

impl Wanted {
    /// Whether nothing brings the service to it by itself any more: it was brought, or taken back, or a person looks.
    pub fn is_settled(&self) -> bool {
        self.tried.as_ref().is_some_and(Tried::is_settled)
    }
}

fn first_schema() -> u32 {
    1
}

/// What somebody asked for besides the image: for the execution that brings it, whichever that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The deployment of the execution that was started by hand.
    pub deployment: DeploymentId,
    /// Settings that go over the tags.
    #[serde(default, skip_serializing_if = "Raw::is_empty")]
    pub settings: Raw,
    /// Deploy even what runs already.
    #[serde(default)]
    pub redeploy: bool,
    /// Who goes past a closed calendar for it, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
}

impl Ask {
    /// Whether it is for the same as what came with a wish; nothing came with the registry's.
    pub fn is_same(&self, other: Option<&Self>) -> bool {
        match other {
            Some(other) => {
                self.settings == other.settings
                    && self.redeploy == other.redeploy
                    && self.overridden.is_some() == other.overridden.is_some()
            }
            None => self.settings.is_empty() && !self.redeploy && self.overridden.is_none(),
        }
    }
}

/// What came of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// The deployment that tried last.
    pub deployment: DeploymentId,
    /// How that ended.
    pub outcome: Outcome,
    /// How many have tried.
    pub attempts: usize,
    /// How many of those only a closed calendar turned away: they count for nothing but their names.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub uncounted: usize,
    /// That the last of them was such a one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postponed: Option<Postponed>,
    /// When the last of them ended; none on records of earlier builds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// From so many attempts in vain on, the next one waits: what stands in the way may take a day.
pub const ATTEMPTS_AT_ONCE: usize = 3;
/// How long the first of those waits; each after it twice as long.
pub const FIRST_PAUSE: Seconds = Seconds(600);
/// The longest that an attempt waits. There is no end to them as long as the wish stands.
pub const LONGEST_PAUSE: Seconds = Seconds(3600);
/// The longest that an attempt waits for a calendar to open: it may have been opened before its time.
pub const CLOSED_PAUSE: Seconds = Seconds(6 * 3600);
/// From so many attempts in vain on, people are told that a wish stands.
pub const ATTEMPTS_TOLD: usize = 5;

impl Tried {
    /// What was refused, or gave way, has changed nothing, and may be tried again; everything else is an answer.
    pub fn is_settled(&self) -> bool {
        !matches!(self.outcome, Outcome::Refused | Outcome::Superseded)
    }

    /// When it may be tried again by itself; none if at once.
    pub fn due_at(&self) -> Option<Timestamp> {
        if let Some(Postponed { until }) = self.postponed {
            let latest = CLOSED_PAUSE.after(self.at?);
            return Some(until.map_or(latest, |until| until.min(latest)));
        }
        let more = u32::try_from(self.counted().checked_sub(ATTEMPTS_AT_ONCE)?).unwrap_or(u32::MAX);
        let pause = 2_u64.checked_pow(more).and_then(|times| FIRST_PAUSE.0.checked_mul(times));
        let pause = Seconds(pause.unwrap_or(LONGEST_PAUSE.0)).min(LONGEST_PAUSE);
        Some(pause.after(self.at?))
    }

    /// How many were in vain for another reason than a closed calendar.
    fn counted(&self) -> usize {
        self.attempts.saturating_sub(self.uncounted)
    }

    /// Whether it has been in vain for so long that people are told.
    pub fn is_told(&self) -> bool {
        !self.is_settled() && self.counted() >= ATTEMPTS_TOLD
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}
