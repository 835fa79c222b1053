//! Clients who are pinned to the side that goes.

mod common;

use changeover_domain::route::Weight;
use changeover_domain::span::Seconds;
use common::*;
use rollback::{Action, Members, View, decide};

/// A pair in the middle of a shift, with clients pinned for 100 s, or let go.
fn pinned(weight: Weight, on: bool) -> View {
    let mut view = View { stickiness: Seconds(100), ..pair(weight) };
    let Members::Pair { routes, sticky, .. } = &mut view.members else { unreachable!() };
    *sticky = vec![routes[0].id.clone()];
    routes[0].stickiness_seconds = on.then_some(100);
    view
}

/// The same when everything but that is as it was: at 998 the weights were back.
fn over(now: i64, on: bool) -> View {
    let view = View { now: at(now), restored_at: Some(at(998)), asked_at: Some(at(0)), ..pinned(0, on) };
    with_next(view, side("green", "td:0", 0))
}

#[test]
fn with_the_weights_clients_are_let_go_and_before_the_new_tasks_go() {
    assert!(matches!(decide(&pinned(50, true)), Action::Weights { .. }));
    let back = View { restored_at: Some(at(900)), ..pinned(0, true) };
    assert!(
        matches!(decide(&back), Action::Weights { .. }),
        "the weights are back, and clients still pinned"
    );
    let never = View { shown: false, ..back };
    assert!(!matches!(decide(&never), Action::Weights { .. }), "nobody can be pinned to what nobody met");
}

#[test]
fn stickiness_is_given_back_last_when_every_pin_has_run_out() {
    let Action::Wait { why } = decide(&over(1102, false)) else { panic!("pins have not run out") };
    assert!(why.contains("clients were pinned for 100s"), "{why}");
    let Action::Pin { routes, .. } = decide(&over(1103, false)) else { panic!("they have") };
    assert_eq!(routes.len(), 1);
    let given_back = View { pinned_at: Some(at(1103)), ..over(1104, true) };
    assert!(matches!(decide(&given_back), Action::Done { .. }));
}
