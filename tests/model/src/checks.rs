//! What must hold in every state, and what must be seen in some.

use crate::functions::is_steady;
use crate::small::Small;
use crate::world::{Record, Request, World};
use changeover_domain::gate::{Kind, Then};
use changeover_domain::record::Outcome;
use stateright::Property;

/// An outcome as the state machine reads it.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "Succeeded",
        Outcome::RolledBack => "RolledBack",
        Outcome::Refused => "Refused",
        Outcome::Superseded => "Superseded",
        Outcome::NeedsHuman => "NeedsHuman",
    }
}

/// Whether a deployment that ends so leaves something half done. What somebody's hand did is not held against it.
pub fn is_half_done(world: &World, record: &Record, outcome: Outcome) -> bool {
    if world.noted.hand {
        return false;
    }
    let Some(planned) = &record.plan else { return record.started };
    let is_pair = world.members.len() == 2;
    let (live, next) = (planned.live, if is_pair { 1 - planned.live } else { 0 });
    let side = |index: usize| (world.members[index].revision, world.members[index].desired);
    match outcome {
        Outcome::Succeeded => {
            let serves = world.members[next].revision.image == planned.image && world.weight_of(next) == 100;
            !serves || (is_pair && world.members[live].desired > 0) || world.sticks == Some(false)
        }
        Outcome::RolledBack | Outcome::Superseded => {
            let serves = side(live) == planned.before[live] && world.weight_of(live) == 100;
            !serves || side(next) != planned.before[next] || world.sticks == Some(false)
        }
        Outcome::Refused => record.started,
        // Nothing is promised but that nothing was deleted, and somebody was told.
        Outcome::NeedsHuman => false,
    }
}

/// Whether nothing goes on, and nothing would by itself, not even with the next tick of `reconcile`.
fn is_quiet(small: &Small, world: &World) -> bool {
    !world.executions.iter().any(|execution| execution.running || execution.pending.is_some())
        && world.events.is_empty()
        && crate::events::dead(world).is_none()
        && is_steady(world)
        && small.reconciled(world) == *world
}

/// Nobody is locked out, and every deployment has its outcome.
fn is_settled(world: &World) -> bool {
    world.ledger.lease.holder.is_none()
        && world.ledger.records.values().all(|record| record.outcome.is_some())
}

/// What is wanted runs, or a record says why not.
fn is_explained(world: &World) -> bool {
    let Some(wanted) = &world.ledger.wanted else { return true };
    let serving = |index: &usize| world.weight_of(*index) > 0;
    let runs = (0..world.members.len())
        .filter(serving)
        .all(|index| world.members[index].revision.image == wanted.image);
    let tried = |record: &Record| record.plan.as_ref().is_none_or(|planned| planned.image == wanted.image);
    let said = world.ledger.records.values().any(|record| record.failed && tried(record));
    runs || said || world.noted.hand
}

fn ended(world: &World, outcome: Outcome) -> bool {
    world.ledger.records.values().any(|record| record.outcome == Some(outcome))
}

fn succeeded(world: &World, which: impl Fn(&Record) -> bool) -> bool {
    world.ledger.records.values().any(|record| record.outcome == Some(Outcome::Succeeded) && which(record))
}

