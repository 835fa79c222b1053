//! Points: the places in a deployment where hooks run.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in a deployment where hooks run, in the order in which a deployment comes to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The revision is registered, and nothing of it runs.
    BeforeStart,
    /// Its tasks are healthy at weight 0.
    BeforeTraffic,
    /// A step's bake has passed.
    AfterStep,
    /// All traffic is new, and the old tasks are warm.
    BeforeDrain,
    /// The new version serves, and the old tasks are gone.
    AfterSuccess,
    /// The old version serves again, and the new tasks are gone.
    AfterRollback,
}

impl Point {
    /// Every point there is.
    pub const ALL: [Self; 6] = [
        Self::BeforeStart,
        Self::BeforeTraffic,
        Self::AfterStep,
        Self::BeforeDrain,
        Self::AfterSuccess,
        Self::AfterRollback,
    ];

    /// As settings and people write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::BeforeStart => "before-start",
            Self::BeforeTraffic => "before-traffic",
            Self::AfterStep => "after-step",
            Self::BeforeDrain => "before-drain",
            Self::AfterSuccess => "after-success",
            Self::AfterRollback => "after-rollback",
        }
    }

    /// The state of the state machine that it is.
    pub fn state(self) -> &'static str {
        match self {
            Self::BeforeStart => "BeforeStart",
            Self::BeforeTraffic => "BeforeTraffic",
            Self::AfterStep => "AfterStep",
            Self::BeforeDrain => "BeforeDrain",
            Self::AfterSuccess => "AfterSuccess",
            Self::AfterRollback => "AfterRollback",
        }
    }

    /// The point of a word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|point| point.word() == word)
    }

    /// Whether a service that rolls comes to it while there is something to decide: its new tasks get traffic as soon as
    /// they are healthy, and ECS stops the old ones by itself.
    pub fn is_of_rolling(self) -> bool {
        !matches!(self, Self::BeforeTraffic | Self::BeforeDrain)
    }

    /// Whether the outcome is decided by then: what runs here is told of and tried, and changes nothing of it.
    pub fn is_after(self) -> bool {
        matches!(self, Self::AfterSuccess | Self::AfterRollback)
    }

    /// What ECS calls the stage of its own blue/green deployments that it is like.
    pub fn lifecycle_stage(self) -> &'static str {
        match self {
            Self::BeforeStart => "PRE_SCALE_UP",
            Self::BeforeTraffic => "POST_SCALE_UP",
            // When ECS goes back it runs the hooks of this stage again, with the new revision at weight 0.
            Self::AfterStep | Self::AfterRollback => "PRODUCTION_TRAFFIC_SHIFT",
            Self::BeforeDrain => "POST_PRODUCTION_TRAFFIC_SHIFT",
            Self::AfterSuccess => "CLEAN_UP",
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Where a deployment stands: at a point, or in a bake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Before the new tasks are asked for.
    BeforeStart,
    /// Before they get traffic.
    BeforeTraffic,
    /// In the bake of the step with this index.
    Bake(usize),
    /// After the bake of the step with this index.
    AfterStep(usize),
    /// Before the old tasks go.
    BeforeDrain,
    /// After it has succeeded.
    AfterSuccess,
    /// After it has gone back.
    AfterRollback,
}

impl Place {
    /// The place of a point while a step is the last that was begun.
    pub fn at(point: Point, step: Option<usize>) -> Self {
        match point {
            Point::BeforeStart => Self::BeforeStart,
            Point::BeforeTraffic => Self::BeforeTraffic,
            Point::AfterStep => Self::AfterStep(step.unwrap_or(0)),
            Point::BeforeDrain => Self::BeforeDrain,
            Point::AfterSuccess => Self::AfterSuccess,
            Point::AfterRollback => Self::AfterRollback,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeforeStart => f.write_str("before-start"),
            Self::BeforeTraffic => f.write_str("before-traffic"),
            Self::Bake(step) => write!(f, "the bake of step {}", step + 1),
            Self::AfterStep(step) => write!(f, "after-step (step {})", step + 1),
            Self::BeforeDrain => f.write_str("before-drain"),
            Self::AfterSuccess => f.write_str("after-success"),
            Self::AfterRollback => f.write_str("after-rollback"),
        }
    }
}
