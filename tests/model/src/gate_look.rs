//! What `gate` sees of the world.

use crate::look::{Clock, settings};
use crate::world::{Planned, World};
use changeover_domain::gate::{Place, Point};
use changeover_domain::record::Deployment;
use changeover_domain::span::Seconds;

/// All that `gate` reads.
pub fn for_gate(
    world: &World,
    real: &Deployment,
    planned: &Planned,
    on_push: &str,
    clock: Clock,
    point: Point,
) -> gate::View {
    let progress = &real.progress;
    let place = Place::at(point, progress.shift.step);
    let is_pair = world.members.len() == 2;
    let wanted = world.ledger.wanted.as_ref();
    let newer = wanted.filter(|wanted| on_push == "supersede" && wanted.image != planned.image);
    let hooks = settings(is_pair, on_push).hooks;
    gate::View {
        now: clock.now(),
        point,
        place,
        hook: hooks.into_iter().find(|placed| placed.point == point).map(|placed| placed.hook),
        is_passed: progress.gate.passed.contains(&place),
        held: progress.gate.held.clone(),
        orders: real.orders.clone(),
        newer: newer.map(|wanted| wanted.image.to_string()),
        poll: Seconds(2),
    }
}
