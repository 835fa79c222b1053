//! What draining does, from every point that it can be at.

use changeover_domain::Timestamp;
use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::{Patience, Since};
use changeover_domain::evidence::SideSeen;
use changeover_domain::evidence::{EcsDeployment, TargetSeen, TaskSeen};
use changeover_domain::plan::FIGHT_PATIENCE;
use changeover_domain::route::{Route, WHOLE};
use changeover_domain::route::{RouteId, weights_for};
use changeover_domain::settings::{Raw, read};
use changeover_domain::span::Seconds;
use drain::{Action, Outgoing, View, decide, told_to_stop};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Two tasks of the new revision, behind targets in this state.
fn new(state: &str) -> SideSeen {
    let task = TaskSeen {
        task_definition: "td:2".into(),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        ..TaskSeen::default()
    };
    let target = TargetSeen { id: "10.0.0.1".into(), port: 80, state: state.into(), why: None };
    let mut seen = SideSeen {
        tasks: vec![task; 2],
        targets: [("next".to_owned(), vec![target; 2])].into(),
        ..SideSeen::default()
    };
    seen.service.desired = 2;
    seen
}

fn view(now: i64) -> View {
    let route = Route {
        id: RouteId::Rule("r".into()),
        load_balancer: "lb".into(),
        weights: weights_for("live", "next", WHOLE),
        stickiness_seconds: None,
        asks_cognito: false,
    };
    let mut seen = SideSeen::default();
    seen.service.desired = 2;
    View {
        now: at(now),
        seen,
        revision: "td:2".into(),
        planned: 2,
        started_at: at(900),
        since: Since::default(),
        patience: Patience { ill: Seconds(10), short: Seconds(600) },
        room_patience: Seconds(300),
        shifted_at: at(1000),
        quiet_at: None,
        scaled_in_at: None,
        alarms: Alarms::Quiet,
        watch: None,
        settings: read(&Raw::new(), &[("repository".to_owned(), "web".to_owned())].into(), &Raw::new())
            .unwrap(),
        taken_back: None,
        outgoing: Some(Outgoing {
            live: "live".into(),
            next: "next".into(),
            serving: new("healthy"),
            routes: vec![route],
            sticky: vec![],
            requests: 0,
        }),
        rollback_window: Seconds(0),
        newer: None,
        stickiness: Seconds(0),
        pins: false,
        pinned_at: None,
        deregistration_delay: Seconds(30),
        convergence: Seconds(120),
        evidence: Seconds(180),
        poll: Seconds(10),
    }
}

fn waits(view: &View) -> bool {
    matches!(decide(view), Ok(Action::Wait { .. }))
}

#[test]
fn no_requests_count_only_once_they_could_be_seen() {
    assert!(waits(&view(1100)), "weights have not converged");
    assert!(waits(&view(1299)), "counts are not complete");
    assert!(matches!(decide(&view(1300)), Ok(Action::Quiet { .. })));
}

#[test]
fn requests_hold_it_back_but_not_for_ever() {
    let mut busy = view(1400);
    busy.outgoing.as_mut().unwrap().requests = 1;
    assert!(waits(&busy));
    busy.now = at(1120 + 1800);
    assert!(matches!(decide(&busy), Ok(Action::Quiet { why }) if why.contains("still had 1 requests")));
}

#[test]
fn stickiness_is_waited_out() {
    assert!(waits(&View { stickiness: Seconds(3600), ..view(2000) }));
}

