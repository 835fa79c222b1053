//! Where people have their say: points of a deployment, the hooks that a team puts there, and the orders that people give
//! to a deployment on the way.

mod hook;
mod orders;
mod point;
mod promote;

pub use hook::{Hook, MAX_NUMBER, MAX_PAUSE, PAUSE, Placed, Then, is_key, read};
pub use orders::{Kind, MAX_ORDERS, Order, Orders};
pub use point::{Place, Point};
pub use promote::Promote;

use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// What the points have come to, for the record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gate {
    /// The pause that it is in; none while nothing holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The places at which it was held and may go on: no two pauses at one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Place>,
}

impl Gate {
    /// Whether nothing was ever held: then nothing is written either.
    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }
}

/// A pause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Where.
    pub place: Place,
    /// Since when.
    pub since: Timestamp,
    /// Until when a person may decide.
    pub until: Timestamp,
    /// What happens then.
    pub then: Then,
    /// What holds it, in words: a setting, or who ordered it.
    pub by: String,
    /// Whether the topic was told how to go on.
    #[serde(default)]
    pub told: bool,
}