/// A property by its name.
pub type Named = (&'static str, fn(&Small, &World) -> bool);

/// What must hold always.
pub const ALWAYS: [Named; 13] = [
    ("only the holder of the lease changes the service", |_, world| !world.noted.trespass),
    ("no side without a healthy task is given weight", |_, world| !world.noted.starved),
    ("no side with weight is told to stop tasks", |_, world| !world.noted.robbed),
    ("nobody is pinned to a side that was told to stop its tasks", |_, world| {
        let lost = |index: usize| world.pins[index] && world.members[index].desired == 0;
        world.sticks != Some(true)
            || world.noted.hand
            || world.noted.dared
            || !(0..world.members.len()).any(lost)
    }),
    ("no step before the one before it has baked", |_, world| !world.noted.skipped),
    ("nothing goes on without healthy tasks and good answers", |_, world| !world.noted.blind),
    ("nothing goes on from a pause that nobody has ended", |_, world| !world.noted.unheard),
    ("an execution gives one order", |_, world| {
        let given = world.executions.iter().filter(|one| matches!(one.request, Request::Order(_))).count();
        world.ledger.records.values().map(|record| record.say.orders.len()).sum::<usize>() <= given
    }),
    ("nothing ends half done", |_, world| !world.noted.half_done),
    ("in the end nobody is locked out", |small, world| !is_quiet(small, world) || is_settled(world)),
    ("in the end what is wanted runs, or it is said why not", |small, world| {
        !is_quiet(small, world) || is_explained(world)
    }),
    ("in the end every wish was tried", |small, world| {
        !is_quiet(small, world) || world.ledger.wanted.as_ref().is_none_or(|wanted| wanted.tried.is_some())
    }),
    ("what somebody was promised to have taken back does not succeed", |_, world| {
        let kept = |record: &Record| record.outcome != Some(Outcome::Succeeded) || record.plan.is_none();
        world.ledger.records.values().filter(|record| record.taken_back).all(kept)
    }),
];

/// What must be seen, or nothing was shown.
pub const SOMETIMES: [Named; 21] = [
    ("Succeeded", |_, world| ended(world, Outcome::Succeeded)),
    ("RolledBack", |_, world| ended(world, Outcome::RolledBack)),
    ("Refused", |_, world| ended(world, Outcome::Refused)),
    ("NeedsHuman", |_, world| ended(world, Outcome::NeedsHuman)),
    ("a lease is found lost", |_, world| world.noted.lease_lost),
    ("a call comes when another execution has the service", |_, world| world.noted.late),
    ("tasks that may be stopped late get the traffic, since no others can bear it", |_, world| {
        world.noted.dared
    }),
    ("a dead execution's deployment is brought to an end", |_, world| {
        let carried =
            |(number, record): (&u8, &Record)| record.execution != *number && record.outcome.is_some();
        world.ledger.records.iter().any(carried)
    }),
    ("a deployment follows another", |small, world| world.ledger.records.len() > 1 && is_quiet(small, world)),
    ("something is taken back by hand", |small, world| {
        world.ledger.records.values().any(|record| record.taken_back) && is_quiet(small, world)
    }),
    ("room is made and given back", |_, world| {
        let given = world.hosts.as_ref().is_some_and(|hosts| hosts.desired == 1 && hosts.joined == 1);
        let made = |record: &Record| record.made.as_ref().is_some_and(|made| made.returned > 0);
        given && world.ledger.records.values().any(made)
    }),
    ("a deployment is held", |_, world| world.noted.held),
    ("a bake is ended before its time", |_, world| world.noted.hurried),
    ("what was held by an order succeeds", |_, world| {
        let held = |record: &Record| {
            record.say.orders.iter().any(|(kind, place, _)| *kind == Kind::Pause && place.is_some())
        };
        succeeded(world, held)
    }),
    ("what an order let go on succeeds", |_, world| {
        let let_go = |record: &Record| {
            record
                .say
                .orders
                .iter()
                .any(|(_, place, _)| place.is_some_and(|place| record.say.passed.contains(&place)))
        };
        succeeded(world, let_go)
    }),
    ("a pause that nobody ends goes on", |_, world| {
        let passed = |record: &Record| record.say.orders.is_empty() && !record.say.passed.is_empty();
        world.ledger.records.values().any(passed)
    }),
    ("a pause that nobody ends goes back", |_, world| {
        let alone = |record: &Record| record.say.passed.is_empty() && !record.taken_back && record.failed;
        let back = |record: &Record| record.outcome == Some(Outcome::RolledBack) && alone(record);
        world.noted.held && world.ledger.records.values().any(back)
    }),
    ("Superseded", |_, world| ended(world, Outcome::Superseded)),
    ("clients are let go, and pinned again to the side that serves", |small, world| {
        world.pins == [false, true] && world.weight == 100 && is_quiet(small, world)
    }),
    ("half of the weight is shifted", |_, world| world.weight == 50),
    ("the new side shelters requests that the old one cannot serve", |_, world| world.noted.sheltered),
];

/// Whether a model can show one of [`SOMETIMES`]: a rolling service has no weights, and only what gives way to newer
/// images is superseded.
fn can_show(small: &Small, name: &str) -> bool {
    // What happens only when something goes wrong.
    const TROUBLED: [&str; 5] = [
        "NeedsHuman",
        "a lease is found lost",
        "a call comes when another execution has the service",
        "a dead execution's deployment is brought to an end",
        "the new side shelters requests that the old one cannot serve",
    ];
    match name {
        _ if TROUBLED.contains(&name) && small.trouble == 0 => false,
        "room is made and given back" => small.is_crowded,
        "something is taken back by hand" | "a deployment follows another" | "Refused" => {
            small.functions.people.do_else
        }
        "a deployment is held" => small.functions.people.have_a_say(),
        "a pause that nobody ends goes on" => small.functions.people.pauses_then(Then::Promote),
        "a pause that nobody ends goes back" => small.functions.people.pauses_then(Then::RollBack),
        "what was held by an order succeeds" => small.functions.people.orders > 1,
        "a bake is ended before its time" | "what an order let go on succeeds" => {
            small.functions.people.orders > 0
        }
        "clients are let go, and pinned again to the side that serves" => small.is_sticky,
        "Superseded" => small.functions.on_push == "supersede",
        "half of the weight is shifted" | "the new side shelters requests that the old one cannot serve" => {
            small.is_pair
        }
        "tasks that may be stopped late get the traffic, since no others can bear it" => {
            small.is_pair && small.trouble > 1
        }
        _ => true,
    }
}

/// The properties of a model.
pub fn properties(small: &Small) -> Vec<Property<Small>> {
    let always = ALWAYS.iter().map(|(name, holds)| Property::always(name, *holds));
    let shown = SOMETIMES.iter().filter(|(name, _)| can_show(small, name));
    always.chain(shown.map(|(name, seen)| Property::sometimes(name, *seen))).collect()
}
