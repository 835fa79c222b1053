//! `gate`'s decisions, and what they put on record.

use changeover_domain::Timestamp;
use changeover_domain::gate::{Hook, Kind, Orders, Place, Placed, Point, Then};
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::Deployment;
use changeover_domain::samples;
use changeover_domain::span::Seconds;
use gate::{Action, View, apply, decide};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn deployment() -> Deployment {
    Deployment::new(ServiceName::new("main", "web"), DeploymentId::from("d-1"), "arn", "push", at(0))
}

fn view(record: &Deployment, now: i64, hook: Option<Hook>) -> View {
    View {
        now: at(now),
        point: Point::BeforeTraffic,
        place: Place::BeforeTraffic,
        hooks: hook.map(|hook| Placed { point: Point::BeforeTraffic, number: 0, hook }).into_iter().collect(),
        gate: record.progress.gate.clone(),
        task: None,
        hook_timeout: Seconds(300),
        orders: record.orders.clone(),
        newer: None,
        migrated: record.progress.migrated.clone(),
        old: None,
        settings: samples::plan().settings,
        poll: Seconds(10),
    }
}

fn pause(then: Then) -> Option<Hook> {
    Some(Hook::Pause { limit: Seconds(100), then })
}

/// Looks, decides and puts on record; what is decided.
fn step(record: &mut Deployment, now: i64, hook: Option<Hook>) -> Action {
    let view = view(record, now, hook);
    let action = decide(&view);
    apply(record, &view, &action);
    action
}

#[test]
fn where_nothing_is_set_and_nothing_ordered_it_passes_and_nothing_is_written() {
    let mut record = deployment();
    assert_eq!(step(&mut record, 1, None), Action::Pass);
    assert_eq!(record, deployment());
}

#[test]
fn a_pause_holds_until_somebody_promotes_it_and_only_that_one() {
    let mut record = deployment();
    assert!(matches!(step(&mut record, 1, pause(Then::RollBack)), Action::Hold { .. }));
    assert!(matches!(step(&mut record, 2, pause(Then::RollBack)), Action::Wait { .. }));
    assert_eq!(record.order(Kind::Promote, at(3), "approve-1", Some("looks good")), Ok(true));
    assert_eq!(record.order(Kind::Promote, at(3), "approve-1", Some("looks good")), Ok(false), "repeated");
    assert_eq!(record.order(Kind::Promote, at(4), "approve-2", None), Ok(false), "it is promoted already");
    let action = step(&mut record, 5, pause(Then::RollBack));
    let Action::GoOn { why } = action else { panic!("{action:?}") };
    assert_eq!(why, "promote ordered by approve-1: looks good");
    assert_eq!(
        step(&mut record, 6, pause(Then::RollBack)),
        Action::Pass,
        "asked again it does not hold again"
    );
    let order = &record.orders.given[0];
    assert_eq!((order.place, order.by.as_str()), (Some(Place::BeforeTraffic), "approve-1"));
    let other = View {
        place: Place::BeforeDrain,
        point: Point::BeforeDrain,
        ..view(&record, 7, pause(Then::RollBack))
    };
    assert!(matches!(decide(&other), Action::Hold { .. }), "the next pause is one of its own");
}

#[test]
fn when_nobody_decides_in_time_it_does_what_is_set() {
    for (then, goes_back) in [(Then::RollBack, true), (Then::Promote, false)] {
        let mut record = deployment();
        step(&mut record, 1, pause(then));
        assert!(matches!(step(&mut record, 100, pause(then)), Action::Wait { .. }));
        let action = step(&mut record, 101, pause(then));
        assert_eq!(matches!(action, Action::GoBack { .. }), goes_back, "{action:?}");
        assert_eq!(record.reason.is_some(), goes_back);
        assert_eq!(record.progress.gate.held, None);
    }
}

#[test]
fn a_rollback_and_a_push_that_takes_its_place_end_a_pause() {
    let mut record = deployment();
    step(&mut record, 1, pause(Then::RollBack));
    let newer = View { newer: Some("web@new".to_owned()), ..view(&record, 2, pause(Then::RollBack)) };
    assert!(matches!(decide(&newer), Action::GoBack { superseded: true, .. }));
    record.take_back("rollback asked for by ann");
    let action = step(&mut record, 3, pause(Then::RollBack));
    assert!(matches!(action, Action::GoBack { superseded: false, .. }), "{action:?}");
    assert!(record.order(Kind::Promote, at(4), "late", None).unwrap_err().contains("being taken back"));
}

#[test]
fn an_order_to_pause_stops_at_the_next_point_once() {
    let mut record = deployment();
    assert_eq!(record.order(Kind::Pause, at(1), "stop", Some("incident")), Ok(true));
    assert_eq!(record.order(Kind::Pause, at(1), "stop again", None), Ok(false));
    let action = step(&mut record, 2, None);
    assert!(matches!(action, Action::Hold { then: Then::RollBack, .. }), "{action:?}");
    assert!(matches!(step(&mut record, 3, None), Action::Wait { .. }));
    assert_eq!(record.order(Kind::Continue, at(4), "go", None), Ok(true));
    assert!(matches!(step(&mut record, 5, None), Action::GoOn { .. }));
    let other = View { place: Place::BeforeDrain, point: Point::BeforeDrain, ..view(&record, 6, None) };
    assert_eq!(decide(&other), Action::Pass, "one order stops once");
}

#[test]
fn an_order_to_pause_is_taken_back_before_it_stops_anything() {
    let mut record = deployment();
    record.order(Kind::Pause, at(1), "stop", None).expect("it is taken");
    assert_eq!(record.order(Kind::Continue, at(2), "go", None), Ok(true));
    assert_eq!(step(&mut record, 3, None), Action::Pass);
    assert!(record.order(Kind::Continue, at(4), "go again", None).unwrap_err().contains("not paused"));
}

#[test]
fn an_order_about_nothing_or_too_late_says_so() {
    let mut record = deployment();
    let why = record.order(Kind::Promote, at(1), "early", None).unwrap_err();
    assert!(why.contains("no pause and in no bake"), "{why}");
    record.outcome = Some(changeover_domain::record::Outcome::Succeeded);
    for kind in [Kind::Promote, Kind::PromoteAll, Kind::Pause, Kind::Continue] {
        let why = record.order(kind, at(2), "late", None).unwrap_err();
        assert!(why.contains("comes too late") && why.contains("Succeeded"), "{why}");
    }
    assert_eq!(record.orders, Orders::default());
}

#[test]
fn to_promote_all_ends_every_bake_and_pause_between_steps_and_no_other() {
    let mut record = deployment();
    record.progress.shift.step = Some(0);
    record.progress.shift.shifted_at = Some(at(1));
    assert_eq!(record.order(Kind::PromoteAll, at(2), "all", None), Ok(true));
    for place in [Place::Bake(0), Place::AfterStep(0), Place::Bake(5)] {
        assert!(record.orders.ends(place).is_some(), "{place}");
    }
    assert!(record.orders.ends(Place::BeforeDrain).is_none());
}
