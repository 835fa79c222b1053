//! What the imagined world is held to: every scenario ends there as it must in the real one, every invariant holds, and a
//! seed repeats its history.

use imagined::{history, within};
use rehearsal::report;
use rehearsal::scenario::{self, CATALOGUE, Listener, Options, Play};
use rehearsal::stage::Pace;

struct Silent;

impl Listener for Silent {
    fn now(&mut self, _: &Play) {}
}

fn play(name: &str, options: Options) -> report::Scenario {
    let scenario = scenario::find(name).expect("it is in the catalogue");
    within(options.seed, async |binaries| {
        scenario::play(binaries, scenario, options, &mut Silent).await.expect("the stage is set")
    })
    .expect("a world")
}

fn hash(told: &report::Scenario) -> String {
    history::hash(&[serde_json::to_value(told).expect("it is written")])
}

/// The same pace, seed and expectations as the real world's test of the catalogue.
#[test]
fn every_scenario_ends_as_in_the_real_world() {
    for scenario in CATALOGUE {
        let told = play(scenario.name, Options { seed: 7, rate: 50.0, pace: Pace::AWS });
        assert!(told.broken.is_empty(), "{} (seed 7): {:#?}", scenario.name, told.broken);
    }
}

#[test]
fn a_seed_repeats_its_history_and_another_has_another() {
    let tell = |seed| hash(&play("crashing-push", Options { seed, rate: 20.0, pace: Pace::AWS }));
    let first = tell(3);
    assert_eq!(first, tell(3), "seed 3");
    assert_ne!(first, tell(4));
}

/// With every default of the template, at the pace that the defaults are made for.
#[test]
fn a_good_and_a_bad_push_end_as_they_should_at_awss_own_pace() {
    for (name, outcome) in
        [("good-push", "Succeeded"), ("bad-under-traffic", "RolledBack"), ("crashing-push", "RolledBack")]
    {
        let told = play(name, Options { seed: 1, rate: 2.0, pace: Pace::OWN });
        assert_eq!(told.outcome, outcome, "{name}: {:?}", told.reason);
        assert!(told.broken.is_empty(), "{name}: {:#?}", told.broken);
    }
}
