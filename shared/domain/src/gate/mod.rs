//! Where people have their say: points of a deployment, the hooks that a team puts there, and the orders that people give
//! to a deployment on the way.

mod hook;
mod orders;
mod point;
mod promote;
mod running;

pub use hook::{
    Hook, LAMBDA, MAX_HOOK_TIMEOUT, MAX_NUMBER, MAX_PAUSE, PAUSE, Placed, TASK, Then, is_key, read,
};
pub use orders::{Kind, MAX_ORDERS, Order, Orders};
pub use point::{Place, Point};
pub use promote::Promote;
pub use running::{Done, MAX_DETAILS, Running};

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
    /// The function or the task that it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// The functions and tasks that have had their turn: none has it twice at one place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Done>,
}

impl Gate {
    /// Whether nothing was ever held: then nothing is written either.
    pub fn is_unused(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a hook has had its turn at a place.
    pub fn is_done(&self, place: Place, number: u8) -> bool {
        self.done.iter().any(|done| (done.place, done.number) == (place, number))
    }

    /// The hook at a place that is under way, if it is that one.
    pub fn runs(&self, place: Place, number: u8) -> Option<&Running> {
        self.running.as_ref().filter(|running| (running.place, running.number) == (place, number))
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
}
