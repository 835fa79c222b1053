//! The rule that ships.

use crate::cloud::{Deployment, HISTORY, SHIFT, SLICE, SLICES, sum};
use changeover_domain::judging::{Judging, Unproven};
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use changeover_domain::verdict::{Asked, Period, Proof, Whose, gross, rule};

/// A look every ten seconds: at complete periods, and for gross harm at the one that is not.
pub fn ours(deployment: &Deployment) -> Option<usize> {
    let asked = Asked {
        tolerated: Judging::default().tolerated(),
        side_by_side: !deployment.rolling,
        watched: Seconds(0),
        bake: Seconds(600),
        patience: Seconds(1800),
        unproven: Unproven::Pass,
        minimum_requests: 20,
        whose: Whose::New,
    };
    let mut proof = Proof::default();
    for (start, slices) in (0_i64..).zip(deployment.slices.chunks(SLICES)) {
        let period = |slices: usize| Period {
            seconds: slices as u64 * SLICE,
            next: sum(deployment.slices[start as usize * SLICES..][..slices].iter().map(|(next, _)| next)),
            live: (!deployment.rolling).then(|| {
                sum(deployment.slices[start as usize * SLICES..][..slices].iter().map(|(_, live)| live))
            }),
            rest: None,
        };
        let first = start as usize * SLICES;
        if start < HISTORY as i64 {
            proof.before(start, &sum(slices.iter().map(|(_, live)| live)), None);
            continue;
        }
        for look in 1..SLICES {
            if gross(&proof, &period(look), &asked).is_some() {
                return Some(first + look - SHIFT);
            }
        }
        proof.observe(start, &period(SLICES), &asked.tolerated);
        if rule(&proof, &asked).verdict == Verdict::Failed {
            return Some(first + SLICES - SHIFT);
        }
    }
    None
}
