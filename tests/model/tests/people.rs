//! Every order of events where people have a say: deployments that are held at every point, and orders that people give.
//! What must hold always holds, what must be seen is seen, and every edge of the state machine at a point is walked.

use model::machine::{Edge, is_of_a_point};
use model::people::People;
use model::small::Small;
use stateright::{Checker as _, Model as _};
use std::collections::BTreeSet;
use std::time::Instant;

/// Threads of the checker.
const THREADS: usize = 2;
/// Pauses at every point, and nobody who does anything but break machines.
const HELD: People = People {
    pauses: &[
        ("before-start", "pause 1h then promote"),
        ("before-traffic", "pause 1h then promote"),
        ("after-step", "pause 1h then promote"),
        ("before-drain", "pause 1h then promote"),
    ],
    orders: 0,
    do_else: false,
};
/// A pause where it goes back, an order, and everything else that people do.
const ORDERED: People =
    People { pauses: &[("before-drain", "pause 1h then roll-back")], orders: 1, do_else: true };
/// Two orders, and nothing else; a pause goes on by itself, since one order may make another pause.
const TWICE: People =
    People { pauses: &[("before-drain", "pause 1h then promote")], orders: 2, do_else: false };
/// The same of a rolling service, which has no old tasks to hold back.
const ROLLING: People = People { pauses: &[("after-step", "pause 1h then promote")], ..TWICE };

/// How many different worlds there are of each.
const WORLDS: [usize; 4] = [121_110, 158_543, 187_305, 3_235_313];

/// What no choice takes, since `gate` answers with one of its own verdicts.
const DEFAULTS: [&str; 6] =
    ["MayDrain?", "MayGoOn?", "MayShift?", "MayStart?", "ToldOfRollback?", "ToldOfSuccess?"];
/// Where only functions and tasks of hooks lead, which people here do not set.
const OF_HOOKS: [(&str, &str); 4] = [
    ("ToldOfRollback?", "WaitForAfterRollback"),
    ("ToldOfSuccess?", "WaitForAfterSuccess"),
    ("WaitForAfterRollback", "AfterRollback"),
    ("WaitForAfterSuccess", "AfterSuccess"),
];

#[test]
fn every_order_of_events_holds_where_people_have_a_say() {
    let (mut walked, mut all) = (BTreeSet::<Edge>::new(), BTreeSet::<Edge>::new());
    let models = [
        ("a pair that is held, and two faults", Small::new(true, "queue", 2).with_people(HELD)),
        ("a pair that takes two orders", Small::new(true, "queue", 0).with_people(TWICE)),
        ("a rolling service that takes two orders", Small::new(false, "queue", 0).with_people(ROLLING)),
        (
            "a pair that takes an order, and one trouble",
            Small::new(true, "supersede", 1).with_people(ORDERED),
        ),
    ];
    let counts = models.map(|(kind, small)| {
        let began = Instant::now();
        let checker = small.checker().threads(THREADS).spawn_bfs().join();
        let count = checker.unique_state_count();
        println!("{kind}: {count} worlds in {:.1} s", began.elapsed().as_secs_f64());
        checker.assert_properties();
        walked.extend(checker.model().machine.walked());
        all.extend(checker.model().machine.edges());
        count
    });
    let never = DEFAULTS.iter().map(|choice| ((*choice).to_owned(), "Unexpected".to_owned()));
    let never = never.chain(OF_HOOKS.map(|(from, to)| (from.to_owned(), to.to_owned())));
    let unwalked = all.difference(&walked).filter(|(from, _)| is_of_a_point(from));
    assert_eq!(unwalked.cloned().collect::<BTreeSet<_>>(), never.collect::<BTreeSet<_>>());
    assert_eq!(
        counts, WORLDS,
        "other decisions lead to other worlds: look which, then write the numbers down"
    );
}
