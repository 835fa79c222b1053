//! What `plan` proves of the way back, and what it refuses because there would be none.

mod common;

use changeover_domain::evidence::{EcsDeployment, Exposed, TaskSeen};
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

/// The same with a rollout of `blue:2` that fails.
fn failing(failed: u32) -> View {
    let mut view = tagged(&["a", "a"]);
    view.members[0].task_definition = "blue:2".into();
    view.members[0].desired = 2;
    view.definitions.insert("blue:2".into(), definition());
    let deployment = |status: &str, revision: &str, state: &str, failed| EcsDeployment {
        status: status.into(),
        task_definition: revision.into(),
        rollout_state: Some(state.into()),
        failed,
        ..EcsDeployment::default()
    };
    view.members[0].deployments = vec![
        deployment("PRIMARY", "blue:2", "IN_PROGRESS", failed),
        deployment("ACTIVE", "blue:1", "COMPLETED", 0),
    ];
    view
}

#[test]
fn a_rollout_that_fails_is_repaired_from_what_serves() {
    refused(failing(2), |_| {}, &["ECS is still busy"]);
    let plan = planned(&failing(3));
    assert_eq!((plan.live.task_definition.as_str(), plan.live.running), ("blue:1", 2));
    assert_eq!(plan.source(), "blue:2", "what it was set to is what the new revision is a copy of");
    assert!(plan.readiness.copy.is_some(), "what serves names its image by a tag");
    assert!(plan.notes.iter().any(|note| note.contains("a repair of blue")), "{:?}", plan.notes);
}

#[test]
fn what_fails_is_repaired_by_the_very_image_it_fails_to_run_and_without_anything_that_serves() {
    let mut view = failing(3);
    view.image = Ok(image("a"));
    view.tasks.clear();
    let plan = planned(&view);
    assert_eq!((plan.live.task_definition.as_str(), plan.live.running), ("blue:2", 0));
    assert!(plan.notes.iter().any(|note| note.contains("nothing to go back to")), "{:?}", plan.notes);
}

#[test]
fn a_next_side_that_fails_gives_way_and_goes_back_to_no_tasks() {
    let mut view = pair();
    view.members[1].desired = 2;
    view.members[1].deployments = vec![EcsDeployment {
        status: "PRIMARY".into(),
        task_definition: "green:1".into(),
        rollout_state: Some("FAILED".into()),
        ..EcsDeployment::default()
    }];
    assert_eq!(planned(&view).next.map(|next| next.desired), Some(0));
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
        let runs = TaskSeen {
            task_definition: "blue:1".into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            ..TaskSeen::default()
        };
        view.tasks = [("blue".to_owned(), vec![runs; 4])].into();
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
