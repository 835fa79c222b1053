//! What `plan` plans, and what it refuses: every mistake at once, each with what to do.

mod common;

use changeover_domain::evidence::EcsDeployment;
use changeover_domain::plan::Plan;
use changeover_domain::span::Seconds;
use common::*;
use plan::{ContainerSeen, Decision, View, decide};
use std::collections::BTreeMap;

#[test]
fn the_side_with_the_traffic_is_live_and_the_other_is_next() {
    let plan = planned(&pair());
    assert_eq!((plan.live.ecs_service.as_str(), plan.tasks), ("blue", 4));
    assert_eq!(plan.next.unwrap().ecs_service, "green");

    let mut view = pair();
    view.routes[0].weights = BTreeMap::from([(BLUE.into(), 0), (GREEN.into(), 100)]);
    view.members[1].desired = 3;
    view.members[1].running = 3;
    let plan = planned(&view);
    assert_eq!((plan.live.ecs_service.as_str(), plan.tasks), ("green", 3));
}

#[test]
fn a_plan_holds_what_rollback_needs() {
    let plan = planned(&pair());
    assert_eq!(plan.routes, pair().routes);
    assert_eq!((plan.live.desired, plan.live.task_definition.as_str()), (4, "blue:1"));
    assert_eq!((plan.container.as_str(), plan.image.clone()), ("web", image("b")));
    assert_eq!(plan.pace.deregistration_delay, Seconds(30));
}

#[test]
fn a_rolling_service_has_no_next_side() {
    let plan = planned(&rolling());
    assert_eq!((plan.next, plan.tasks), (None, 4));
}

#[test]
fn a_window_that_a_rolling_service_does_not_have_is_noted() {
    let noted = |plan: &Plan| plan.notes.iter().any(|note| note.contains("rollback-window is 30m"));
    let set = |mut view: View| {
        view.settings.as_mut().unwrap().rollback_window = Seconds(1800);
        planned(&view)
    };
    assert!(noted(&set(rolling())));
    assert!(!noted(&set(pair())) && !noted(&planned(&rolling())));
}

#[test]
fn what_runs_already_is_not_deployed_unless_it_is_asked_for() {
    let mut view = pair();
    view.image = Ok(image("a"));
    assert!(matches!(decide(&view), Decision::NothingToDo(_)));
    view.redeploy = true;
    planned(&view);
}

#[test]
fn each_mistake_is_refused_in_words() {
    refused(rolling(), |view| view.members.clear(), &["no active service blue"]);
    refused(pair(), |view| drop(view.members.remove(1)), &["no active service green"]);
    refused(rolling(), |view| view.image = Err("repository web has no image".into()), &["has no image"]);
    refused(rolling(), |view| view.members[0].minimum_healthy_percent = 50, &["set it to 100"]);
    refused(rolling(), |view| view.members[0].maximum_percent = 150, &["set it to 200"]);
    refused(rolling(), |view| view.members[0].controller = "CODE_DEPLOY".into(), &["needs ECS"]);
    refused(rolling(), |view| view.members[0].ecs_strategy = "BLUE_GREEN".into(), &["set it to ROLLING"]);
    refused(rolling(), |view| view.members[0].settings.clear(), &["changeover:repository"]);
    refused(
        pair(),
        |view| view.members[1].settings.clear(),
        &["green has no tag changeover:repository", "green has no tag changeover:pair"],
    );
    let busy = EcsDeployment { status: "ACTIVE".into(), ..EcsDeployment::default() };
    refused(rolling(), |view| view.members[0].deployments.push(busy), &["still busy"]);
}

#[test]
fn a_tag_on_one_member_is_enough() {
    let mut view = pair();
    view.members[1].settings.insert("bake".into(), "5s".into());
    planned(&view);
}

