//! What one trial is about: one cell, or two at once.

use super::{Cell, FaultKind};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Draws without finding two cells that go together, until the drawing ends.
const MOST_DRAWS: usize = 10_000;
/// Where a deployment of an image that crashes comes by; the others it never sees.
const BEFORE_TRAFFIC: [&str; 6] =
    ["Plan", "RegisterRevision", "BeforeStart", "UpdateService", "CheckHealth", "Finish"];

/// The function that is called at every point.
const GATE: &str = "gate";

/// One cell, or two of one strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// They.
    pub cells: Vec<Cell>,
}

impl Case {
    /// One cell alone.
    pub fn one(cell: Cell) -> Self {
        Self { cells: vec![cell] }
    }

    /// In words.
    pub fn name(&self) -> String {
        let names: Vec<String> = self.cells.iter().map(Cell::name).collect();
        names.join(" + ")
    }

    /// Whether the service is a blue/green pair.
    pub fn is_pair(&self) -> bool {
        self.cells.iter().any(|cell| cell.pair)
    }

    /// Whether the image must be one that is rolled back.
    pub fn needs_bad_image(&self) -> bool {
        self.cells.iter().any(Cell::needs_bad_image)
    }

    /// Whether users are shown an image that fails.
    pub fn is_shown(&self) -> bool {
        self.cells.iter().any(|cell| cell.shown)
    }

    /// How the deployment may end: as one of the faults alone would have it.
    pub fn allowed(&self) -> Vec<&'static str> {
        let mut allowed: Vec<&str> = Vec::new();
        for outcome in self.cells.iter().flat_map(|cell| cell.allowed()) {
            // An image that is rolled back does not succeed, whatever else happens.
            let is_possible = !(self.needs_bad_image() && *outcome == "Succeeded");
            if is_possible && !allowed.contains(outcome) {
                allowed.push(outcome);
            }
        }
        allowed
    }

    /// Whether all is at rest afterwards: not if even going back is refused for ever.
    pub fn comes_to_rest(&self) -> bool {
        !self.cells.iter().any(|cell| cell.fault == FaultKind::CallRefused && cell.state == "Rollback")
    }
}

/// So many different pairs of cells, by chance.
pub fn pairs(cells: &[Cell], count: usize, seed: u64) -> Vec<Case> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut cases: Vec<Case> = Vec::with_capacity(count);
    for _ in 0..MOST_DRAWS {
        if cases.len() == count {
            break;
        }
        let is_pair = chance.random_bool(0.5);
        let ours: Vec<&Cell> = cells.iter().filter(|cell| cell.pair == is_pair).collect();
        let two: Vec<Cell> = ours.sample(&mut chance, 2).map(|cell| (*cell).clone()).collect();
        let case = Case { cells: two };
        if goes_together(&case.cells) && !cases.contains(&case) {
            cases.push(case);
        }
    }
    cases
}

/// Two states that one deployment comes by.
fn goes_together(cells: &[Cell]) -> bool {
    let [first, second] = cells else { return false };
    let reachable =
        |cell: &Cell, other: &Cell| !other.needs_bad_image() || BEFORE_TRAFFIC.contains(&cell.state.as_str());
    // A pause at a point before is looked at more than once, and its function is the same.
    let is_point = |cell: &Cell| cell.function == GATE;
    let points = is_point(first) && is_point(second);
    first.state != second.state && !points && reachable(first, second) && reachable(second, first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::cells;

    #[test]
    fn pairs_are_different_and_a_seed_says_which() {
        let cells = cells().unwrap();
        let drawn = pairs(&cells, 40, 3);
        assert_eq!(drawn.len(), 40);
        assert_eq!(drawn, pairs(&cells, 40, 3));
        assert_ne!(drawn, pairs(&cells, 40, 4));
        for case in &drawn {
            let [first, second] = case.cells.as_slice() else { panic!("{}", case.name()) };
            assert_eq!(first.pair, second.pair);
            assert_ne!(first.state, second.state);
            assert!(!case.allowed().is_empty(), "{}", case.name());
        }
    }
}
