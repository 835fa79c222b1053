//! Orders: what people ask of a deployment that is on the way.

use super::{Held, Place};
use crate::Timestamp;
use crate::record::{Deployment, clip};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most orders that a deployment takes.
pub const MAX_ORDERS: usize = 50;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// End this pause or bake now.
    Promote,
    /// That, and do without the rest of the bakes and pauses between steps.
    PromoteAll,
    /// Stop at the next point.
    Pause,
    /// Go on: end this pause, or do not stop at the next point after all.
    Continue,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Promote => "promote",
            Self::PromoteAll => "promote all",
            Self::Pause => "pause",
            Self::Continue => "continue",
        })
    }
}

/// An order, as it stands on the deployment's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// What was asked for.
    pub kind: Kind,
    /// The pause or the bake that it was about; none if about none that had begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// When it came.
    pub at: Timestamp,
    /// Who gave it: the execution's name. One execution gives one order, however often its step is repeated.
    pub by: String,
    /// Why: the execution's cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ordered by {}", self.kind, self.by)?;
        self.why.as_ref().map_or(Ok(()), |why| write!(f, ": {why}"))
    }
}

/// What people asked of a deployment, as its record has it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Orders {
    /// Why it is to be taken back, once somebody has asked for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
    /// What else was asked for, in order.
    #[serde(default, rename = "orders", skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Order>,
}

impl Orders {
    /// The order that ends the pause or the bake at a place, if one was given.
    pub fn ends(&self, place: Place) -> Option<&Order> {
        let is_step = matches!(place, Place::Bake(_) | Place::AfterStep(_));
        self.given.iter().find(|order| match order.kind {
            Kind::Promote | Kind::Continue => order.place == Some(place),
            Kind::PromoteAll => is_step || order.place == Some(place),
            Kind::Pause => false,
        })
    }

    /// The order to stop at the next point, while it stands: until something was stopped by it, or it was taken back.
    pub fn to_pause(&self) -> Option<&Order> {
        let last = self.given.iter().rfind(|order| matches!(order.kind, Kind::Pause | Kind::Continue))?;
        (last.kind == Kind::Pause && last.place.is_none()).then_some(last)
    }

    /// Puts on record that the order to stop has stopped the deployment here.
    pub fn paused_at(&mut self, place: Place) {
        let last = self.given.iter_mut().rfind(|order| order.kind == Kind::Pause && order.place.is_none());
        if let Some(order) = last {
            order.place = Some(place);
        }
    }
}

/// The pause or the bake that a deployment is in.
fn stands(record: &Deployment) -> Option<Place> {
    let progress = &record.progress;
    if let Some(Held { place, .. }) = &progress.gate.held {
        return Some(*place);
    }
    let shift = &progress.shift;
    let is_pair = record.plan.as_ref().is_some_and(|plan| plan.next.is_some());
    match shift.step {
        Some(step) if shift.shifted_at.is_some() && shift.baked != Some(step) => Some(Place::Bake(step)),
        None if !is_pair && progress.health.healthy_at.is_some() => Some(Place::Bake(0)),
        _ => None,
    }
}

/// Whether every point lies behind it.
fn is_past_points(record: &Deployment) -> bool {
    let progress = &record.progress;
    let Some(plan) = &record.plan else { return false };
    let baked = progress.shift.baked.is_some_and(|baked| plan.is_last(baked));
    progress.gate.held.is_none() && (baked || progress.drain.quiet_at.is_some())
}

impl Deployment {
    /// Puts an order on record. False if it is there already: one execution gives one order, and what has been asked for
    /// is not asked for twice. Pure.
    ///
    /// # Errors
    /// In words, why it comes too late or is about nothing.
    pub fn order(&mut self, kind: Kind, at: Timestamp, by: &str, why: Option<&str>) -> Result<bool, String> {
        if self.orders.given.iter().any(|order| order.by == by) {
            return Ok(false);
        }
        let (id, service) = (&self.id, &self.service);
        let late = |why: String| Err(format!("{kind} comes too late for {id} of {service}: {why}"));
        if let Some(outcome) = self.outcome {
            return late(format!("it has ended as {outcome}"));
        }
        if self.is_given_up() {
            return late("it is being taken back".to_owned());
        }
        let place = stands(self);
        let about = match kind {
            Kind::Promote | Kind::Continue if self.orders.to_pause().is_some() && place.is_none() => None,
            Kind::Promote | Kind::Continue if is_past_points(self) => {
                return late("its last bake has passed, and nothing holds it".to_owned());
            }
            Kind::Promote if place.is_none() => {
                return Err(format!(
                    "{id} of {service} is in no pause and in no bake: there is nothing to promote"
                ));
            }
            Kind::Continue if self.progress.gate.held.is_none() && self.orders.to_pause().is_none() => {
                return Err(format!("{id} of {service} is not paused: there is nothing to continue"));
            }
            Kind::PromoteAll | Kind::Pause if is_past_points(self) => {
                return late("its last bake has passed".to_owned());
            }
            Kind::Pause if self.orders.to_pause().is_some() || self.progress.gate.held.is_some() => {
                return Ok(false);
            }
            // It stops at the next point, which is not here.
            Kind::Pause => None,
            Kind::Continue if self.progress.gate.held.is_none() => None,
            Kind::Promote | Kind::PromoteAll | Kind::Continue => place,
        };
        if kind != Kind::Pause && about.is_some_and(|place| self.orders.ends(place).is_some()) {
            return Ok(false);
        }
        if self.orders.given.len() >= MAX_ORDERS {
            return Err(format!("{id} of {service} has had {MAX_ORDERS} orders: no more are taken"));
        }
        // A promotion takes back an order to stop that has not stopped anything yet.
        let kind = if about.is_none() && kind == Kind::Promote { Kind::Continue } else { kind };
        let order = Order { kind, place: about, at, by: by.to_owned(), why: why.map(clip) };
        self.note(at, "Plan", order.to_string());
        self.orders.given.push(order);
        Ok(true)
    }
}
