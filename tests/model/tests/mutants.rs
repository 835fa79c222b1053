//! The model bites: decisions that are wrong on purpose are caught, each by the property that is about it.

use model::mutants::{MUTANTS, Mutant, STICKY_MUTANTS};
use model::small::Small;
use stateright::{Checker as _, HasDiscoveries, Model as _};
use std::collections::BTreeSet;

#[test]
fn every_mutant_is_caught() {
    assert_eq!(survivors(&MUTANTS, |small| small), [""; 0]);
}

#[test]
fn every_mutant_is_caught_where_clients_are_pinned() {
    assert_eq!(survivors(&STICKY_MUTANTS, Small::sticky), [""; 0]);
}

fn survivors(mutants: &[Mutant], world: fn(Small) -> Small) -> Vec<&'static str> {
    let mut survived = Vec::new();
    for mutant in mutants {
        let small =
            Small::with(mutant.deciders, mutant.is_pair, "queue", mutant.trouble).with_people(mutant.people);
        let small = world(small);
        let checker = small
            .checker()
            .threads(2)
            .finish_when(HasDiscoveries::AnyOf(BTreeSet::from([mutant.breaks])))
            .spawn_bfs()
            .join();
        match checker.discovery(mutant.breaks) {
            Some(path) => println!("{}: caught after {} steps", mutant.name, path.into_actions().len()),
            None => survived.push(mutant.name),
        }
    }
    survived
}
