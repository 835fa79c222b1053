//! What people have to say: pauses that are set at a deployment's points, and orders that they give it on the way.

use crate::look::{THEN, at};
use changeover_domain::gate::{Gate, Held, Hook, Kind, Order, Orders, Place, Placed, Then, read};
use changeover_domain::record::Deployment;

/// A pause has passed when every patience has, and not before.
const UNTIL: i64 = THEN + 1_000;

/// What a model lets people say. In one where nothing is set and nobody orders, what `gate` does at a point is nothing:
/// there executions go past points without a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    /// The pauses that are set, as settings say them.
    pub pauses: &'static [(&'static str, &'static str)],
    /// How many orders they may give.
    pub orders: u8,
    /// Whether they push, start executions, ask for rollbacks and meddle as well.
    pub do_else: bool,
}

/// They push and meddle, and nothing is held.
pub const SILENT: People = People { pauses: &[], orders: 0, do_else: true };

impl People {
    /// Whether a deployment may be held.
    pub fn have_a_say(self) -> bool {
        self != SILENT
    }

    /// Whether a pause is set that ends so when nobody decides.
    pub fn pauses_then(self, wanted: Then) -> bool {
        self.hooks().iter().any(|placed| matches!(placed.hook, Hook::Pause { then, .. } if then == wanted))
    }

    /// The hooks that are set.
    pub fn hooks(self) -> Vec<Placed> {
        let mut mistakes = Vec::new();
        let hooks = read(
            self.pauses.iter().map(|(key, value)| ((*key).to_owned(), *key, *value)),
            false,
            &mut mistakes,
        );
        assert_eq!(mistakes, [""; 0]);
        hooks
    }
}

/// What a record has of what people said.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Say {
    /// The pause that it is in, and what happens when nobody decides.
    pub held: Option<(Place, Then)>,
    /// The places where it was held and may go on.
    pub passed: Vec<Place>,
    /// The orders: what, the pause or the bake that each is about, and the execution that gave it.
    pub orders: Vec<(Kind, Option<Place>, usize)>,
}

impl Say {
    /// As a deployment's progress has it.
    pub fn gate(&self) -> Gate {
        let held = self.held.map(|(place, then)| Held {
            place,
            since: at(THEN),
            until: at(UNTIL),
            then,
            by: "somebody".to_owned(),
        });
        Gate { held, passed: self.passed.clone(), ..Gate::default() }
    }

    /// As its record has it.
    pub fn orders(&self) -> Orders {
        let given = self.orders.iter().map(|(kind, place, by)| Order {
            kind: *kind,
            place: *place,
            at: at(THEN),
            by: by.to_string(),
            why: None,
        });
        Orders { taken_back: None, given: given.collect() }
    }

    /// What a function left of it. When it was is dropped, as everywhere.
    pub fn of(real: &Deployment) -> Self {
        let gate = &real.progress.gate;
        let number = |order: &Order| order.by.parse().expect("an execution's number");
        Self {
            held: gate.held.as_ref().map(|held| (held.place, held.then)),
            passed: gate.passed.clone(),
            orders: real.orders.given.iter().map(|order| (order.kind, order.place, number(order))).collect(),
        }
    }
}
