//! Clients who are pinned to the side that they met first.

use crate::world::World;
use changeover_domain::route::RouteId;
use changeover_domain::span::Seconds;

/// How long they stay pinned.
pub const LIFE: Seconds = Seconds(20);

/// The routes on which clients are pinned by plan.
pub fn sticky(world: &World) -> Vec<RouteId> {
    world.sticks.map(|_| RouteId::Rule("rule".to_owned())).into_iter().collect()
}

impl World {
    /// Whether a member may get requests: by its weight, or from somebody who is pinned to it.
    pub fn reaches(&self, index: usize) -> bool {
        self.weight_of(index) > 0 || (self.sticks == Some(true) && self.pins[index])
    }

    /// Who meets a side while clients are pinned is pinned to it.
    pub fn stick(&mut self) {
        if self.sticks == Some(true) {
            self.pins = [0, 1].map(|index| self.pins[index] || self.weight_of(index) > 0);
        }
    }
}