#[test]
fn stickiness_is_given_back_when_every_pin_has_run_out_and_before_the_old_tasks_go() {
    let released = |now, on: bool| {
        let mut view = View { stickiness: Seconds(600), ..view(now) };
        let outgoing = view.outgoing.as_mut().unwrap();
        outgoing.sticky = vec![RouteId::Rule("r".into())];
        outgoing.routes[0].stickiness_seconds = on.then_some(600);
        view
    };
    // Shifted at 1000; weights take 120 s.
    assert!(waits(&released(1719, false)));
    let Ok(Action::Pin { routes, .. }) = decide(&released(1720, false)) else { panic!("it is given back") };
    assert_eq!(routes, [RouteId::Rule("r".into())]);
    let back = View { pinned_at: Some(at(1720)), ..released(2019, true) };
    assert!(waits(&back), "the old tasks' requests are looked for from then on");
    let quiet = View { quiet_at: Some(at(2020)), ..back };
    assert_eq!(decide(&quiet), Ok(Action::ScaleIn));
    let taken_away = released(2019, false);
    let again = View { pinned_at: Some(at(1720)), quiet_at: Some(at(2020)), ..taken_away };
    assert!(matches!(decide(&again), Ok(Action::Pin { .. })), "no old task goes before it is back");
}

#[test]
fn clients_who_cannot_be_let_go_keep_the_old_tasks() {
    let mut pinned = View { stickiness: Seconds(600), pins: true, ..view(1600 + 1800) };
    pinned.outgoing.as_mut().unwrap().requests = 3;
    let Ok(Action::Drained { why, needs_human }) = decide(&pinned) else { panic!("it asks for a person") };
    assert!(needs_human && why.contains("clients who keep coming are pinned"), "{why}");
}

#[test]
fn the_window_keeps_it_warm() {
    let warm = View { quiet_at: Some(at(1300)), rollback_window: Seconds(600), ..view(1599) };
    assert!(waits(&warm));
    assert_eq!(decide(&View { now: at(1600), ..warm }), Ok(Action::ScaleIn));
}

#[test]
fn a_push_ends_the_window_in_good_order() {
    let newer = Some("web:v3".to_owned());
    let warm = View { quiet_at: Some(at(1300)), rollback_window: Seconds(600), newer, ..view(1400) };
    assert_eq!(decide(&warm), Ok(Action::ScaleIn));
    assert!(told_to_stop(&warm).contains("web:v3 is wanted now, which ends the rollback window"));
    // Not before the old tasks have no requests, and only while the new ones are well.
    assert!(!matches!(decide(&View { quiet_at: None, ..warm.clone() }), Ok(Action::ScaleIn)));
    let mut ill = warm.clone();
    ill.outgoing.as_mut().unwrap().serving = new("unhealthy");
    assert!(!matches!(decide(&ill), Ok(Action::ScaleIn)));
    let taken_back = View { taken_back: Some("INC-1".to_owned()), ..warm };
    assert!(matches!(decide(&taken_back), Ok(Action::TakeBack { .. })), "who takes it back comes first");
}

#[test]
fn no_old_task_is_stopped_while_the_new_ones_are_not_well() {
    let mut view = View { quiet_at: Some(at(1300)), ..view(1400) };
    assert_eq!(decide(&view), Ok(Action::ScaleIn));
    let serving = |view: &mut View, seen| view.outgoing.as_mut().unwrap().serving = seen;
    let mut one = new("healthy");
    one.targets.get_mut("next").unwrap()[0].state = "initial".into();
    serving(&mut view, one);
    assert!(waits(&view), "one of two is enough to serve, not to let the old ones go");
    serving(&mut view, new("unhealthy"));
    assert!(waits(&view), "it may pass");
    assert_eq!(drain::serving(&view).since().ill, Some(at(1400)));
    let lasting = View { since: Since { ill: Some(at(1390)), short: None }, ..view.clone() };
    assert!(matches!(decide(&lasting), Ok(Action::TakeBack { why, .. }) if why.contains("0 of 2")));
    let mut gone = view;
    gone.scaled_in_at = Some(at(1390));
    gone.seen.service.desired = 0;
    assert!(!matches!(decide(&gone), Ok(Action::TakeBack { .. })), "the old ones are going already");
}