#[test]
fn tags_that_contradict_are_refused() {
    refused(
        pair(),
        |view| {
            view.members[0].settings.insert("bake".into(), "30s".into());
            view.members[1].settings.insert("bake".into(), "60s".into());
            view.members[1].settings.insert("pair".into(), "red".into());
        },
        &["\"30s\" on blue and \"60s\" on green", "is paired with blue"],
    );
    refused(
        pair(),
        |view| {
            view.names.truncate(1);
            view.members.truncate(1);
        },
        &["names service blue itself"],
    );
}

#[test]
fn members_that_contradict_in_what_else_is_wrong_are_told_both() {
    refused(
        pair(),
        |view| {
            view.members[1].settings.insert("strategy".into(), "rolling".into());
            view.settings = Err(vec!["strategy is rolling but pair is set".into()]);
        },
        &["but pair is set", "\"blue-green\" on blue and \"rolling\" on green"],
    );
}

#[test]
fn each_member_names_the_other() {
    let unnamed = |view: &mut View| drop(view.members[0].settings.remove("pair"));
    refused(pair(), unnamed, &["service blue has no tag changeover:pair"]);
    let mut by_input = pair();
    for member in &mut by_input.members {
        member.settings.remove("pair");
    }
    planned(&by_input);
}

#[test]
fn target_groups_that_do_not_belong_together_are_refused() {
    let other = BALANCER.replace("web/3", "other/4");
    refused(pair(), |view| view.groups[1] = group(GREEN, &other), &["different load balancers"]);
    let network = BALANCER.replace("/app/", "/net/");
    let both = vec![group(BLUE, &network), group(GREEN, &network)];
    refused(pair(), |view| view.groups = both, &["needs an Application Load Balancer"]);
    refused(pair(), |view| view.groups.truncate(1), &["2 does not exist"]);
    refused(
        pair(),
        |view| {
            view.members[1].target_groups = view.members[0].target_groups.clone();
            view.groups.truncate(1);
        },
        &["both members have the same"],
    );
}

#[test]
fn routes_that_are_neither_sides_are_refused() {
    refused(pair(), |view| view.routes.clear(), &["no listener rule forwards"]);
    refused(
        pair(),
        |view| view.routes[0].weights = BTreeMap::from([(BLUE.into(), 70), (GREEN.into(), 30)]),
        &["neither side's"],
    );
    refused(
        pair(),
        |view| view.routes[0].weights.retain(|group, _| group != GREEN),
        &["add it with weight 0"],
    );
    refused(pair(), |view| view.routes[0].asks_cognito = true, &["authenticate-oidc"]);
}

#[test]
fn the_container_must_be_there_and_be_one() {
    let name = |view: &mut View| view.settings.as_mut().unwrap().container = Some("api".into());
    refused(rolling(), name, &["has no container api: there are web, sidecar"]);
    let both = |view: &mut View| {
        for container in &mut view.definitions.get_mut("blue:1").unwrap().containers {
            container.essential = true;
            container.image = "docker.io/library/httpd:2".into();
        }
    };
    refused(rolling(), both, &["no container of repository web and not just one essential container"]);
}

#[test]
fn every_container_of_the_repository_gets_the_image_unless_some_are_named() {
    let with = |images: [&str; 3], container: Option<&str>| {
        let mut view = rolling();
        view.settings.as_mut().unwrap().container = container.map(str::to_owned);
        let names = ["web", "worker", "proxy"].into_iter().zip(images);
        view.definitions.get_mut("blue:1").unwrap().containers = names
            .map(|(name, image)| ContainerSeen {
                name: name.into(),
                image: image.into(),
                essential: true,
                ..ContainerSeen::default()
            })
            .collect();
        planned(&view).containers()
    };
    let abroad = "2.dkr.ecr.eu-west-1.amazonaws.com/web:v1";
    assert_eq!(with(["r/web:v1", "r/web:v1", "nginx:1"], None), ["web", "worker"]);
    assert_eq!(with(["nginx:1", "r/web:v1", abroad], None), ["worker"], "of just this registry");
    assert_eq!(with([abroad, abroad, "nginx:1"], None), ["web", "worker"], "of the same name elsewhere");
    assert_eq!(with(["r/web:v1", "r/web:v1", "nginx:1"], Some("worker")), ["worker"]);
    assert_eq!(with(["r/web:v1", "r/web:v1", "nginx:1"], Some(" web  proxy ")), ["web", "proxy"]);
}

