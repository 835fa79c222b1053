//! What chance does to the rule: simulated deployments, the same in each run of the tests. How often equal versions are
//! taken back, and how soon worse ones are. The bench (`examples/verdicts`) has more of both.

use super::counts::{Counted, Period, Slow};
use super::{Asked, Proof, rule};
use crate::judging::{Judging, Unproven};
use crate::span::Seconds;
use crate::state::Verdict;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use rand_distr::{Binomial, Distribution as _, Poisson};

const SEED: u64 = 14;
const RUNS: u64 = 400;
const PERIODS: usize = 30;
const LENGTH: u64 = 60;

#[derive(Clone, Copy)]
struct World {
    rate: f64,
    /// The next side's share of the requests, in three steps.
    weights: [f64; 3],
    /// The share of errors: live side, next side.
    errors: (f64, f64),
    clump: u64,
    /// Both sides fail this share for a minute that begins at any time.
    outage: f64,
    history: usize,
}

const PLAIN: World =
    World { rate: 20.0, weights: [0.1, 0.3, 0.5], errors: (0.01, 0.01), clump: 1, outage: 0.0, history: 10 };
const ROLLING: [f64; 3] = [1.0; 3];

/// The period in which it went back, from 1.
fn goes_back(world: &World, seed: u64) -> Option<usize> {
    let asked = Asked {
        tolerated: Judging::default().tolerated(),
        side_by_side: world.weights != ROLLING,
        watched: Seconds(0),
        bake: Seconds(600),
        patience: Seconds(1800),
        unproven: Unproven::Pass,
        minimum_requests: 20,
        whose: super::Whose::New,
    };
    let mut random = SmallRng::seed_from_u64(seed);
    let outage = random.random::<f64>() * PERIODS as f64;
    let mut proof = Proof::default();
    for at in 0..world.history {
        proof.before(at as i64, &side(world, &mut random, 1.0, world.errors.0), None);
    }
    for at in 0..PERIODS {
        let share = world.weights[at * world.weights.len() / PERIODS];
        // How much of this period is within the outage.
        let within = (1.0 - (outage - at as f64).abs()).max(0.0) * world.outage;
        let live = (share < 1.0).then(|| side(world, &mut random, 1.0 - share, world.errors.0.max(within)));
        let next = side(world, &mut random, share, world.errors.1.max(within));
        let period = Period { seconds: LENGTH, next, live, rest: None };
        proof.observe((world.history + at) as i64, &period, &asked.tolerated);
        if rule(&proof, &asked).verdict == Verdict::Failed {
            return Some(at + 1);
        }
    }
    None
}

fn side(world: &World, random: &mut SmallRng, share: f64, errors: f64) -> Counted {
    let asked = Poisson::new(world.rate * LENGTH as f64 * share).expect("a mean").sample(random) as u64;
    let mut of = |of, share: f64| Binomial::new(of, share).expect("a share").sample(random);
    let troubles = of(asked, errors / world.clump as f64);
    let requests = asked + troubles * (world.clump - 1);
    let slow = vec![Slow { limit: 0.1, answers: of(requests, 0.01) }];
    let client_errors = of(requests, 0.02);
    Counted { requests, errors: troubles * world.clump, client_errors, redirects: 0, answers: requests, slow }
}

/// How many of so many deployments went back, and when half of those had.
fn tried(world: &World, runs: u64) -> (usize, usize) {
    let mut back: Vec<usize> =
        (0..runs).filter_map(|run| goes_back(world, SEED.wrapping_mul(1_000_003) + run)).collect();
    back.sort_unstable();
    (back.len(), back.get(back.len() / 2).copied().unwrap_or(usize::MAX))
}

fn equal(rate: f64, base: f64) -> World {
    World { rate, errors: (base, base), ..PLAIN }
}

/// At one in a thousand, 400 runs have two of them in one world of a hundred.
#[test]
fn equal_versions_stay() {
    let worlds = [
        equal(0.1, 0.05),
        equal(1.0, 0.0),
        equal(1.0, 0.05),
        equal(20.0, 0.01),
        equal(200.0, 0.001),
        World { weights: [0.01, 0.01, 0.05], ..equal(200.0, 0.001) },
        World { weights: [0.9, 0.97, 0.99], ..equal(20.0, 0.01) },
        World { outage: 0.6, ..equal(10.0, 0.001) },
        World { outage: 1.0, weights: [0.9, 0.95, 0.95], ..equal(5.0, 0.001) },
        World { history: 0, ..equal(20.0, 0.01) },
        World { weights: ROLLING, ..equal(5.0, 0.01) },
        World { weights: ROLLING, history: 3, ..equal(30.0, 0.05) },
    ];
    let back: Vec<usize> = worlds.iter().map(|world| tried(world, RUNS).0).collect();
    assert!(back.iter().all(|back| *back <= 1) && back.iter().sum::<usize>() <= 3, "{back:?}");
}

#[test]
fn equal_versions_stay_where_errors_come_in_clumps() {
    let clumps = |rate, base| World { clump: 20, ..equal(rate, base) };
    let worlds = [
        clumps(1.0, 0.01),
        clumps(5.0, 0.01),
        clumps(20.0, 0.001),
        clumps(200.0, 0.001),
        World { history: 0, ..clumps(20.0, 0.01) },
        World { weights: ROLLING, ..clumps(5.0, 0.01) },
        World { clump: 5, ..clumps(20.0, 0.01) },
    ];
    let back: Vec<usize> = worlds.iter().map(|world| tried(world, RUNS).0).collect();
    assert!(back.iter().all(|back| *back <= 8) && back.iter().sum::<usize>() <= 20, "{back:?}");
}

#[test]
fn worse_versions_go_back_in_time() {
    let worse = |rate, live, next| World { rate, weights: [0.1; 3], errors: (live, next), ..PLAIN };
    for (world, median) in [
        (worse(200.0, 0.001, 0.3), 1),
        (worse(200.0, 0.001, 0.01), 2),
        (worse(200.0, 0.001, 0.005), 7),
        (worse(1_000.0, 0.0001, 0.005), 1),
        (worse(20.0, 0.001, 0.01), 13),
        (worse(30.0, 0.7, 1.0), 1),
        // Few requests, of which many fail, beside many that do not.
        (worse(1.0, 0.0, 0.4), 5),
        (World { weights: ROLLING, ..worse(200.0, 0.001, 0.01) }, 1),
    ] {
        let (back, half) = tried(&world, 100);
        assert!(back >= 95 && half <= median, "{:?} at {} rps: {back}, {half}", world.errors, world.rate);
    }
}
