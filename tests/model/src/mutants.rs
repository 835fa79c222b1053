//! Decisions that are wrong on purpose: each has to be caught, by the property that is about it.

use crate::deciders::{Deciders, REAL};
use crate::people::{People, SILENT};
use changeover_domain::gate::Kind;
use changeover_domain::record::{Deployment, Outcome, Wanted};
use changeover_domain::route::is_at;
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use changeover_domain::{StepError, Timestamp};

/// A mutant.
pub struct Mutant {
    /// What it does wrong.
    pub name: &'static str,
    /// The property that it breaks, by its name.
    pub breaks: &'static str,
    /// How many troubles a story needs to show it.
    pub trouble: u8,
    /// Whether it is shown with a pair.
    pub is_pair: bool,
    /// What people have to say.
    pub people: People,
    /// Its decisions.
    pub deciders: Deciders,
}

const LEASE: &str = "only the holder of the lease changes the service";
const STARVED: &str = "no side without a healthy task is given weight";
const ROBBED: &str = "no side with weight is told to stop tasks";
const SKIPPED: &str = "no step before the one before it has baked";
const BLIND: &str = "nothing goes on without healthy tasks and good answers";
const HALF_DONE: &str = "nothing ends half done";
const WANTED: &str = "in the end what is wanted runs, or it is said why not";

const UNHEARD: &str = "nothing goes on from a pause that nobody has ended";
const ONE_ORDER: &str = "an execution gives one order";
const TRIED: &str = "in the end every wish was tried";
const PROMISED: &str = "what somebody was promised to have taken back does not succeed";

const PINNED: &str = "nobody is pinned to a side that was told to stop its tasks";

const fn mutant(
    name: &'static str,
    breaks: &'static str,
    (trouble, is_pair): (u8, bool),
    deciders: Deciders,
) -> Mutant {
    Mutant { name, breaks, trouble, is_pair, people: SILENT, deciders }
}

/// A mutant that shows where people have a say.
const fn of_people(name: &'static str, breaks: &'static str, trouble: u8, deciders: Deciders) -> Mutant {
    Mutant { name, breaks, trouble, is_pair: true, people: HEARD, deciders }
}

/// All of them.
pub const MUTANTS: [Mutant; 23] = [
    mutant("the fence is not looked at", LEASE, (1, true), Deciders { checks_fence: false, ..REAL }),
    mutant(
        "a recovery does not look whether the execution still runs",
        LEASE,
        (1, true),
        Deciders { checks_fence: false, checks_death: false, ..REAL },
    ),
    mutant(
        "a redriven plan takes whatever fence there is",
        LEASE,
        (2, true),
        Deciders { fence: |lease, _, _| Some(lease.fence), ..REAL },
    ),
    mutant("swap does not look at health", STARVED, (1, true), Deciders { swap: careless_swap, ..REAL }),
    mutant("swap makes the last step first", SKIPPED, (0, true), Deciders { step: |_| 1, ..REAL }),
    mutant("a bake passes without evidence", BLIND, (0, true), Deciders { check: easy, ..REAL }),
    mutant("a bake overlooks tasks that fell ill", BLIND, (1, true), Deciders { check: blind, ..REAL }),
    mutant("drain stops tasks that have weight", ROBBED, (1, true), Deciders { drain: hasty_drain, ..REAL }),
    mutant(
        "rollback gives traffic back before there are tasks",
        STARVED,
        (2, true),
        Deciders { rollback: traffic_first, ..REAL },
    ),
    mutant(
        "rollback takes the new tasks away before the weights are back",
        ROBBED,
        (0, true),
        Deciders { rollback: tasks_first, ..REAL },
    ),
    mutant(
        "rollback stops the new tasks while a late shift may come",
        STARVED,
        (2, true),
        Deciders { rollback: unsurprised, ..REAL },
    ),
    mutant(
        "rollback gives the traffic to tasks that a late call may stop",
        ROBBED,
        (2, true),
        Deciders { rollback: trusting, ..REAL },
    ),
    mutant(
        "rollback says that it is done at once",
        HALF_DONE,
        (0, true),
        Deciders { rollback: lazy, ..REAL },
    ),
    mutant("a rolling service is not taken back", HALF_DONE, (0, false), Deciders { rollback: lazy, ..REAL }),
    mutant(
        "everything is called a success",
        HALF_DONE,
        (0, true),
        Deciders { outcome: |_| Outcome::Succeeded, ..REAL },
    ),
    mutant(
        "reconcile leaves alone what was stopped before it left a record",
        WANTED,
        (1, true),
        Deciders { again: |_, _, _| None, ..REAL },
    ),
    mutant(
        "a rollback is promised that comes too late",
        PROMISED,
        (1, true),
        Deciders { too_late: |_| None, ..REAL },
    ),
    mutant(
        "nothing follows, and reconcile looks only at what left no record",
        TRIED,
        (1, true),
        Deciders { follow: |_, _| None, again: only_unrecorded, ..REAL },
    ),
    of_people("a point lets everything pass", UNHEARD, 0, Deciders { gate: deaf, ..REAL }),
    of_people("a promotion ends every pause", UNHEARD, 0, Deciders { gate: generous, ..REAL }),
    of_people(
        "a step that is repeated gives its order again",
        ONE_ORDER,
        1,
        Deciders { order: again, ..REAL },
    ),
    of_people("who ends a bake ends the looking as well", BLIND, 1, Deciders { check: hurried, ..REAL }),
    mutant("plan brings nothing and says nothing", WANTED, (0, true), Deciders { plan: idle, ..REAL }),
];

