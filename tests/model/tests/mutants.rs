//! The model bites: decisions that are wrong on purpose are caught, each by the property that is about it.

use model::mutants::MUTANTS;
use model::small::Small;
use stateright::{Checker as _, HasDiscoveries, Model as _};
use std::collections::BTreeSet;

#[test]
fn every_mutant_is_caught() {
    let mut survived = Vec::new();
    for mutant in &MUTANTS {
        let small =
            Small::with(mutant.deciders, mutant.is_pair, "queue", mutant.trouble).with_people(mutant.people);
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
    assert_eq!(survived, [""; 0]);
}
