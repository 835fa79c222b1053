//! Hooks that do something: how far the one under way is, and what came of the others.

use super::Place;
use crate::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most of what a function may ask to be handed again, in bytes of JSON: it is kept on the deployment's record.
pub const MAX_DETAILS: usize = 4_096;

/// A hook under way: a function that was or will be invoked, or a task that was or will be started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Where.
    pub place: Place,
    /// Which of the point's.
    pub number: u8,
    /// When its turn came, or when its task was started.
    pub since: Timestamp,
    /// When its time is over.
    pub until: Timestamp,
    /// How often its function has answered that it goes on.
    #[serde(default)]
    pub answers: u32,
    /// Not before this is it asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_at: Option<Timestamp>,
    /// What its function asked to be handed again, as `hookDetails`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Value>,
    /// The task that was started, by ARN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<String>,
}

/// A hook that has had its turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Where.
    pub place: Place,
    /// Which of the point's.
    pub number: u8,
    /// What came of it, in words.
    pub why: String,
}
