//! Every fault at every point of a deployment, for both strategies, in imagined time: with a pause where there can be one.

use rehearsal::matrix::{Case, Options, cells};

const SEED: u64 = 3;

#[test]
fn every_fault_at_a_point_ends_as_it_may_and_holds_all_along() {
    let cells = cells().expect("the state machine is read");
    let cases: Vec<Case> = cells.into_iter().filter(|cell| cell.point().is_some()).map(Case::one).collect();
    let options = Options { seed: SEED, rate: 4.0, at_once: 2 };
    let trials = imagined::matrix::run(&cases, options, |_| {}).expect("the stages are set");
    assert!(trials.len() > 100, "{} cases", trials.len());
    let broken: Vec<String> = trials
        .iter()
        .filter(|trial| !trial.broken.is_empty())
        .map(|trial| format!("{}: {:#?}", trial.case.name(), trial.broken))
        .collect();
    assert!(broken.is_empty(), "seed {SEED}: {}", broken.join("\n"));
}
