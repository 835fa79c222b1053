//! `cargo rehearse list`

use crate::scenario::{CATALOGUE, MAIN};

/// Says which scenarios there are.
pub fn list() -> String {
    let width = CATALOGUE.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let line = |scenario: &crate::scenario::Scenario| {
        let main = if MAIN.contains(&scenario.name) { "*" } else { " " };
        format!("{main} {:width$}  {} Expected: {}.\n", scenario.name, scenario.about, scenario.expected())
    };
    let lines: String = CATALOGUE.iter().map(line).collect();
    format!("{lines}\n* is what `cargo rehearse` runs; the others by `cargo rehearse run NAME…`\n")
}