#[test]
fn new_tasks_that_die_take_the_deployment_back_at_any_point_of_the_window() {
    let killed = |n: i64| TaskSeen {
        arn: format!("task/{n}"),
        task_definition: "td:2".into(),
        last_status: "STOPPED".into(),
        stopped: Some(changeover_domain::evidence::Stopped {
            at: Some(at(1200 + n)),
            code: "EssentialContainerExited".into(),
            reason: "OutOfMemoryError: container killed due to memory usage".into(),
            container: None,
        }),
        ..TaskSeen::default()
    };
    for (now, quiet_at) in [(1210, None), (1400, Some(at(1300)))] {
        let mut view = View { quiet_at, rollback_window: Seconds(9000), ..view(now) };
        view.outgoing.as_mut().unwrap().serving.tasks.extend([killed(1), killed(2)]);
        assert!(
            matches!(decide(&view), Ok(Action::TakeBack { why, .. }) if why.contains("OutOfMemoryError"))
        );
    }
}

#[test]
fn who_scales_the_new_side_says_how_many_tasks_serve() {
    let mut view = View { quiet_at: Some(at(1300)), planned: 4, ..view(1400) };
    assert_eq!(decide(&view), Ok(Action::ScaleIn), "two of two, though four were planned");
    let serving = &mut view.outgoing.as_mut().unwrap().serving;
    serving.service.desired = 0;
    serving.tasks.clear();
    assert!(waits(&view), "nobody serves");
}

#[test]
fn nothing_is_stopped_that_gets_requests_again() {
    let mut back = View { quiet_at: Some(at(1300)), ..view(1400) };
    back.outgoing.as_mut().unwrap().routes[0].weights = weights_for("live", "next", 90);
    assert_eq!(decide(&back).unwrap_err().name(), "RouteDrifted");
    let stale = View { now: at(1009), ..back };
    assert!(waits(&stale), "just after the shift AWS may tell what was before it");
}

#[test]
fn it_is_done_when_the_last_task_has_stopped() {
    let mut view = View { quiet_at: Some(at(1300)), scaled_in_at: Some(at(1310)), ..view(1320) };
    assert_eq!(decide(&view), Ok(Action::ScaleIn), "a repeat after dying between record and change");
    view.seen.service.desired = 0;
    view.seen.tasks = vec![TaskSeen { last_status: "DEACTIVATING".into(), ..TaskSeen::default() }];
    assert!(waits(&view));
    view.seen.tasks[0].last_status = "STOPPED".into();
    assert!(matches!(decide(&view), Ok(Action::Drained { needs_human: false, .. })));
}

#[test]
fn a_number_of_tasks_that_someone_sets_again_is_not_fought_over_for_ever() {
    let mut again = View { quiet_at: Some(at(1300)), scaled_in_at: Some(at(1310)), ..view(1320) };
    again.seen.service.name = "blue".into();
    assert_eq!(decide(&again), Ok(Action::ScaleIn));
    again.now = FIGHT_PATIENCE.after(at(1310));
    let Ok(Action::Drained { why, needs_human: true }) = decide(&again) else { panic!("it goes on") };
    assert!(why.contains("someone else sets blue to 2 tasks"), "{why}");
}

#[test]
fn the_old_tasks_take_the_traffic_back_while_they_are_there() {
    let asked = View { taken_back: Some("asked".into()), rollback_window: Seconds(600), ..view(1400) };
    assert_eq!(decide(&asked), Ok(Action::TakeBack { why: "asked".into(), harmful: false }));
    let mut late = View { scaled_in_at: Some(at(1390)), ..asked };
    late.seen.service.desired = 0;
    assert!(!matches!(decide(&late), Ok(Action::TakeBack { .. })), "they are going already");
}

