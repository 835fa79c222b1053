//! Every fault in every state of the state machine as it ships, and at every point of a deployment, for both strategies, in
//! imagined time, by several seeds: with a pause where there can be one.

use rehearsal::matrix::{Case, Options, cells};

/// Each draws other lags, ids and times.
const SEEDS: [u64; 3] = [3, 11, 29];

#[test]
fn every_fault_in_every_state_ends_as_it_may_and_holds_all_along() {
    let cases: Vec<Case> = cells().expect("the state machine is read").into_iter().map(Case::one).collect();
    assert!(cases.len() > 300, "{} cases", cases.len());
    for seed in SEEDS {
        let options = Options { seed, rate: 4.0, at_once: 2 };
        let trials = imagined::matrix::run(&cases, options, |_| {}).expect("the stages are set");
        assert_eq!(trials.len(), cases.len());
        let broken: Vec<String> = trials
            .iter()
            .filter(|trial| !trial.broken.is_empty())
            .map(|trial| format!("{}: {:#?}", trial.case.name(), trial.broken))
            .collect();
        assert!(broken.is_empty(), "seed {seed}: {}", broken.join("\n"));
    }
}
