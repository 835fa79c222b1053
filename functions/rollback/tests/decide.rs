//! What going back does, from every point that it can begin at.

mod common;

use changeover_domain::evidence::ServiceSeen;
use changeover_domain::route::Weight;
use common::*;
use rollback::{Action, Members, View, Which, decide};

#[test]
fn capacity_comes_before_traffic() {
    let scaled_in = View { live: side("blue", "td:1", 0), ..pair(100) };
    assert!(matches!(decide(&scaled_in), Action::Scale { which: Which::Live, desired: Some(2), .. }));
    let mut starting = View { live: side("blue", "td:1", 2), ..pair(100) };
    starting.live.targets.get_mut("blue").unwrap()[0].state = "initial".into();
    assert!(matches!(decide(&starting), Action::Wait { .. }));
    assert!(matches!(decide(&pair(100)), Action::Weights { .. }));
}

#[test]
fn new_tasks_go_only_after_the_weights_have_reached_every_node() {
    let back = View { restored_at: Some(at(998)), ..pair(0) };
    assert!(matches!(decide(&back), Action::Wait { .. }));
    let settled = View { now: at(1003), ..back };
    assert_eq!(
        decide(&settled),
        Action::Scale {
            which: Which::Next,
            task_definition: Some("td:0".into()),
            desired: Some(0),
            why: "the new tasks are told to stop".into()
        }
    );
}

#[test]
fn weights_that_someone_else_moves_are_not_fought_over() {
    let moved = View { restored_at: Some(at(985)), ..pair(30) };
    assert!(matches!(decide(&moved), Action::GiveUp { why } if why.contains("someone else")));
}

#[test]
fn what_never_had_traffic_goes_at_once() {
    let unseen = View { shown: false, ..pair(0) };
    assert!(matches!(decide(&unseen), Action::Scale { which: Which::Next, .. }));
}

#[test]
fn it_is_done_when_no_new_task_is_left() {
    let stopping = View { shown: false, ..pair(0) };
    let mut next = side("green", "td:2", 1);
    next.service = ServiceSeen { task_definition: "td:0".into(), ..ServiceSeen::default() };
    next.tasks[0].last_status = "DEACTIVATING".into();
    let stopping = with_next(stopping, next.clone());
    assert!(matches!(decide(&stopping), Action::Wait { .. }));
    next.tasks[0].last_status = "STOPPED".into();
    assert!(matches!(decide(&with_next(stopping, next)), Action::Done { .. }));
}

#[test]
fn when_the_old_side_stays_sick_traffic_is_left_and_a_person_is_called() {
    let mut sick = pair(100);
    for target in sick.live.targets.get_mut("blue").unwrap() {
        target.state = "unhealthy".into();
    }
    assert!(matches!(decide(&sick), Action::Wait { .. }));
    sick.began_at = Some(at(1000 - 631));
    let Action::GiveUp { why } = decide(&sick) else { panic!("it goes on for ever") };
    assert!(why.contains("nothing was deleted"), "{why}");
    assert!(why.contains("push another image"), "the same image again starts nothing: {why}");
}

#[test]
fn traffic_is_where_it_is_served_best_while_the_old_side_comes_back() {
    let mut dead = pair(50);
    for target in dead.live.targets.get_mut("blue").unwrap() {
        target.state = "unhealthy".into();
    }
    assert!(matches!(decide(&dead), Action::Shelter { .. }));
    let sheltered = View { live: dead.live.clone(), ..pair(100) };
    assert!(matches!(decide(&sheltered), Action::Wait { .. }), "and stays there");
    let never_shown = View { shown: false, ..dead.clone() };
    assert!(matches!(decide(&never_shown), Action::Wait { .. }), "what was not verified is not shown");
    let mut half = pair(50);
    half.live.targets.get_mut("blue").unwrap()[0].state = "unhealthy".into();
    let mut none = side("green", "td:2", 2);
    for target in none.targets.get_mut("green").unwrap() {
        target.state = "unhealthy".into();
    }
    assert!(matches!(decide(&with_next(half, none.clone())), Action::Weights { .. }), "one beats none");
    assert!(matches!(decide(&with_next(dead, none)), Action::Wait { .. }), "neither: nothing is moved");
}