#[test]
fn what_runs_already_runs_it_in_every_container() {
    let mut view = rolling();
    let containers = &mut view.definitions.get_mut("blue:1").unwrap().containers;
    containers[1].image = format!("r/web@{}", image("b").digest);
    assert_eq!(planned(&view).containers(), ["web", "sidecar"], "one of the two has it already");
    view.definitions.get_mut("blue:1").unwrap().containers[0].image = format!("r/web@{}", image("b").digest);
    assert!(matches!(decide(&view), Decision::NothingToDo(_)));
}

#[test]
fn settings_that_need_longer_than_an_execution_may_take_are_refused() {
    let bakes = |view: &mut View, steps: Vec<u32>| {
        let settings = view.settings.as_mut().unwrap();
        settings.steps = steps;
        settings.bake = Seconds(24 * 3600);
    };
    refused(pair(), |view| bakes(view, vec![10, 50, 100]), &["would take up to 74h: at most 72h"]);
    let week = Some(7 * 24 * 3600);
    refused(pair(), |view| view.routes[0].stickiness_seconds = week, &["would take up to 338h"]);
    let mut two = pair();
    bakes(&mut two, vec![50, 100]);
    planned(&two);
}

#[test]
fn a_lack_of_room_is_refused_in_awss_words() {
    refused(
        pair(),
        |view| view.instances = Some(vec![instance(3 * 256)]),
        &["unable to place a task because no container instance met all"],
    );
    let mut warm = pair();
    warm.instances = Some(vec![instance(3 * 256)]);
    warm.members[1].running = 1;
    planned(&warm);
}

#[test]
fn a_live_side_without_tasks_is_refused() {
    let stop = |view: &mut View| (view.members[0].desired, view.members[0].running) = (0, 0);
    refused(pair(), stop, &["runs no tasks"]);
}

#[test]
fn every_mistake_is_told_at_once() {
    refused(
        pair(),
        |view| {
            view.members[0].minimum_healthy_percent = 50;
            view.members[1].ecs_strategy = "CANARY".into();
            view.routes[0].weights = BTreeMap::from([(BLUE.into(), 70), (GREEN.into(), 30)]);
            view.settings.as_mut().unwrap().container = Some("api".into());
            view.instances = Some(vec![]);
            view.image = Err("repository web has no image with tag latest".into());
        },
        &[
            "set it to 100",
            "set it to ROLLING",
            "neither side's",
            "no container api",
            "unable to place",
            "has no image",
        ],
    );
}

#[test]
fn one_mistake_does_not_hide_another() {
    let spoil = |view: &mut View| {
        view.settings = Err(vec!["changeover:bake is wrong".into()]);
        view.routes.clear();
        view.image = Err("repository web has no image with tag latest: push it first".into());
        view.instances = Some(vec![instance(256)]);
        view.definitions.get_mut("blue:1").unwrap().containers.push(ContainerSeen {
            name: "second".into(),
            image: "x".into(),
            essential: true,
            ..ContainerSeen::default()
        });
    };
    let parts =
        ["bake is wrong", "no listener rule", "has no image", "unable to place", "essential container"];
    refused(pair(), spoil, &parts);
    let missing = |view: &mut View| {
        view.members.pop();
        view.instances = Some(vec![instance(256)]);
    };
    refused(pair(), missing, &["has no active service green", "unable to place"]);
}

