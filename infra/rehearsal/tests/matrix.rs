//! Every fault in every state of the state machine as it ships, for both strategies, under live traffic.

use rehearsal::binaries::Binaries;
use rehearsal::matrix::{self, FaultKind, Options, cells};

/// As many at once as two cores bear beside the traffic.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_ends_as_it_may_and_holds_all_along() {
    let binaries = Binaries::build().expect("the functions build");
    let options = Options { seed: 3, rate: 30.0, at_once: AT_ONCE };
    let cells = cells().expect("the state machine is read");
    let trials = matrix::run(&binaries, &cells, options, |_| {}).await.expect("the stages are set");
    assert_eq!(trials.len(), cells.len());
    let broken: Vec<String> = trials
        .iter()
        .filter(|trial| !trial.broken.is_empty())
        .map(|trial| format!("{}: {:#?}", trial.cell.name(), trial.broken))
        .collect();
    assert!(broken.is_empty(), "seed {}: {}", options.seed, broken.join("\n"));
}

#[test]
fn the_table_in_the_docs_has_every_fault_and_every_state() {
    let path = rehearsal::binaries::workspace().join("docs/faults.md");
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for fault in FaultKind::ALL {
        assert!(table.contains(&format!("| {} |", fault.words())), "{}", fault.words());
    }
    for cell in cells().expect("the state machine is read") {
        assert!(table.contains(&format!("| {} |", cell.state)), "{}", cell.state);
    }
    assert!(!table.contains("broken"), "the table was written when something did not hold");
}