/// Ten old tasks of which so many are healthy, and ten new ones that are.
fn ten(healthy: usize) -> View {
    let mut view =
        View { live: side("blue", "td:1", 10), live_before: member("blue", "td:1", 10), ..pair(50) };
    for target in view.live.targets.get_mut("blue").unwrap().iter_mut().skip(healthy) {
        target.state = "unhealthy".into();
    }
    with_next(view, side("green", "td:2", 10))
}

#[test]
fn users_who_suffer_do_not_wait_for_the_last_old_task() {
    assert!(matches!(decide(&ten(9)), Action::Wait { .. }), "nothing is on fire: capacity comes first");
    for (healthy, gives) in [(9, true), (5, true), (4, false)] {
        let action = decide(&View { harmful: true, ..ten(healthy) });
        assert_eq!(matches!(action, Action::Weights { .. }), gives, "{healthy}: {action:?}");
    }
}

#[test]
fn in_the_end_old_tasks_are_preferred_to_condemned_ones() {
    let late = |healthy, harmful| View { began_at: Some(at(1000 - 631)), harmful, ..ten(healthy) };
    assert!(matches!(decide(&late(1, true)), Action::Weights { .. }));
    assert!(matches!(decide(&late(5, false)), Action::Weights { .. }));
    assert!(
        matches!(decide(&late(1, false)), Action::GiveUp { .. }),
        "one task cannot stand in for ten good ones"
    );
    assert!(matches!(decide(&late(0, true)), Action::Shelter { .. }));
}

#[test]
fn what_the_live_side_was_told_to_run_is_the_whole_of_it() {
    let mut shrinking = pair(50);
    shrinking.live_before.running = 3;
    assert!(matches!(decide(&shrinking), Action::Weights { .. }), "the third was on its way out");
}

#[test]
fn what_someone_sets_again_and_again_is_not_fought_over_for_ever() {
    let fewer = View { live: side("blue", "td:1", 1), ..pair(50) };
    assert!(matches!(decide(&View { tells: 39, ..fewer.clone() }), Action::Scale { .. }));
    let Action::Wait { why } = decide(&View { tells: 40, ..fewer }) else { panic!("it is fought over") };
    assert!(why.contains("again and again"), "{why}");
    let back = View { shown: false, tells: 40, ..pair(0) };
    assert!(matches!(decide(&back), Action::GiveUp { why } if why.contains("again and again")));
    let rolling = View { members: Members::Rolling, live: side("web", "td:2", 2), tells: 40, ..pair(0) };
    let rolling = View { live_before: member("web", "td:1", 2), ..rolling };
    assert!(matches!(decide(&rolling), Action::GiveUp { .. }));
}

#[test]
fn a_rolling_service_is_told_its_old_revision_and_watched() {
    let began = View { members: Members::Rolling, live: side("web", "td:2", 2), ..pair(0) };
    let began = View { live_before: member("web", "td:1", 2), ..began };
    assert!(matches!(
        decide(&began),
        Action::Scale { which: Which::Live, desired: None, task_definition: Some(td), .. } if td == "td:1"
    ));
    let back = View { live: side("web", "td:1", 2), ..began };
    assert!(matches!(decide(&back), Action::Done { .. }));
}

#[test]
fn a_revision_that_someone_else_set_is_left() {
    let theirs = View { members: Members::Rolling, live: side("web", "td:9", 2), ..pair(0) };
    let theirs = View { live_before: member("web", "td:1", 2), ..theirs };
    assert!(matches!(decide(&theirs), Action::GiveUp { why } if why.contains("td:9")));
    let live = View { live: side("blue", "td:9", 2), ..pair(50) };
    assert!(matches!(decide(&live), Action::Weights { .. }), "the live side's revision is no change of ours");
}

#[test]
fn a_recovery_does_not_say_done_while_the_dead_execution_may_still_act() {
    let rolling = View { members: Members::Rolling, live: side("web", "td:1", 2), ..pair(0) };
    let looks_done = View { live_before: member("web", "td:1", 2), others_until: Some(at(1010)), ..rolling };
    assert!(matches!(decide(&looks_done), Action::Wait { why } if why.contains("may still come")));
    let came = View { live: side("web", "td:2", 2), ..looks_done.clone() };
    assert!(
        matches!(decide(&came), Action::Scale { task_definition: Some(td), .. } if td == "td:1"),
        "it came late"
    );
    assert!(matches!(decide(&View { now: at(1010), ..looks_done }), Action::Done { .. }));
}

