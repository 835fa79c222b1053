//! What a bake judges, from what users did to what becomes of the deployment: things that went wrong once on a served
//! cloud, each with its right end. At AWS's own pace, with every default, unless a row is about another.

use imagined::within;
use rehearsal::report;
use rehearsal::scenario::{self, Listener, MayFail, Options, Outage, PUSH, Play, Scenario, Script};
use rehearsal::stage::Pace;

struct Silent;

impl Listener for Silent {
    fn now(&mut self, _: &Play) {}
}

/// One step, so that a story is short.
const AT_ONCE: &[(&str, &str)] = &[("steps", "10 100")];
/// A pair whose image is pushed.
const PAIR: Scenario = Scenario { name: "pair", tags: AT_ONCE, may_fail: MayFail::Any, ..PUSH };
/// A rolling service.
const ROLLING: Scenario =
    Scenario { name: "rolling", pair: false, tags: &[], may_fail: MayFail::Any, ..PUSH };
const STAYS: Option<&str> = Some("Succeeded");
const GOES_BACK: Option<&str> = Some("RolledBack");

fn play(scenario: &Scenario, rate: f64, seed: u64) -> report::Scenario {
    let options = Options { seed, rate, pace: Pace::OWN };
    let told = within(seed, async |binaries| {
        scenario::play(binaries, scenario, options, &mut Silent).await.expect("the stage is set")
    })
    .expect("a world");
    let timeline: Vec<String> =
        told.timeline.iter().map(|at| format!("{} {}: {}", at.at_ms / 1000, at.state, at.note)).collect();
    assert!(told.broken.is_empty(), "seed {seed}: {:#?}\n{}", told.broken, timeline.join("\n"));
    told
}

/// How many requests failed of those that a version answered.
fn failed(told: &report::Scenario, version: &str) -> u64 {
    told.requests.by_version.get(version).map_or(0, |version| version.failed)
}

/// What a state said, in all of its looks.
fn said<'a>(told: &'a report::Scenario, state: &'a str) -> impl Iterator<Item = &'a str> {
    told.timeline.iter().filter(move |moment| moment.state == state).map(|moment| moment.note.as_str())
}

#[test]
fn what_both_versions_suffer_together_for_a_minute_takes_nothing_back() {
    let outage = Outage { begins: 240, lasts: 60, both: true, options: &["--error-rate", "0.6"] };
    let scenario = Scenario { outage: Some(outage), outcome: STAYS, ..PAIR };
    for seed in 1..=2 {
        let told = play(&scenario, 10.0, seed);
        assert!(failed(&told, "v1") > 100 && failed(&told, "v2") > 10, "{:?}", told.requests.by_version);
    }
}

#[test]
fn long_standing_errors_are_no_reason_to_go_back() {
    let options = &["--error-rate", "0.05"];
    let scenario = Scenario { before: options, image: options, outcome: STAYS, ..PAIR };
    for seed in 1..=2 {
        assert!(failed(&play(&scenario, 15.0, seed), "v2") > 20);
    }
}

#[test]
fn a_fix_that_fails_altogether_goes_back() {
    let scenario = Scenario {
        before: &["--error-rate", "0.7"],
        image: &["--error-rate", "1"],
        outcome: GOES_BACK,
        reason: &["requests of the new tasks failed", "against the old tasks in the same minutes: "],
        ..PAIR
    };
    play(&scenario, 10.0, 1);
}

#[test]
fn an_outage_that_ended_before_it_came_is_no_measure_for_a_rolling_service() {
    let outage = Outage { begins: -105, lasts: 60, both: false, options: &["--error-rate", "0.6"] };
    let scenario = Scenario {
        outage: Some(outage),
        image: &["--error-rate", "0.25"],
        outcome: GOES_BACK,
        reason: &["requests of the new tasks failed", "against what is usual: "],
        ..ROLLING
    };
    let told = play(&scenario, 10.0, 1);
    assert!(failed(&told, "v1") > 100, "{:?}", told.requests.by_version);
}

