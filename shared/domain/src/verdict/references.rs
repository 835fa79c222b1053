//! Our arithmetic against published implementations: `tests/references/verdicts.py` says which, and writes what they say.

use super::bound;
use super::convergence::ln_evidence;
use super::counts::Part;
use super::law::Table;
use serde::Deserialize;

const SAID: &str = include_str!("../../tests/references/verdicts.json");

#[derive(Deserialize)]
struct Said {
    laws: Vec<Law>,
    arrived: Vec<Arrived>,
    bounds: Vec<Bound>,
}

#[derive(Deserialize)]
struct Law {
    next: (u64, u64),
    live: (u64, u64),
    psi: f64,
    ln_ratio: f64,
}

#[derive(Deserialize)]
struct Arrived {
    next: f64,
    live: f64,
    share: f64,
    ln_evidence: f64,
}

#[derive(Deserialize)]
struct Bound {
    part: u64,
    whole: u64,
    certainty: f64,
    upper: f64,
}

fn said() -> Said {
    serde_json::from_str(SAID).expect("the references are read")
}

fn near(ours: f64, theirs: f64, by: f64) -> bool {
    (ours - theirs).abs() <= by * (1.0 + theirs.abs())
}

#[test]
fn the_law_of_a_periods_errors_is_scipys() {
    for Law { next, live, psi, ln_ratio } in said().laws {
        let table = Table::new(Part::of(next.0, next.1), Part::of(live.0, live.1));
        let ours = table.ln_ratio(psi, 2.0);
        assert!(near(ours, ln_ratio, 1e-3), "{next:?} {live:?} {psi}: {ours}, not {ln_ratio}");
    }
}

#[test]
fn the_evidence_that_weights_do_not_arrive_is_savvis() {
    for Arrived { next, live, share, ln_evidence: theirs } in said().arrived {
        let ours = ln_evidence(next, live, share);
        assert!(near(ours, theirs, 1e-9), "{next} {live} {share}: {ours}, not {theirs}");
    }
}

#[test]
fn the_largest_share_that_is_not_out_of_the_question_is_savvis() {
    for Bound { part, whole, certainty, upper } in said().bounds {
        let ours = bound::upper(Part::of(part, whole), certainty);
        // Theirs is what a solver finds.
        assert!((ours - upper).abs() < 1e-5, "{part} of {whole}, {certainty}: {ours}, not {upper}");
    }
}
