//! Simulated deployments: what both sides did in each ten seconds.

use changeover_domain::verdict::{Counted, Slow};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Binomial, Distribution as _, Poisson};

/// Seconds between two looks, and looks in a period.
pub const SLICE: u64 = 10;
pub const SLICES: usize = 6;
/// Periods of the live side before the shift, and of each of the three steps.
pub const HISTORY: usize = 10;
pub const STEP: usize = 10;
/// From when on an answer is slow.
pub const LIMIT: f64 = 0.055;

/// What a side does with a request, as shares.
#[derive(Debug, Clone, Copy)]
pub struct Does {
    pub errors: f64,
    pub client_errors: f64,
    pub slow: f64,
}

/// What is simulated.
#[derive(Debug, Clone)]
pub struct World {
    pub name: &'static str,
    pub rate: f64,
    /// The next side's share of the requests in the first step; it rises to one half. All of them if it rolls.
    pub weight: f64,
    pub live: Does,
    pub next: Does,
    pub clump: u64,
    /// Both sides fail this share for one minute in the second step.
    pub outage: f64,
    /// By which factor the base wanders up and down.
    pub drift: f64,
}

/// What both sides did in each slice; those of the history first.
#[derive(Debug)]
pub struct Deployment {
    /// Whether the new version has all requests from the shift on, and no old one beside it.
    pub rolling: bool,
    pub slices: Vec<(Counted, Counted)>,
}

/// Where the shift is.
pub const SHIFT: usize = HISTORY * SLICES;

impl World {
    /// One deployment by chance.
    pub fn deploy(&self, seed: u64) -> Deployment {
        let mut random = SmallRng::seed_from_u64(seed);
        let phase = random.random::<f64>() * std::f64::consts::TAU;
        let outage = SHIFT + STEP * SLICES + random.random_range(0..STEP * SLICES - SLICES);
        let slices = (0..SHIFT + 3 * STEP * SLICES)
            .map(|slice| {
                let step = slice.checked_sub(SHIFT).map(|since| since / (STEP * SLICES));
                let weight = step
                    .map_or(0.0, |step| self.weight + (0.5 - self.weight).max(0.0) * [0.0, 0.5, 1.0][step]);
                let wave = (slice as f64 / 60.0 * std::f64::consts::TAU + phase).sin();
                let base = self.drift.powf(wave);
                let out = (outage..outage + SLICES).contains(&slice);
                let mut side = |does: Does, share: f64| {
                    let errors = (does.errors * base).max(if out { self.outage } else { 0.0 });
                    self.side(&mut random, Does { errors, ..does }, share)
                };
                (side(self.next, weight), side(self.live, 1.0 - weight))
            })
            .collect();
        Deployment { rolling: self.weight >= 1.0, slices }
    }

    fn side(&self, random: &mut SmallRng, does: Does, share: f64) -> Counted {
        let mean = self.rate * SLICE as f64 * share;
        if mean <= 0.0 {
            return Counted::default();
        }
        let asked = Poisson::new(mean).expect("a mean").sample(random) as u64;
        // One in `clump` troubles is tried again until it has been counted so often.
        let troubles = binomial(random, asked, does.errors / self.clump as f64);
        let (requests, errors) = (asked + troubles * (self.clump - 1), troubles * self.clump);
        let slow = binomial(random, requests, does.slow);
        Counted {
            requests,
            errors,
            client_errors: binomial(random, requests - errors, does.client_errors),
            redirects: 0,
            answers: requests,
            slow: vec![Slow { limit: LIMIT, answers: slow }],
        }
    }
}

fn binomial(random: &mut SmallRng, of: u64, share: f64) -> u64 {
    if share <= 0.0 { 0 } else { Binomial::new(of, share.min(1.0)).expect("a share").sample(random) }
}

/// The sum of slices.
pub fn sum<'a>(sides: impl Iterator<Item = &'a Counted>) -> Counted {
    sides.fold(
        Counted { slow: vec![Slow { limit: LIMIT, answers: 0 }], ..Counted::default() },
        |mut sum, side| {
            sum.requests += side.requests;
            sum.errors += side.errors;
            sum.client_errors += side.client_errors;
            sum.answers += side.answers;
            sum.slow[0].answers += side.slow.first().map_or(0, |slow| slow.answers);
            sum
        },
    )
}

const fn fails(errors: f64) -> Does {
    Does { errors, client_errors: 0.02, slow: 0.01 }
}

fn world(name: &'static str, rate: f64, weight: f64, live: f64, next: f64) -> World {
    World { name, rate, weight, live: fails(live), next: fails(next), clump: 1, outage: 0.0, drift: 1.0 }
}

