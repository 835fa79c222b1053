//! Other rules, as their documents describe them. All look every ten seconds, or as often as they say.

use crate::cloud::{Deployment, SHIFT, SLICES, sum};
use changeover_domain::verdict::Counted;

/// The first look at which something holds.
fn first(
    deployment: &Deployment,
    every: usize,
    holds: impl Fn(&[(Counted, Counted)], usize) -> bool,
) -> Option<usize> {
    (1..=deployment.slices.len() - SHIFT)
        .filter(|look| look % every == 0)
        .find(|look| holds(&deployment.slices[..SHIFT + look], *look))
}

/// Ours of before: 3 errors or more, and a share above twice the live side's plus one point, that from ten minutes before
/// the deployment until now.
pub fn compared(deployment: &Deployment) -> Option<usize> {
    let (mut next, mut live) =
        (Counted::default(), sum(deployment.slices[..SHIFT].iter().map(|(_, live)| live)));
    for (look, (one, other)) in deployment.slices[SHIFT..].iter().enumerate() {
        next.requests += one.requests;
        next.errors += one.errors;
        live.requests += other.requests;
        live.errors += other.errors;
        // Its limit for slow answers was a quarter of a second beyond twice the live side's: none here are slow by it.
        let share = |side: &Counted| side.errors as f64 / side.requests.max(1) as f64;
        if next.errors >= 3 && share(&next) > 2.0 * share(&live) + 0.01 {
            return Some(look + 1);
        }
    }
    None
}

/// Kayenta: Mann-Whitney's U on the error shares of ten seconds each, from 50 points on, at 98 % confidence, every minute.
pub fn kayenta(deployment: &Deployment) -> Option<usize> {
    let shares = |sides: &mut dyn Iterator<Item = &Counted>, of: fn(&Counted) -> u64| -> Vec<f64> {
        sides.filter(|side| side.requests > 0).map(|side| of(side) as f64 / side.requests as f64).collect()
    };
    let metrics: [fn(&Counted) -> u64; 3] = [
        |side| side.errors,
        |side| side.client_errors,
        |side| side.slow.first().map_or(0, |slow| slow.answers),
    ];
    first(deployment, SLICES, |slices, look| {
        look >= 50
            && metrics.iter().any(|metric| {
                let next = shares(&mut slices[SHIFT..].iter().map(|(next, _)| next), *metric);
                let live = shares(&mut slices[SHIFT..].iter().map(|(_, live)| live), *metric);
                next.len() >= 50 && live.len() >= 50 && is_higher(&next, &live)
            })
    })
}

/// Whether the first are higher by Mann-Whitney's U, in its normal form with ties, one side of 98 %.
fn is_higher(one: &[f64], other: &[f64]) -> bool {
    const QUANTILE: f64 = 2.326;
    let mut all: Vec<(f64, bool)> =
        one.iter().map(|x| (*x, true)).chain(other.iter().map(|x| (*x, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m, count) = (one.len() as f64, other.len() as f64, all.len() as f64);
    let (mut ranks, mut ties, mut start) = (0.0, 0.0, 0);
    while start < all.len() {
        let end = start + all[start..].iter().take_while(|x| x.0 == all[start].0).count();
        let rank = (start + end + 1) as f64 / 2.0;
        ranks += rank * all[start..end].iter().filter(|x| x.1).count() as f64;
        let tied = (end - start) as f64;
        ties += tied * tied * tied - tied;
        start = end;
    }
    let u = ranks - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (count + 1.0 - ties / (count * (count - 1.0)));
    variance > 0.0 && (u - n * m / 2.0) / variance.sqrt() > QUANTILE
}

/// Flagger: every minute, the success share of the last minute below 99 %; after five such it goes back.
pub fn flagger(deployment: &Deployment) -> Option<usize> {
    let mut failed = 0;
    deployment.slices[SHIFT..].chunks(SLICES).enumerate().find_map(|(minute, slices)| {
        let side = sum(slices.iter().map(|(next, _)| next));
        failed += u32::from(side.requests > 0 && side.errors as f64 > 0.01 * side.requests as f64);
        (failed >= 5).then_some((minute + 1) * SLICES)
    })
}

/// ECS Express Mode: 4xx and 5xx above 1 % in two of three minutes.
pub fn express(deployment: &Deployment) -> Option<usize> {
    let above: Vec<bool> = deployment.slices[SHIFT..]
        .chunks(SLICES)
        .map(|slices| {
            let side = sum(slices.iter().map(|(next, _)| next));
            side.requests > 0 && (side.errors + side.client_errors) as f64 > 0.01 * side.requests as f64
        })
        .collect();
    (2..=above.len())
        .find(|minutes| {
            above[minutes.saturating_sub(3)..*minutes].iter().filter(|above| **above).count() >= 2
        })
        .map(|minutes| minutes * SLICES)
}
