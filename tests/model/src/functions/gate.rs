//! Points: `gate`, and the orders that `plan` puts on record.

use super::{Functions, noting, say};
use crate::ledger;
use crate::look::{Clock, THEN, at, settings};
use crate::world::{Answer, Planned, Record, World};
use changeover_domain::gate::{Kind, Place, Point, Then};
use changeover_domain::record::Deployment;
use changeover_domain::span::Seconds;

/// The point that a state is.
pub fn point(state: &str) -> Option<Point> {
    Point::ALL.into_iter().find(|point| point.state() == state)
}

impl Functions {
    pub(super) fn gate(
        &self,
        world: &mut World,
        (deployment, record): (u8, &mut Record),
        planned: &Planned,
        clock: Clock,
        point: Point,
    ) -> Answer {
        let real = ledger::real(deployment, record);
        let view = self.sees(world, &real, planned, clock, point);
        let action = (self.deciders.gate)(&view);
        noting(deployment, record, |real| gate::apply(real, &view, &action));
        let word = match action {
            gate::Action::Pass | gate::Action::GoOn { .. } => "ready",
            gate::Action::Hold { .. } | gate::Action::Wait { .. } => "wait",
            gate::Action::GoBack { .. } => "failed",
            other => panic!("no function and no task is set here, so no {other:?}"),
        };
        world.noted.unheard |= word == "ready" && is_shut(&view, clock);
        world.noted.held |= word == "wait";
        // Whether there are more steps the bake before has said, and the state machine hands it on.
        let steps = settings(planned.is_pair, self.on_push).steps.len();
        Answer { word, more_steps: record.step.is_some_and(|step| step + 1 < steps) }
    }

    /// What an execution is answered at a point where it does not stop: nothing is set, and nobody says anything.
    pub fn passes(&self, world: &World, number: usize, point: Point) -> Option<Answer> {
        let (deployment, _) = world.executions[number].baton.filter(|_| !self.people.have_a_say())?;
        let record = world.ledger.records.get(&deployment)?;
        let planned = record.plan.as_ref()?;
        let view = self.sees(world, &ledger::real(deployment, record), planned, Clock::Early, point);
        let steps = settings(planned.is_pair, self.on_push).steps.len();
        let more_steps = record.step.is_some_and(|step| step + 1 < steps);
        ((self.deciders.gate)(&view) == gate::Action::Pass).then_some(Answer { word: "ready", more_steps })
    }

    /// All that `gate` reads.
    fn sees(
        &self,
        world: &World,
        real: &Deployment,
        planned: &Planned,
        clock: Clock,
        point: Point,
    ) -> gate::View {
        let progress = &real.progress;
        let place = Place::at(point, progress.shift.step);
        let wanted = world.ledger.wanted.as_ref();
        let newer = wanted.filter(|wanted| self.on_push == "supersede" && wanted.image != planned.image);
        gate::View {
            now: clock.now(),
            point,
            place,
            hooks: self.people.hooks().into_iter().filter(|placed| placed.point == point).collect(),
            gate: progress.gate.clone(),
            task: None,
            hook_timeout: Seconds(1800),
            orders: real.orders.clone(),
            newer: newer.map(|wanted| wanted.image.to_string()),
            migrated: progress.migrated.clone(),
            old: None, // no migration runs here
            settings: settings(planned.is_pair, self.on_push),
            poll: Seconds(2),
        }
    }

    /// Puts an order on the record of the deployment on the way.
    pub(super) fn order(&self, world: &mut World, number: usize, kind: Kind) -> Result<Answer, &'static str> {
        let holder = world.ledger.lease.holder.ok_or("BadInput")?;
        let record = world.ledger.records.get_mut(&holder).ok_or("Busy")?;
        let mut real = ledger::real(holder, record);
        let given = (self.deciders.order)(&mut real, kind, at(THEN), &number.to_string());
        if given.map_err(|_| "BadInput")? {
            ledger::keep(holder, record, &real);
        }
        Ok(say("over"))
    }
}

/// Whether a pause is set or ordered where nobody has ended it, and its time does not go on by itself.
fn is_shut(view: &gate::View, clock: Clock) -> bool {
    let place = view.place;
    let last = view.orders.given.iter().rfind(|order| matches!(order.kind, Kind::Pause | Kind::Continue));
    let ordered =
        last.is_some_and(|order| order.kind == Kind::Pause && order.place.is_none_or(|about| about == place));
    let let_by = view.orders.given.iter().any(|order| match order.kind {
        Kind::Pause => false,
        Kind::PromoteAll if matches!(place, Place::AfterStep(_)) => true,
        _ => order.place == Some(place),
    });
    let held = view.gate.held.as_ref().filter(|held| held.place == place);
    let over = held.is_some_and(|held| held.then == Then::Promote) && clock == Clock::Late;
    // After the outcome nothing is held.
    if view.point.is_after() {
        return false;
    }
    let is_passed = view.gate.passed.contains(&place);
    (!view.hooks.is_empty() || ordered) && !is_passed && !let_by && !over
}