#[test]
fn what_has_been_slow_for_a_minute_is_not_the_fault_of_who_comes_then() {
    let outage = Outage { begins: -60, lasts: 900, both: true, options: &["--latency", "1s"] };
    let scenario = Scenario { outage: Some(outage), outcome: STAYS, may_fail: MayFail::None, ..ROLLING };
    for seed in 1..=2 {
        play(&scenario, 10.0, seed);
    }
}

#[test]
fn a_version_that_knows_no_page_goes_back() {
    let scenario = Scenario {
        image: &["--not-found-rate", "1"],
        outcome: GOES_BACK,
        reason: &["requests with 4xx (100 %)"],
        may_fail: MayFail::None,
        ..PAIR
    };
    play(&scenario, 10.0, 1);
}

#[test]
fn a_version_that_is_twenty_times_as_slow_goes_back() {
    let scenario = Scenario {
        before: &["--latency", "5ms"],
        image: &["--latency", "240ms"],
        outcome: GOES_BACK,
        reason: &["answers of the new tasks took longer than 0."],
        may_fail: MayFail::None,
        ..PAIR
    };
    play(&scenario, 10.0, 1);
}

#[test]
fn what_fails_after_all_bakes_goes_back_while_the_old_tasks_are_warm() {
    let scenario = Scenario {
        image: &["--error-rate", "0.5", "--trouble-after", "45m"],
        tags: &[("steps", "10 100"), ("rollback-window", "1h")],
        outcome: GOES_BACK,
        reason: &[
            "the old tasks were still there, and take the traffic back",
            "requests of the new tasks failed",
        ],
        ..PAIR
    };
    let told = play(&scenario, 10.0, 1);
    assert!(said(&told, "Bake").any(|note| note.contains("certainty")), "{:#?}", told.timeline);
    assert!(failed(&told, "v2") < 900, "three minutes of it: {:?}", told.requests.by_version);
}

#[test]
fn users_who_stay_where_they_were_have_not_tried_it() {
    // It fails in the end, so that the story has one.
    let scenario = Scenario {
        sticky: Some(1800),
        image: &["--error-rate", "1", "--trouble-after", "14m"],
        outcome: GOES_BACK,
        tags: &[("steps", "33 100"), ("bake", "30m")],
        ..PAIR
    };
    let told = play(&scenario, 4.0, 1);
    let said: Vec<&str> = said(&told, "Bake").collect();
    let free = said.iter().filter(|note| {
        note.contains("of the requests were free to go there")
            && note.contains("stickiness keeps users where they were")
    });
    assert!(free.count() > 0, "{said:#?}");
}

#[test]
fn a_quiet_night_passes_on_health_and_says_so() {
    let scenario = Scenario { outcome: STAYS, may_fail: MayFail::None, ..PAIR };
    let told = play(&scenario, 0.02, 1);
    assert!(said(&told, "Bake").any(|note| note.contains("a quiet time")), "{:#?}", told.timeline);
}

#[test]
fn one_in_a_hundred_against_one_in_a_thousand_is_found_in_minutes() {
    let scenario = Scenario {
        before: &["--error-rate", "0.001"],
        image: &["--error-rate", "0.01"],
        tags: &[("steps", "10 100"), ("bake", "5m")],
        outcome: GOES_BACK,
        reason: &["requests of the new tasks failed"],
        ..PAIR
    };
    let told = play(&scenario, 200.0, 1);
    assert!(failed(&told, "v2") < 200, "{:?}", told.requests.by_version);
}

#[test]
fn an_alarm_of_the_teams_own_takes_a_rolling_service_back() {
    let scenario = Scenario {
        script: Script::AlarmRises,
        tags: &[("alarms", "checkout"), ("bake", "10m")],
        outcome: GOES_BACK,
        reason: &["alarm checkout is in ALARM", "alarm:checkout-errors transitioned to ALARM"],
        may_fail: MayFail::None,
        ..ROLLING
    };
    let told = play(&scenario, 5.0, 1);
    assert!(failed(&told, "v2") == 0, "{:?}", told.requests.by_version);
}
