//! What `plan` proves of the way back, and what it refuses because there would be none.

mod common;

use changeover_domain::evidence::{Exposed, TaskSeen};
use changeover_domain::readiness::Presence;
use changeover_domain::settings::{Raw, read};
use common::{definition, image, pair, planned, refused, rolling};
use plan::{DefinitionSeen, View};

/// A rolling service whose revision names its image by a tag, with tasks that run these images.
fn tagged(digits: &[&str]) -> View {
    let mut view = rolling();
    view.definitions.get_mut("blue:1").unwrap().containers[0].image = "r/web:latest".into();
    let task = |digit: &&str| TaskSeen {
        task_definition: "blue:1".into(),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        digests: [("web".to_owned(), image(digit).digest)].into(),
        ..TaskSeen::default()
    };
    view.tasks = [("blue".to_owned(), digits.iter().map(task).collect())].into();
    view
}

fn accepting(mut view: View) -> View {
    let input: Raw = [("no-way-back".to_owned(), "accept".to_owned())].into();
    view.settings = read(&input, &view.members[0].settings, &Raw::new());
    view
}

#[test]
fn a_live_revision_by_tag_gets_a_copy_of_what_its_tasks_run() {
    let plan = planned(&tagged(&["a", "a"]));
    let copy = plan.readiness.copy.expect("a copy");
    assert_eq!(copy.images["web"], format!("r/web@{}", image("a").digest));
    assert_eq!(plan.live.task_definition, "blue:1");
    assert!(plan.readiness.found[0].contains("goes back to a copy"), "{:?}", plan.readiness.found);
}

#[test]
fn a_live_revision_by_digest_is_its_own_way_back() {
    let mut view = rolling();
    view.registry = [(format!("r/web@{}", image("a").digest), Presence::There)].into();
    let plan = planned(&view);
    assert_eq!(plan.readiness.copy, None);
    assert!(plan.readiness.found.iter().any(|one| one.contains("the registry has")));
}

#[test]
fn a_deregistered_revision_is_copied_and_a_deleted_one_refuses() {
    let mut view = rolling();
    view.definitions.get_mut("blue:1").unwrap().status = "INACTIVE".into();
    assert!(planned(&view).readiness.copy.is_some());
    refused(
        rolling(),
        |view| drop(view.definitions.remove("blue:1")),
        &["blue:1 of service blue was deleted"],
    );
}

#[test]
fn a_next_side_on_a_deregistered_revision_is_planned() {
    let mut view = pair();
    view.definitions.insert("green:1".into(), DefinitionSeen { status: "INACTIVE".into(), ..definition() });
    let found = planned(&view).readiness.found;
    assert!(found.iter().any(|one| one.contains("green is set to green:1, which is INACTIVE")), "{found:?}");
}

#[test]
fn an_image_that_is_gone_refuses_unless_that_is_accepted() {
    for presence in [Presence::Gone, Presence::Archived] {
        let mut view = rolling();
        view.registry = [(format!("r/web@{}", image("a").digest), presence)].into();
        refused(view.clone(), |_| {}, &["set changeover:no-way-back to accept"]);
        let found = planned(&accepting(view)).readiness.found;
        assert!(found.iter().any(|one| one.starts_with("accepted: ")), "{found:?}");
    }
}

#[test]
fn tasks_of_several_images_refuse() {
    refused(tagged(&["a", "c"]), |_| {}, &["run different images"]);
    let plan = planned(&tagged(&["a", "b"]));
    let copy = plan.readiness.copy.expect("a copy");
    assert!(copy.images["web"].ends_with(&image("a").digest), "b is the new image");
}

#[test]
fn what_aws_would_refuse_in_mid_deployment_is_told_at_once() {
    let spoil = |view: &mut View| {
        view.members[1].exposes = vec![Exposed { container: "api".into(), port: Some(80), by: "tg".into() }];
        view.members[0].scheduling = "DAEMON".into();
        view.task_roles = "team-*".into();
        let live = view.definitions.get_mut("blue:1").unwrap();
        live.roles = vec!["arn:aws:iam::1:role/web".into()];
        live.tags = (0..50).map(|number| (format!("t{number}"), String::new())).collect();
    };
    let parts = ["container api to tg", "strategy DAEMON", "TaskRoles, team-*", "has 50 tags"];
    refused(pair(), spoil, &parts);
}