/// A pair that another execution has taken over at 1000; what the dead one had begun may come until 1010.
fn taken_over(weight: Weight, now: i64) -> View {
    View { now: at(now), others_until: Some(at(1010)), ..pair(weight) }
}

#[test]
fn a_shift_that_comes_late_finds_tasks_and_is_taken_back() {
    assert!(matches!(decide(&taken_over(50, 1000)), Action::Weights { .. }), "traffic goes back at once");
    let back = View { restored_at: Some(at(1001)), ..taken_over(0, 1007) };
    let Action::Wait { why } = decide(&back) else { panic!("the new tasks are stopped too early") };
    assert!(why.contains("may still come"), "{why}");
    let late = View { restored_at: Some(at(1001)), ..taken_over(50, 1008) };
    assert!(matches!(decide(&late), Action::Weights { .. }), "nobody else has moved them");
    let seen_late = View { restored_at: Some(at(1001)), ..taken_over(50, 1012) };
    assert!(
        matches!(decide(&seen_late), Action::Weights { .. }),
        "it came before, and was not seen until now"
    );
    let settled = View { restored_at: Some(at(1010)), ..taken_over(0, 1016) };
    assert!(matches!(decide(&settled), Action::Scale { which: Which::Next, .. }));
    let moved = View { restored_at: Some(at(1010)), ..taken_over(50, 1021) };
    assert!(matches!(decide(&moved), Action::GiveUp { .. }), "now it is somebody else");
}

#[test]
fn what_was_not_shown_stays_as_well_while_a_late_shift_may_come() {
    let unseen = View { shown: false, ..taken_over(0, 1005) };
    assert!(matches!(decide(&unseen), Action::Wait { .. }));
    assert!(matches!(decide(&View { now: at(1010), ..unseen }), Action::Scale { which: Which::Next, .. }));
}

#[test]
fn old_tasks_that_may_be_stopped_late_are_not_given_the_traffic() {
    let drained = View { quiet: true, ..taken_over(100, 1005) };
    assert!(matches!(decide(&drained), Action::Wait { why } if why.contains("may still come")));
    let stopped = View { live: side("blue", "td:1", 0), ..drained.clone() };
    assert!(matches!(decide(&stopped), Action::Scale { which: Which::Live, .. }), "they are asked for again");
    assert!(matches!(decide(&View { now: at(1010), ..drained.clone() }), Action::Weights { .. }));
    let harmful = View { harmful: true, ..drained.clone() };
    assert!(matches!(decide(&harmful), Action::Weights { .. }), "what may come is better than what is");
    let mut none = side("green", "td:2", 2);
    for target in none.targets.get_mut("green").unwrap() {
        target.state = "unhealthy".into();
    }
    assert!(matches!(decide(&with_next(drained, none)), Action::Weights { .. }));
}

#[test]
fn a_recovery_calls_nobody_before_all_has_come() {
    let mut sick = View { began_at: Some(at(1000 - 631)), ..taken_over(100, 1005) };
    for target in sick.live.targets.get_mut("blue").unwrap() {
        target.state = "unhealthy".into();
    }
    assert!(matches!(decide(&sick), Action::Wait { why } if why.contains("nothing was deleted")));
    assert!(matches!(decide(&View { now: at(1010), ..sick }), Action::GiveUp { .. }));
}

#[test]
fn what_aws_tells_just_after_a_change_is_looked_at_again() {
    let service = || View {
        members: Members::Rolling,
        live: side("web", "td:1", 2),
        live_before: member("web", "td:1", 2),
        ..pair(0)
    };
    let fresh = View { asked_at: Some(at(995)), ..service() };
    assert!(matches!(decide(&fresh), Action::Wait { why } if why.contains("looked at again")));
    assert!(matches!(decide(&service()), Action::Done { .. }), "what was asked for long ago is known by now");
}

#[test]
fn weights_that_show_as_before_for_a_moment_are_nobodys_doing() {
    let moved = |second| View { restored_at: Some(at(second)), ..pair(50) };
    assert!(matches!(decide(&moved(995)), Action::Wait { .. }));
    assert!(matches!(decide(&moved(980)), Action::GiveUp { why } if why.contains("someone else changed")));
}
