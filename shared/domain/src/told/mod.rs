//! What others are told of a deployment: events on the bus for programs, messages on the topic for people. Pure: from the
//! record comes what is to be told, and what was told is on the record, so that a repeated step tells nothing twice.

mod event;
mod link;
mod message;

pub use event::{
    DETAIL_TYPES, Detail, Event, Gate, Image, SOURCE, Step as StepMade, VERSION, detail_type, event,
};
pub use link::execution as link_to_execution;
pub use message::{MAX_SUBJECT, Message, message};

use crate::gate::Place;
use crate::record::Deployment;
use serde::{Deserialize, Serialize};

/// Something that others are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Happening {
    /// It was planned, and begins.
    Begun,
    /// Every route has the weight of a step; its index.
    Step(usize),
    /// It is held at a point, and people may decide.
    Paused,
    /// It goes back.
    WentBack,
    /// It has ended.
    Ended,
}

/// Who is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ear {
    /// EventBridge's default bus.
    Bus,
    /// The stack's topic: people are not told of each step.
    Topic,
}

/// What was told so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// To the bus.
    #[serde(default)]
    pub bus: Heard,
    /// To the topic.
    #[serde(default)]
    pub topic: Heard,
}

/// What one of them has heard.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Heard {
    /// That it begins.
    #[serde(default)]
    pub begun: bool,
    /// How many steps.
    #[serde(default)]
    pub steps: usize,
    /// The last pause, by where it is: there are no two at one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<Place>,
    /// That it goes back.
    #[serde(default)]
    pub back: bool,
    /// How it ended.
    #[serde(default)]
    pub ended: bool,
}

impl Told {
    /// Whether nothing was told yet: then nothing is written either.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// What one of them has heard.
    pub fn to(&self, ear: Ear) -> &Heard {
        match ear {
            Ear::Bus => &self.bus,
            Ear::Topic => &self.topic,
        }
    }

    /// The same, to be changed.
    pub fn to_mut(&mut self, ear: Ear) -> &mut Heard {
        match ear {
            Ear::Bus => &mut self.bus,
            Ear::Topic => &mut self.topic,
        }
    }
}

impl Heard {
    /// Notes that it has heard of something.
    pub fn hear(&mut self, record: &Deployment, what: Happening) {
        match what {
            Happening::Begun => self.begun = true,
            Happening::Step(index) => self.steps = index + 1,
            Happening::Paused => self.pause = record.progress.gate.held.as_ref().map(|held| held.place),
            Happening::WentBack => self.back = true,
            Happening::Ended => self.ended = true,
        }
    }
}

/// What one of them is to be told now, in the order in which it happened. Pure.
///
/// A deployment that was refused, or had nothing to do, has only an end.
pub fn due(record: &Deployment, ear: Ear) -> Vec<Happening> {
    let heard = record.told.to(ear);
    let mut due = Vec::new();
    if record.plan.is_some() {
        if !heard.begun {
            due.push(Happening::Begun);
        }
        if ear == Ear::Bus {
            due.extend((heard.steps..steps_made(record)).map(Happening::Step));
        }
        let held = record.progress.gate.held.as_ref().map(|held| held.place);
        if held.is_some() && held != heard.pause && record.outcome.is_none() {
            due.push(Happening::Paused);
        }
        if record.progress.back.rollback_at.is_some() && !heard.back {
            due.push(Happening::WentBack);
        }
    }
    if record.outcome.is_some() && !heard.ended {
        due.push(Happening::Ended);
    }
    due
}

/// How many steps every route was read back with. While it goes back there is none to tell of: weights are written then
/// that are no step.
fn steps_made(record: &Deployment) -> usize {
    let (shift, back) = (&record.progress.shift, &record.progress.back);
    let (Some(plan), Some(step), Some(_), None) =
        (&record.plan, shift.step, shift.shifted_at, back.rollback_at)
    else {
        return 0;
    };
    // The step on record is the last one that was written, or the one whose writing was begun.
    if plan.weight_of(step) == shift.weight { step + 1 } else { step }
}

#[cfg(test)]
mod tests;
