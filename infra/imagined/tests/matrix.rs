//! Every fault in every state of the state machine as it ships, and at every point of a deployment, for both strategies, in
//! imagined time, by several seeds: with a pause where there can be one.

use rehearsal::command::say;
use rehearsal::matrix::{Case, Options, Trial, cells};

/// Draws lags, ids and times.
const SEED: u64 = 3;
/// Draw others, each for every fourth of the cells, another fourth for each.
const OTHER_SEEDS: [u64; 2] = [12, 29];
const FOURTH: usize = 4;

/// Tries them all.
fn hold(cases: &[Case], seed: u64) {
    let options = Options { seed, rate: 4.0, at_once: 2 };
    let trials = imagined::matrix::run(cases, options, say).expect("the stages are set");
    assert_eq!(trials.len(), cases.len());
    let broken: Vec<String> = trials.iter().filter_map(Trial::complaint).collect();
    assert!(broken.is_empty(), "seed {seed}: {}", broken.join("\n"));
}

#[test]
fn every_fault_in_every_state_ends_as_it_may_and_holds_all_along() {
    let cases: Vec<Case> = cells().expect("the state machine is read").into_iter().map(Case::one).collect();
    assert!(cases.len() > 300, "{} cases", cases.len());
    hold(&cases, SEED);
    for (seed, first) in OTHER_SEEDS.into_iter().zip(0..) {
        let some: Vec<Case> = cases.iter().skip(first).step_by(FOURTH).cloned().collect();
        hold(&some, seed);
    }
}
