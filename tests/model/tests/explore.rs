//! Every order of events: what must hold always holds, what must be seen is seen, and every edge of the state machine
//! is walked. `cargo test -p model -- --nocapture` tells how many worlds there were and how long it took.

use model::machine::{Edge, is_of_a_point};
use model::small::Small;
use stateright::{Checker as _, Model as _};
use std::collections::BTreeSet;
use std::time::Instant;

/// How many things go wrong in one story.
const TROUBLE: u8 = 2;
/// Threads of the checker.
const THREADS: usize = 2;

/// In a world that has more to it, less.
const LESS_TROUBLE: u8 = 1;

/// How many different worlds there are of a rolling service whose instances are full.
const CROWDED: usize = 29_824;
/// And of a pair where others may come between what `dispatch` and `finish` do.
const GRADUAL: usize = 92_810;
/// And of a pair to whose sides clients are pinned.
const STICKY: usize = 28_654;

/// A pair or a rolling service, what a push does, and how many different worlds there are.
const MODELS: [(bool, &str, usize); 3] =
    [(true, "queue", 4_215_151), (true, "supersede", 4_957_485), (false, "queue", 4_458_303)];

/// What no choice takes, since every function answers with one of its own verdicts: there for answers of a build that
/// is not this one.
const DEFAULTS: [&str; 8] =
    ["Baked?", "Drained?", "Healthy?", "Outcome?", "Planned?", "RolledBack?", "Shifted?", "Started?"];

#[test]
fn every_order_of_events_holds() {
    let (mut walked, mut all) = (BTreeSet::<Edge>::new(), BTreeSet::<Edge>::new());
    let mut counts = Vec::new();
    for (is_pair, on_push, _) in MODELS {
        let began = Instant::now();
        let checker = Small::new(is_pair, on_push, TROUBLE).checker().threads(THREADS).spawn_bfs().join();
        let count = checker.unique_state_count();
        let kind = if is_pair { "a pair" } else { "a rolling service" };
        println!("{kind}, {on_push}: {count} worlds in {:.1} s", began.elapsed().as_secs_f64());
        checker.assert_properties();
        counts.push((is_pair, on_push, count));
        let machine = &checker.model().machine;
        walked.extend(machine.walked());
        all.extend(machine.edges());
    }
    let others = [
        ("a rolling service without room", Small::new(false, "queue", LESS_TROUBLE).crowded()),
        ("a pair, step by step", Small::new(true, "queue", LESS_TROUBLE).gradual()),
    ];
    let others = others.map(|(kind, small)| {
        let checker = small.checker().threads(THREADS).spawn_bfs().join();
        checker.assert_properties();
        walked.extend(checker.model().machine.walked());
        println!("{kind}: {} worlds", checker.unique_state_count());
        checker.unique_state_count()
    });
    let never = DEFAULTS.iter().map(|choice| ((*choice).to_owned(), "Unexpected".to_owned()));
    // Of points it is walked where people have something to say.
    let unwalked = all.difference(&walked).filter(|(from, _)| !is_of_a_point(from));
    assert_eq!(unwalked.cloned().collect::<BTreeSet<_>>(), never.collect::<BTreeSet<_>>());
    assert_eq!(
        (counts.as_slice(), others),
        (MODELS.as_slice(), [CROWDED, GRADUAL]),
        "other decisions lead to other worlds: look which, then write the number down"
    );
}

#[test]
fn clients_who_are_pinned_are_let_go_in_every_order_of_events() {
    let checker =
        Small::new(true, "queue", LESS_TROUBLE).sticky().checker().threads(THREADS).spawn_bfs().join();
    checker.assert_properties();
    println!("a pair to whose sides clients are pinned: {} worlds", checker.unique_state_count());
    assert_eq!(
        checker.unique_state_count(),
        STICKY,
        "look which worlds are others, then write the number down"
    );
}
