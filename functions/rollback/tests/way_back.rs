//! Going back to a copy, because the revision from before would not bring back what ran.

mod common;

use changeover_domain::evidence::SideSeen;
use changeover_domain::plan::Member;
use common::*;
use rollback::{Action, Members, View, Which, decide};

/// A rolling service that was set to the new revision, whose way back is a copy.
fn copied() -> View {
    View {
        live: side("web", "td:2", 2),
        live_before: member("web", "td:1-copy", 2),
        original: Some("td:1".into()),
        members: Members::Rolling,
        shown: false,
        ..pair(0)
    }
}

#[test]
fn what_named_its_image_by_a_tag_goes_back_to_its_copy_whoever_set_it_back_meanwhile() {
    for set_to in ["td:2", "td:1"] {
        let view = View { live: side("web", set_to, 2), ..copied() };
        let Action::Scale { which: Which::Live, task_definition, desired: None, .. } = decide(&view) else {
            panic!("{set_to}: {:?}", decide(&view))
        };
        assert_eq!(task_definition.as_deref(), Some("td:1-copy"), "ECS's own rollback goes to the tag");
    }
    let back = View { live: side("web", "td:1-copy", 2), ..copied() };
    assert!(matches!(decide(&back), Action::Done { .. }), "{:?}", decide(&back));
    let theirs = View { live: side("web", "td:9", 2), ..copied() };
    assert!(matches!(decide(&theirs), Action::GiveUp { why } if why.contains("someone else")));
}

#[test]
fn a_pair_whose_tasks_were_told_to_stop_gets_them_of_the_copy() {
    let stopping = View {
        live: side("blue", "td:1", 0),
        live_before: member("blue", "td:1-copy", 2),
        original: Some("td:1".into()),
        ..pair(100)
    };
    let Action::Scale { which: Which::Live, task_definition, desired: Some(2), .. } = decide(&stopping)
    else {
        panic!("{:?}", decide(&stopping))
    };
    assert_eq!(task_definition.as_deref(), Some("td:1-copy"));
    let gone = View { is_active: false, ..stopping };
    assert!(
        matches!(decide(&gone), Action::Scale { task_definition: None, desired: Some(2), .. }),
        "ECS scales a service of a revision that was deregistered"
    );
}

#[test]
fn a_revision_that_was_deregistered_meanwhile_is_copied_first() {
    let view = View { is_active: false, original: None, ..copied() };
    assert!(matches!(decide(&view), Action::Register { .. }), "{:?}", decide(&view));
}

#[test]
fn a_next_side_whose_revision_was_deregistered_goes_to_no_tasks() {
    let Members::Pair { live_group, next_group, next, next_before, routes, .. } = pair(0).members else {
        unreachable!()
    };
    let members = |next: SideSeen| Members::Pair {
        live_group: live_group.clone(),
        next_group: next_group.clone(),
        next: Box::new(next),
        next_before: next_before.clone(),
        next_is_active: false,
        routes: routes.clone(),
        sticky: vec![],
    };
    let view = View { restored_at: Some(at(900)), members: members(*next), ..pair(0) };
    let Action::Scale { which: Which::Next, task_definition: None, desired: Some(0), .. } = decide(&view)
    else {
        panic!("{:?}", decide(&view))
    };
    let away = View { members: members(side("green", "td:2", 0)), ..view };
    assert!(matches!(decide(&away), Action::Done { .. }), "{:?}", decide(&away));
}

#[test]
fn what_was_broken_is_back_with_what_served() {
    let mut view = View {
        live: side("web", "td:1", 1),
        live_before: Member { running: 1, ..member("web", "td:1", 4) },
        original: Some("td:5".into()),
        broken: true,
        ..copied()
    };
    view.live.service.desired = 4;
    assert!(matches!(decide(&view), Action::Done { .. }), "{:?}", decide(&view));
    let whole = View { broken: false, ..view };
    assert!(matches!(decide(&whole), Action::Wait { .. }), "{:?}", decide(&whole));
}
