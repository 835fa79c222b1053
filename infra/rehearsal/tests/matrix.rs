//! What needs processes of the matrix, with processes: functions that are killed, that stall, and whose execution is
//! stopped, in every state and for both strategies under live traffic; some of them at points, whose one function changes
//! nothing of a service; and pairs of any faults. In imagined time every fault is tried everywhere.

use rehearsal::binaries::Binaries;
use rehearsal::command::say;
use rehearsal::matrix::{self, Case, Cell, FaultKind, Options, Trial, cells, pairs};

/// As many at once as two cores bear beside the traffic.
const AT_ONCE: usize = 10;

/// How many pairs of faults are drawn.
const PAIRS: usize = 24;
const SEED: u64 = 3;
/// What happens to a process.
const OF_PROCESSES: [FaultKind; 6] = [
    FaultKind::KilledBefore,
    FaultKind::KilledAfter,
    FaultKind::Stalled,
    FaultKind::ActedAndStalled,
    FaultKind::Aborted,
    FaultKind::CallUnderWay,
];
/// What is tried at points as well: the ways in which a function leaves something half done.
const AT_POINTS: [FaultKind; 2] = [FaultKind::KilledAfter, FaultKind::Aborted];

/// Whether a cell is tried here.
fn is_tried(cell: &Cell) -> bool {
    if cell.point().is_some() { AT_POINTS.contains(&cell.fault) } else { OF_PROCESSES.contains(&cell.fault) }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cell_and_pairs_of_them_end_as_they_may_and_hold_all_along() {
    let binaries = Binaries::build().expect("the functions build");
    let options = Options { seed: SEED, rate: 30.0, at_once: AT_ONCE };
    let cells = cells().expect("the state machine is read");
    let drawn = pairs(&cells, PAIRS, SEED);
    let tried = cells.into_iter().filter(is_tried);
    let cases: Vec<Case> = tried.map(Case::one).chain(drawn).collect();
    let trials = matrix::run(&binaries, &cases, options, say).await.expect("the stages are set");
    assert_eq!(trials.len(), cases.len());
    let broken: Vec<String> = trials.iter().filter_map(Trial::complaint).collect();
    assert!(broken.is_empty(), "seed {}: {}", options.seed, broken.join("\n"));
}

#[test]
fn the_table_in_the_docs_has_every_fault_and_every_state() {
    let path = rehearsal::build::workspace().join("docs/faults.md");
    let table = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for fault in FaultKind::ALL {
        assert!(table.contains(&format!("| {} |", fault.words())), "{}", fault.words());
    }
    for cell in cells().expect("the state machine is read") {
        assert!(table.contains(&format!("| {} |", cell.column())), "{}", cell.column());
    }
    assert!(!table.contains("broken"), "the table was written when something did not hold");
}