/// The next side is as good as the live one.
pub fn equal() -> Vec<World> {
    let same = |name, rate, weight, base| world(name, rate, weight, base, base);
    vec![
        same("0.1 rps, 5 %", 0.1, 0.1, 0.05),
        same("1 rps, 0 %", 1.0, 0.1, 0.0),
        same("1 rps, 5 %", 1.0, 0.1, 0.05),
        same("5 rps, 1 %", 5.0, 0.1, 0.01),
        same("5 rps, 5 %", 5.0, 0.1, 0.05),
        same("30 rps, 5 %", 30.0, 0.1, 0.05),
        same("200 rps, 0.01 %", 200.0, 0.1, 0.0001),
        same("200 rps, 0.1 %", 200.0, 0.1, 0.001),
        same("1,000 rps, 0.1 %", 1000.0, 0.1, 0.001),
        same("200 rps, 0.1 %, weight 1 %", 200.0, 0.01, 0.001),
        same("200 rps, 0.1 %, weight 50 %", 200.0, 0.5, 0.001),
        World { outage: 0.2, ..same("200 rps, both fail 20 % for a minute", 200.0, 0.1, 0.001) },
        World { outage: 0.6, ..same("10 rps, both fail 60 % for a minute", 10.0, 0.1, 0.001) },
        World { clump: 5, ..same("200 rps, 0.1 %, clumps of 5", 200.0, 0.1, 0.001) },
        World { clump: 20, ..same("200 rps, 0.1 %, clumps of 20", 200.0, 0.1, 0.001) },
        World { clump: 5, ..same("20 rps, 1 %, clumps of 5", 20.0, 0.1, 0.01) },
        World { clump: 20, ..same("20 rps, 1 %, clumps of 20", 20.0, 0.1, 0.01) },
        World { clump: 20, ..same("1 rps, 1 %, clumps of 20", 1.0, 0.1, 0.01) },
        World { drift: 4.0, ..same("200 rps, 0.5 % drifting fourfold", 200.0, 0.1, 0.005) },
        same("rolling, 5 rps, 1 %", 5.0, 1.0, 0.01),
        same("rolling, 30 rps, 5 %", 30.0, 1.0, 0.05),
        same("rolling, 200 rps, 0.1 %", 200.0, 1.0, 0.001),
        World { clump: 20, ..same("rolling, 20 rps, 1 %, clumps of 20", 20.0, 1.0, 0.01) },
    ]
}

/// The next side is worse.
pub fn worse() -> Vec<World> {
    let client = |next: f64| Does { client_errors: next, ..fails(0.001) };
    let slow = |next: f64| Does { slow: next, ..fails(0.001) };
    vec![
        world("30 % v 0.1 %, 200 rps", 200.0, 0.1, 0.001, 0.3),
        world("5 % v 0.1 %, 200 rps", 200.0, 0.1, 0.001, 0.05),
        world("1 % v 0.1 %, 200 rps", 200.0, 0.1, 0.001, 0.01),
        world("0.5 % v 0.1 %, 200 rps", 200.0, 0.1, 0.001, 0.005),
        world("0.5 % v 0.01 %, 1,000 rps", 1000.0, 0.1, 0.0001, 0.005),
        world("1 % v 0.1 %, 20 rps", 20.0, 0.1, 0.001, 0.01),
        world("1 % v 0.1 %, 200 rps, weight 1 %", 200.0, 0.01, 0.001, 0.01),
        world("1 % v 0.1 %, 200 rps, weight 50 %", 200.0, 0.5, 0.001, 0.01),
        world("100 % v 70 %, 30 rps", 30.0, 0.1, 0.7, 1.0),
        world("100 % v 0.1 %, 1 rps", 1.0, 0.1, 0.001, 1.0),
        World { next: client(0.98), ..world("404 to all, 200 rps", 200.0, 0.1, 0.001, 0.001) },
        World { next: client(0.98), ..world("404 to all, 5 rps", 5.0, 0.1, 0.001, 0.001) },
        World { next: slow(1.0), ..world("5 ms to 240 ms, 200 rps", 200.0, 0.1, 0.001, 0.001) },
        World { next: slow(0.3), ..world("three in ten slow, 20 rps", 20.0, 0.1, 0.001, 0.001) },
        World { clump: 5, ..world("1 % v 0.1 %, 200 rps, clumps of 5", 200.0, 0.1, 0.001, 0.01) },
        World { drift: 4.0, ..world("2 % v 0.5 % drifting fourfold, 200 rps", 200.0, 0.1, 0.005, 0.02) },
        world("rolling, 30 % v 0.1 %, 200 rps", 200.0, 1.0, 0.001, 0.3),
        world("rolling, 1 % v 0.1 %, 200 rps", 200.0, 1.0, 0.001, 0.01),
        world("rolling, 5 % v 1 %, 5 rps", 5.0, 1.0, 0.01, 0.05),
        World { next: client(0.98), ..world("rolling, 404 to all, 5 rps", 5.0, 1.0, 0.001, 0.001) },
    ]
}
