//! What is known so far, and how much of it would take a version back: for people who watch.

use super::counts::{Kind, Part};
use super::proof::Proof;
use super::ruling::Tolerated;

/// One kind of harm, as far as complete periods show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoFar {
    /// What.
    pub kind: Kind,
    /// How many of the new tasks' requests came to it.
    pub part: f64,
    /// Of how many.
    pub requests: f64,
    /// The share that the old tasks had in the same minutes, or that is usual, between 0 and 1.
    pub expected: f64,
    /// How much of the evidence is there that takes the version back, between 0 and 1.
    pub evidence: f64,
}

/// Every kind of harm that was counted, errors first; nothing before the new tasks had requests.
pub fn so_far(proof: &Proof, tolerated: &Tolerated) -> Vec<SoFar> {
    if !proof.has_begun() {
        return Vec::new();
    }
    let enough = tolerated.ln_enough();
    let slow = proof.ln_slow();
    let one = |(kind, question): (Kind, &super::question::Question)| {
        let Part { part, whole } = question.next();
        let ln = if matches!(kind, Kind::Slow(_)) { slow } else { question.ln_evidence() };
        SoFar {
            kind,
            part,
            requests: whole,
            expected: question.expected_share(),
            evidence: (ln / enough).clamp(0.0, 1.0),
        }
    };
    proof.questions().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Counted, Period};

    const TOLERATED: Tolerated = Tolerated { errors: 0.001, certainty: 0.99 };

    fn minute(errors: u64) -> Period {
        let live = Counted { requests: 900, ..Counted::default() };
        let next = Counted { requests: 300, errors, answers: 300, ..Counted::default() };
        Period { seconds: 60, next, live: Some(live), rest: None }
    }

    #[test]
    fn evidence_grows_to_what_takes_it_back() {
        let mut proof = Proof::default();
        assert_eq!(so_far(&proof, &TOLERATED), []);
        proof.observe(0, &minute(0), &TOLERATED);
        let good = so_far(&proof, &TOLERATED);
        assert_eq!((good[0].kind, good[0].part, good[0].requests), (Kind::Errors, 0.0, 300.0));
        assert!(good.iter().all(|one| one.evidence == 0.0), "{good:?}");
        let mut before = 0.0;
        for at in 1..6 {
            proof.observe(60 * at, &minute(30), &TOLERATED);
            let now = so_far(&proof, &TOLERATED)[0].evidence;
            assert!(now >= before, "{now} after {before}");
            before = now;
        }
        assert_eq!(before, 1.0, "a tenth of its requests fail, and none of the others'");
    }
}
