//! What counts as what, over looks that see the same periods again and again.

use super::*;
use crate::judging::Unproven;
use crate::settings::{Raw, read};
use crate::state::Verdict;
use crate::verdict::Whose;

const MINUTE: Seconds = Seconds(60);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).unwrap()
}

fn settings() -> Settings {
    read(&Raw::new(), &[("repository".to_owned(), "web".to_owned())].into(), &Raw::new()).unwrap()
}

fn asked(watched: u64) -> Asked {
    Asked {
        tolerated: settings().judging.tolerated(),
        side_by_side: true,
        watched: Seconds(watched),
        bake: MINUTE,
        patience: Seconds(600),
        unproven: Unproven::AsQuiet,
        minimum_requests: 20,
        whose: Whose::New,
    }
}

fn side(requests: u64, errors: u64) -> Answered {
    let percentiles = Some([0.005, 0.006, 0.009]).filter(|_| requests > 0);
    Answered {
        requests,
        errors,
        well: requests - errors,
        timed: requests,
        percentiles,
        ..Answered::default()
    }
}

fn minute(n: i64, next: Answered, live: Answered) -> Minute {
    let whole =
        Balancer { requests: next.requests + live.requests, errors: next.errors + live.errors, given_up: 0 };
    Minute { start: at(n), next, live, whole }
}

/// A pair whose shift is at the begin of minute 10; complete until the begin of minute `complete`.
fn watch(before: Watching, minutes: Vec<Minute>, complete: i64) -> Watch {
    Watch {
        before,
        minutes,
        period: MINUTE,
        complete: at(complete),
        began: at(9),
        shifted_at: Some(at(10)),
        weight: 10,
        side_by_side: true,
        sticky: false,
        convergence: Seconds(0),
    }
}

fn history() -> Vec<Minute> {
    (0..10).map(|n| minute(n, Answered::default(), side(10_000, 10))).collect()
}

fn with(next: &[(u64, u64)], live: &[(u64, u64)]) -> Vec<Minute> {
    let after = next.iter().zip(live).zip(10..);
    history()
        .into_iter()
        .chain(after.map(|((next, live), n)| minute(n, side(next.0, next.1), side(live.0, live.1))))
        .collect()
}

#[test]
fn a_minute_counts_once_however_often_it_is_seen() {
    let minutes = with(&[(1_000, 1), (1_000, 2)], &[(9_000, 9), (9_000, 9)]);
    let first = watch(Watching::default(), minutes.clone(), 11).judge(&settings(), &asked(60));
    assert_eq!(first.watching.proof.requests(), 1_000.0);
    let again = watch(first.watching.clone(), minutes.clone(), 11).judge(&settings(), &asked(60));
    assert_eq!(again.watching, first.watching);
    let later = watch(first.watching, minutes.clone(), 12).judge(&settings(), &asked(120));
    let at_once = watch(Watching::default(), minutes, 12).judge(&settings(), &asked(120));
    assert_eq!(later.watching.proof.requests(), 2_000.0);
    assert_eq!(later.ruling.evidence, at_once.ruling.evidence);
}

#[test]
fn a_minute_in_which_weights_changed_says_nothing() {
    let minutes = with(&[(500, 400)], &[(9_500, 9)]);
    let mut mixed = watch(Watching::default(), minutes, 11);
    mixed.shifted_at = Some(Timestamp::from_second(at(10).as_second() + 30).unwrap());
    let watched = mixed.judge(&settings(), &asked(0));
    assert_eq!((watched.watching.proof.requests(), watched.ruling.harmful), (0.0, false));
}

#[test]
fn limits_come_from_the_live_side_and_stay() {
    let first = watch(Watching::default(), history(), 10).judge(&settings(), &asked(0));
    assert_eq!(first.watching.limits, [55, 56, 59]);
    let slower: Vec<Minute> = history()
        .into_iter()
        .map(|mut minute| {
            minute.live.percentiles = Some([1.0, 1.0, 1.0]);
            minute
        })
        .collect();
    let second = watch(first.watching.clone(), slower, 10).judge(&settings(), &asked(0));
    assert_eq!(second.watching.limits, first.watching.limits);
}

#[test]
fn answers_beyond_the_limits_are_told() {
    let first = watch(Watching::default(), history(), 10).judge(&settings(), &asked(0));
    let mut minutes = with(&[(1_000, 0)], &[(9_000, 9)]);
    for minute in &mut minutes {
        minute.next.beyond = vec![minute.next.timed; 3];
        minute.live.beyond = vec![0, 0, minute.live.timed / 100];
    }
    let slow = watch(first.watching, minutes, 11).judge(&settings(), &asked(60));
    assert!(slow.ruling.harmful && slow.ruling.why.contains("took longer than"), "{}", slow.ruling.why);
}

#[test]
fn gross_harm_is_seen_before_its_minute_is_complete_and_a_few_errors_are_not() {
    let gross = watch(Watching::default(), with(&[(900, 600)], &[(9_000, 9)]), 10);
    let ruling = gross.judge(&settings(), &asked(0)).ruling;
    assert!(ruling.harmful, "{}", ruling.why);
    // Errors may be told before the requests that they are among.
    let early = watch(Watching::default(), with(&[(30, 30)], &[(0, 0)]), 10);
    assert!(!early.judge(&settings(), &asked(0)).ruling.harmful);
}

#[test]
fn who_gets_no_requests_is_told_so() {
    let none = watch(Watching::default(), with(&[(0, 0)], &[(10_000, 9)]), 11);
    let ruling = none.judge(&settings(), &asked(60)).ruling;
    assert_eq!(ruling.verdict, Verdict::Wait);
    assert!(ruling.why.starts_with("none of 10,000 requests went to the new tasks"), "{}", ruling.why);
}

#[test]
fn an_incident_that_ended_while_old_and_new_were_mixed_is_no_excuse() {
    let service = |n, errors| minute(n, side(600, errors), Answered::default());
    let told = |in_the_mixed_minute: u64| {
        let before = (0..7).map(|n| service(n, 1)).chain([service(7, 360), service(8, 110)]);
        let mixed = service(9, in_the_mixed_minute);
        let minutes: Vec<Minute> = before.chain([mixed]).chain((10..13).map(|n| service(n, 150))).collect();
        let rolling = Watch { side_by_side: false, weight: 100, ..watch(Watching::default(), minutes, 13) };
        rolling.judge(&settings(), &asked(60)).ruling
    };
    assert!(told(0).harmful, "{}", told(0).why);
    assert!(told(30).harmful, "the new tasks had a part of that minute: {}", told(30).why);
    assert!(!told(110).harmful, "it goes on since before the new tasks came: {}", told(110).why);
}

#[test]
fn a_rolling_services_history_ends_when_its_new_tasks_are_asked_for() {
    let service = |n, errors| minute(n, side(10_000, errors), Answered::default());
    let minutes: Vec<Minute> =
        (0..9).map(|n| service(n, 10)).chain((9..13).map(|n| service(n, 4_000))).collect();
    let rolling = Watch { side_by_side: false, weight: 100, ..watch(Watching::default(), minutes, 12) };
    let watched = rolling.judge(&settings(), &asked(60));
    assert_eq!(watched.watching.proof.requests(), 20_000.0, "minute 9 is old and new mixed");
    assert!(watched.ruling.harmful, "{}", watched.ruling.why);
}