#[test]
fn a_rolling_service_that_somebody_set_to_something_else_is_not_called_done() {
    let mut rolling = View { outgoing: None, seen: new("healthy"), ..view(1320) };
    rolling.seen.service.name = "web".into();
    rolling.seen.service.task_definition = "td:2".into();
    assert!(matches!(decide(&rolling), Ok(Action::Drained { needs_human: false, .. })));
    let asked = View { taken_back: Some("asked".into()), ..rolling.clone() };
    assert_eq!(decide(&asked), Ok(Action::TakeBack { why: "asked".into(), harmful: false }));
    let stale = View { started_at: at(1315), ..rolling.clone() };
    let mut stale = View { seen: SideSeen { tasks: Vec::new(), ..stale.seen.clone() }, ..stale };
    stale.seen.service.task_definition = "td:1".into();
    assert!(!matches!(decide(&stale), Ok(Action::TakeBack { .. })), "ECS tells what was before");
    let mut old = rolling.clone();
    old.seen.tasks.push(TaskSeen { last_status: "RUNNING".into(), ..TaskSeen::default() });
    old.seen.service.deployments = vec![EcsDeployment {
        status: "PRIMARY".into(),
        rollout_state: Some("COMPLETED".into()),
        ..EcsDeployment::default()
    }];
    assert!(waits(&old), "ECS calls it COMPLETED while an old task runs");
    let mut none = rolling.clone();
    none.seen.service.desired = 0;
    none.seen.tasks.clear();
    none.seen.targets.clear();
    assert!(matches!(decide(&none), Ok(Action::Drained { .. })), "its owner has scaled it to 0");
    let mut moving = rolling.clone();
    moving.seen.service.deployments = vec![EcsDeployment {
        status: "PRIMARY".into(),
        rollout_state: Some("IN_PROGRESS".into()),
        ..EcsDeployment::default()
    }];
    assert!(waits(&moving), "ECS has not completed its rollout");
    rolling.seen.service.task_definition = "td:1".into();
    let why = "someone else has set web to td:1".to_owned();
    assert_eq!(decide(&rolling), Ok(Action::TakeBack { why, harmful: false }));
}

#[test]
fn harm_within_the_rollback_window_takes_the_traffic_back() {
    let window = View { quiet_at: Some(at(1300)), rollback_window: Seconds(600), ..view(1400) };
    let told = |next| {
        let watch = changeover_domain::samples::watch(at(1390), at(1400), next, (1_000, 0));
        decide(&View { watch: Some(watch), ..window.clone() })
    };
    assert!(matches!(told((1_000, 0)), Ok(Action::Wait { .. })), "{:?}", told((1_000, 0)));
    let Ok(Action::TakeBack { why, harmful }) = told((1_000, 400)) else { panic!("it goes on") };
    assert!(harmful && why.contains("400 of 1,000 requests"), "{why}");
}

#[test]
fn a_red_alarm_takes_the_traffic_back_as_long_as_there_are_old_tasks() {
    let red = || Alarms::Red("alarm checkout is in ALARM: 5 errors".into());
    let window = View { quiet_at: Some(at(1300)), rollback_window: Seconds(600), ..view(1400) };
    let takes_back = |view: &View| match decide(view) {
        Ok(Action::TakeBack { why, harmful }) => {
            assert!(why.contains("alarm checkout is in ALARM: 5 errors"), "{why}");
            !harmful
        }
        _ => false,
    };
    assert!(takes_back(&View { alarms: red(), ..window.clone() }));
    assert!(takes_back(&View { alarms: red(), ..view(1100) }), "while weights converge");
    let mut rolling = View { alarms: red(), outgoing: None, seen: new("healthy"), ..view(1320) };
    rolling.seen.service.task_definition = "td:2".into();
    assert!(takes_back(&rolling));
    let over = View { now: at(1600), ..window };
    assert_eq!(decide(&over), Ok(Action::ScaleIn));
    let unseen = |since| Alarms::Unseen { why: "DescribeAlarms is busy".into(), since: at(since) };
    assert!(waits(&View { alarms: unseen(1590), ..over.clone() }), "no old task is stopped unseen");
    assert!(matches!(decide(&View { alarms: unseen(-200), ..over }), Ok(Action::TakeBack { .. })));
}