#[test]
fn the_target_groups_of_a_rolling_service_have_to_be_in_use() {
    refused(rolling(), |view| view.groups[0].load_balancers.clear(), &["no listener or rule forwards to"]);
    refused(rolling(), |view| view.groups.clear(), &["does not exist"]);
}

#[test]
fn what_no_application_load_balancer_counts_is_noted() {
    let mut view = rolling();
    let network = BALANCER.replace("/app/", "/net/");
    view.groups.iter_mut().for_each(|group| group.load_balancers = vec![network.clone()]);
    assert!(planned(&view).notes.iter().any(|note| note.contains("judge by health")));
    assert!(!planned(&rolling()).notes.iter().any(|note| note.contains("judge by health")));
}

#[test]
fn a_rolling_service_without_tasks_gets_the_revision_and_a_note() {
    let mut view = rolling();
    (view.members[0].desired, view.members[0].running) = (0, 0);
    let plan = planned(&view);
    assert_eq!(plan.tasks, 0);
    assert!(plan.notes.iter().any(|note| note.contains("no task proves")), "{:?}", plan.notes);
}

#[test]
fn alarms_that_are_missing_or_red_refuse_and_those_that_were_red_are_ignored_if_asked_for() {
    use changeover_domain::alarm::{AlarmSeen, RedAlarms};
    let red = |name: &str| AlarmSeen { name: name.into(), is_red: true, reason: "5 errors".into() };
    let watching = |red_alarms| {
        let mut view = pair();
        let settings = view.settings.as_mut().unwrap();
        (settings.alarms, settings.red_alarms) = (vec!["checkout".into(), "latency".into()], red_alarms);
        view
    };
    let spoil = |view: &mut View| view.alarms = vec![red("checkout")];
    let both = ["alarm checkout is in ALARM: 5 errors", "names latency, and CloudWatch has no such alarm"];
    refused(watching(RedAlarms::Refuse), spoil, &both);
    let mut view = watching(RedAlarms::Proceed);
    view.alarms = vec![red("checkout"), AlarmSeen { is_red: false, ..red("latency") }];
    let plan = planned(&view);
    assert_eq!(
        (plan.alarms(), plan.ignored_alarms.clone()),
        (vec!["latency".into()], vec!["checkout".into()])
    );
    assert!(plan.notes.iter().any(|note| note.contains("checkout") && note.contains("ignored")), "{plan:?}");
    view.image = Ok(image("a"));
    view.settings.as_mut().unwrap().red_alarms = RedAlarms::Refuse;
    assert!(matches!(decide(&view), Decision::NothingToDo(_)), "nothing would be changed");
}

#[test]
fn a_closed_calendar_postpones_what_nothing_else_stands_against() {
    use changeover_domain::calendar::{Postponed, Seen};
    let opens = changeover_domain::Timestamp::from_second(20_000).unwrap();
    let frozen = || {
        let mut view = pair();
        view.settings.as_mut().unwrap().calendar = Some("freezes".into());
        view.calendar = Some(Seen::Closed(Postponed { until: Some(opens) }));
        view
    };
    let Decision::Postpone(why, postponed) = decide(&frozen()) else { panic!("it is not postponed") };
    assert!(why.contains("freezes is closed until 1970-01-01T05:33:20Z"), "{why}");
    assert_eq!(postponed.until, Some(opens));
    let no_image = |view: &mut View| view.image = Err("repository web has no image".into());
    refused(frozen(), no_image, &["has no image", "freezes is closed"]);
    let mut view = frozen();
    view.overridden = Some("INC-1 (execution by-hand)".into());
    assert!(planned(&view).notes.iter().any(|note| note.ends_with("overridden: INC-1 (execution by-hand)")));
    let mut view = frozen();
    view.image = Ok(image("a"));
    assert!(matches!(decide(&view), Decision::NothingToDo(_)));
    refused(frozen(), |view| view.calendar = Some(Seen::Wrong("there is none".into())), &["there is none"]);
}