/// One pause is set, and people give one order.
const HEARD: People =
    People { pauses: &[("before-drain", "pause 1h then roll-back")], orders: 1, do_else: false };

fn deaf(view: &gate::View) -> gate::Action {
    match gate::decide(view) {
        gate::Action::Hold { .. } | gate::Action::Wait { .. } => gate::Action::Pass,
        decided => decided,
    }
}

fn generous(view: &gate::View) -> gate::Action {
    let mut view = view.clone();
    for order in view.orders.given.iter_mut().filter(|order| order.place.is_some()) {
        order.place = Some(view.place);
    }
    gate::decide(&view)
}

fn again(record: &mut Deployment, kind: Kind, at: Timestamp, by: &str) -> Result<bool, String> {
    let next = format!("{}{by}", record.orders.given.len() + 1);
    record.order(kind, at, &next, None)
}

fn hurried(view: &check_health::View) -> check_health::Ruling {
    let ruling = check_health::decide(view);
    match view.promoted {
        Some(_) => check_health::Ruling { verdict: Verdict::Ready, ..ruling },
        None => ruling,
    }
}

fn careless_swap(view: &swap::View) -> Result<swap::Action, StepError> {
    swap::decide(&swap::View {
        healthy: view.needed,
        desired: view.needed,
        running: view.needed,
        ..view.clone()
    })
}

fn easy(view: &check_health::View) -> check_health::Ruling {
    let ruling = check_health::decide(view);
    if ruling.verdict == Verdict::Wait && view.purpose == check_health::Purpose::Bake {
        return check_health::Ruling { verdict: Verdict::Ready, ..ruling };
    }
    ruling
}

fn blind(view: &check_health::View) -> check_health::Ruling {
    let ruling = check_health::decide(view);
    if ruling.since.ill.is_some() {
        check_health::Ruling { verdict: Verdict::Ready, ..ruling }
    } else {
        ruling
    }
}

fn hasty_drain(view: &drain::View) -> Result<drain::Action, StepError> {
    match drain::decide(view) {
        Err(_) if view.outgoing.is_some() => Ok(drain::Action::ScaleIn),
        decided => decided,
    }
}

/// Those that are shown where clients are pinned.
pub const STICKY_MUTANTS: [Mutant; 2] = [
    mutant(
        "drain gives stickiness back at once",
        PINNED,
        (0, true),
        Deciders { drain: impatient_drain, ..REAL },
    ),
    mutant(
        "rollback gives stickiness back at once",
        PINNED,
        (0, true),
        Deciders { rollback: impatient_rollback, ..REAL },
    ),
];

fn impatient_drain(view: &drain::View) -> Result<drain::Action, StepError> {
    let none = Seconds(0);
    drain::decide(&drain::View { stickiness: none, convergence: none, ..view.clone() })
}

fn impatient_rollback(view: &rollback::View) -> rollback::Action {
    let none = Seconds(0);
    rollback::decide(&rollback::View { stickiness: none, convergence: none, ..view.clone() })
}

fn traffic_first(view: &rollback::View) -> rollback::Action {
    let rollback::Members::Pair { live_group, next_group, routes, .. } = &view.members else {
        return rollback::decide(view);
    };
    if routes.iter().all(|route| is_at(route, live_group, next_group, 0)) {
        return rollback::decide(view);
    }
    rollback::Action::Weights { why: String::new() }
}

fn tasks_first(view: &rollback::View) -> rollback::Action {
    match rollback::decide(view) {
        rollback::Action::Weights { why } => rollback::Action::Scale {
            which: rollback::Which::Next,
            task_definition: None,
            desired: Some(0),
            why,
        },
        decided => decided,
    }
}

fn unsurprised(view: &rollback::View) -> rollback::Action {
    rollback::decide(&rollback::View { others_until: None, quiet: false, ..view.clone() })
}

fn trusting(view: &rollback::View) -> rollback::Action {
    rollback::decide(&rollback::View { quiet: false, ..view.clone() })
}

fn only_unrecorded(records: &[Deployment], wanted: &Wanted, now: Timestamp) -> Option<usize> {
    let recorded = records.iter().any(|one| one.wish == Some(wanted.generation));
    if recorded { None } else { dispatch::again(records, wanted, now) }
}

fn idle(view: &plan::View) -> plan::Decision {
    plan::Decision::NothingToDo(view.service.to_string())
}

fn lazy(_: &rollback::View) -> rollback::Action {
    rollback::Action::Done { why: String::new() }
}
