//! What `check-health` says, look by look.

use changeover_domain::Timestamp;
use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::Since;
use changeover_domain::evidence::SideSeen;
use changeover_domain::evidence::{EcsDeployment, TargetSeen, TaskSeen};
use changeover_domain::samples::{old_tasks, watch};
use changeover_domain::settings::{Raw, read};
use changeover_domain::span::Seconds;
use changeover_domain::state::Verdict;
use check_health::{Purpose, View, decide};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn side(state: &str) -> SideSeen {
    let task = TaskSeen {
        task_definition: "td:2".into(),
        last_status: "RUNNING".into(),
        desired_status: "RUNNING".into(),
        ..TaskSeen::default()
    };
    let target = TargetSeen { id: "10.0.0.1".into(), port: 80, state: state.into(), why: None };
    let mut seen = SideSeen {
        tasks: vec![task],
        targets: [("tg".to_owned(), vec![target])].into(),
        ..SideSeen::default()
    };
    seen.service.task_definition = "td:2".into();
    seen.service.desired = 1;
    seen.service.deployments = vec![EcsDeployment {
        status: "PRIMARY".into(),
        task_definition: "td:2".into(),
        ..EcsDeployment::default()
    }];
    seen
}

fn view(purpose: Purpose, state: &str) -> View {
    let tags = Raw::from([("repository".to_owned(), "web".to_owned())]);
    View {
        purpose,
        now: at(1000),
        seen: side(state),
        revision: "td:2".into(),
        needed: 1,
        started_at: at(900),
        watched_since: at(950),
        readings: 0,
        read_at: None,
        since: Since::default(),
        watch: None,
        old: None,
        alarms: Alarms::Quiet,
        newer: None,
        taken_back: None,
        promoted: None,
        held: false,
        more_steps: true,
        settings: read(&Raw::new(), &tags, &Raw::new()).unwrap(),
        check_interval: Seconds(5),
        poll: Seconds(2),
        room_patience: Seconds(30),
        numbers_after: Seconds(20),
        data_patience: Seconds(100),
    }
}

#[test]
fn what_somebody_else_made_of_the_service_is_said() {
    let mut theirs = view(Purpose::Bake, "healthy");
    theirs.seen.service.name = "web".into();
    theirs.seen.service.task_definition = "td:7".into();
    theirs.since.ill = Some(at(900));
    let ruling = decide(&theirs);
    assert_eq!((ruling.verdict, ruling.why.as_str()), (Verdict::Failed, "someone else has set web to td:7"));
    let mut fewer = view(Purpose::Bake, "unhealthy");
    fewer.seen.service.desired = 0;
    fewer.since.ill = Some(at(900));
    assert!(decide(&fewer).why.contains("to 0 tasks, 1 are needed"), "{}", decide(&fewer).why);
}

#[test]
fn traffic_comes_after_the_last_healthy_reading_in_a_row() {
    let mut view = view(Purpose::Start, "healthy");
    let verdicts: Vec<_> = (0..3)
        .map(|_| {
            let ruling = decide(&view);
            view = View {
                readings: ruling.readings,
                read_at: Some(view.now),
                now: ruling.wait.after(view.now),
                ..view.clone()
            };
            ruling.verdict
        })
        .collect();
    assert_eq!(verdicts, [Verdict::Wait, Verdict::Wait, Verdict::Ready]);
}

#[test]
fn two_looks_within_one_health_check_interval_are_one_reading() {
    let view = View { readings: 2, read_at: Some(at(998)), ..view(Purpose::Start, "healthy") };
    let ruling = decide(&view);
    assert_eq!(
        (ruling.verdict, ruling.readings, ruling.took_reading, ruling.wait),
        (Verdict::Wait, 2, false, Seconds(3))
    );
}

#[test]
fn one_unhealthy_look_starts_the_count_again() {
    let ruling = decide(&View { readings: 2, read_at: Some(at(990)), ..view(Purpose::Start, "unhealthy") });
    assert_eq!((ruling.verdict, ruling.readings), (Verdict::Wait, 0));
}

#[test]
fn never_healthy_fails_at_the_timeout_with_what_was_missing() {
    let ruling = decide(&View { started_at: at(400), ..view(Purpose::Start, "unhealthy") });
    assert_eq!(ruling.verdict, Verdict::Failed);
    assert!(ruling.why.contains("not healthy after 10m: 0 of 1 targets"), "{}", ruling.why);
}

#[test]
fn a_bake_needs_its_time_and_its_requests() {
    let bake = |watched_since, next| View {
        watched_since: at(watched_since),
        watch: Some(watch(at(watched_since), at(1000), next, (100_000, 0))),
        ..view(Purpose::Bake, "healthy")
    };
    assert_eq!(decide(&bake(950, (10_000, 0))).verdict, Verdict::Wait, "60 s are not over");
    assert_eq!(decide(&bake(921, (10_000, 0))).verdict, Verdict::Wait, "their numbers are not all there");
    assert_eq!(decide(&bake(920, (10_000, 0))).verdict, Verdict::Ready);
    assert_eq!(decide(&bake(920, (3, 0))).verdict, Verdict::Wait, "no data waits");
    assert_eq!(decide(&bake(920, (100, 0))).verdict, Verdict::Wait, "a hundred requests prove little");
    assert_eq!(decide(&bake(800, (100, 0))).verdict, Verdict::Ready, "and are all there is");
    let uncounted = View { watch: None, ..bake(940, (0, 0)) };
    assert_eq!(decide(&uncounted).verdict, Verdict::Ready, "there are no numbers to wait for");
    assert_eq!(decide(&bake(800, (3, 0))).verdict, Verdict::Failed, "and in the end does not pass");
    let erring = decide(&bake(999, (200, 60)));
    assert_eq!((erring.verdict, erring.harmful), (Verdict::Failed, true), "errors are seen at once");
}

#[test]
fn a_passing_illness_is_waited_for_and_a_lasting_one_fails() {
    let ill = view(Purpose::Bake, "unhealthy");
    let first = decide(&ill);
    assert_eq!((first.verdict, first.since.ill), (Verdict::Wait, Some(at(1000))));
    let since = Since { ill: Some(at(985)), short: None };
    assert_eq!(decide(&View { since, ..ill }).verdict, Verdict::Failed);
}

#[test]
fn what_ecs_told_before_the_change_is_nobodys_doing() {
    let mut stale = View { started_at: at(995), ..view(Purpose::Start, "initial") };
    stale.seen.service.task_definition = "td:1".into();
    stale.seen.tasks.clear();
    let ruling = decide(&stale);
    assert_eq!(ruling.verdict, Verdict::Wait);
    assert!(!ruling.why.contains("someone else") && ruling.since == Since::default(), "{}", ruling.why);
}

#[test]
fn a_target_that_is_nobodys_task_is_told_with_its_port() {
    let mut seen = side("healthy");
    seen.service.name = "web".into();
    seen.tasks.iter_mut().for_each(|task| task.addresses = vec!["10.0.0.1".into()]);
    let strange = TargetSeen { id: "10.9.9.9".into(), port: 9999, state: "healthy".into(), why: None };
    seen.targets.values_mut().next().unwrap().push(strange);
    let ready = decide(&View { needed: 0, ..view(Purpose::Start, "healthy") });
    let told = ready.with_strays(&seen).why;
    assert!(told.contains("no task of web") && told.contains("10.9.9.9:9999 (healthy)"), "{told}");
}

#[test]
fn a_service_without_tasks_has_nothing_to_be_watched() {
    for purpose in [Purpose::Start, Purpose::Bake] {
        let mut none = View {
            needed: 0,
            watch: Some(watch(at(950), at(1000), (0, 0), (0, 0))),
            ..view(purpose, "healthy")
        };
        none.seen.tasks.clear();
        let ruling = decide(&none);
        assert!(ruling.verdict == Verdict::Ready && ruling.why.contains("no task proves"), "{}", ruling.why);
        none.seen.service.task_definition = "td:7".into();
        assert_eq!(decide(&none).verdict, Verdict::Wait, "someone else has set another revision");
    }
}

#[test]
fn autoscaling_and_replaced_tasks_are_no_illness_of_a_bake() {
    let bake = || View { watched_since: at(900), needed: 2, ..view(Purpose::Bake, "healthy") };
    let with = |states: &[&str], desired: u32| {
        let mut view = bake();
        view.seen.service.desired = desired;
        view.seen.tasks = vec![view.seen.tasks[0].clone(); states.len()];
        let target =
            |state: &&str| TargetSeen { id: "10.0.0.1".into(), port: 80, state: (*state).into(), why: None };
        view.seen.targets = [("tg".to_owned(), states.iter().map(target).collect())].into();
        view
    };
    let grown = decide(&with(&["healthy", "healthy", "initial"], 3));
    assert_eq!((grown.verdict, grown.since), (Verdict::Ready, Since::default()), "{}", grown.why);
    let replaced = with(&["healthy", "initial"], 2);
    let since = Since { ill: None, short: Some(at(500)) };
    let ruling = decide(&View { since, ..replaced.clone() });
    assert_eq!((ruling.verdict, ruling.since), (Verdict::Wait, since), "it is waited for: {}", ruling.why);
    let since = Since { ill: None, short: Some(at(400)) };
    let ruling = decide(&View { since, ..replaced });
    assert_eq!(
        (ruling.verdict, ruling.harmful),
        (Verdict::Failed, true),
        "but no longer than a start may take"
    );
}

#[test]
fn a_rollback_that_was_asked_for_ends_it() {
    let asked = Some("rollback asked for by an operator".to_owned());
    let ruling = decide(&View { taken_back: asked, ..view(Purpose::Start, "healthy") });
    assert_eq!((ruling.verdict, ruling.superseded), (Verdict::Failed, false));
}

#[test]
fn what_is_newer_ends_it() {
    let ruling = decide(&View { newer: Some("web:v3".into()), ..view(Purpose::Bake, "healthy") });
    assert_eq!((ruling.verdict, ruling.superseded), (Verdict::Failed, true));
}

#[test]
fn what_a_pause_holds_is_watched_without_a_count_or_a_clock() {
    let held = View {
        held: true,
        readings: 3,
        read_at: Some(at(999)),
        started_at: at(-90_000),
        ..view(Purpose::Start, "healthy")
    };
    let ruling = decide(&held);
    assert_eq!((ruling.verdict, ruling.readings), (Verdict::Ready, 3), "{}", ruling.why);
    assert_eq!(ruling.why, "the new tasks are healthy still");
    let ill = View { seen: side("unhealthy"), ..held };
    let ruling = decide(&ill);
    assert_eq!((ruling.verdict, ruling.readings), (Verdict::Wait, 0), "one look is none: {}", ruling.why);
    let lasting = View { since: Since { ill: Some(at(900)), short: Some(at(0)) }, ..ill };
    let ruling = decide(&lasting);
    assert_eq!((ruling.verdict, ruling.harmful), (Verdict::Failed, false), "{}", ruling.why);

    let numbers = |errors| Some(watch(at(0), at(1000), (10_000, errors), (100_000, 0)));
    let baked = View { held: true, watch: numbers(0), ..view(Purpose::Bake, "healthy") };
    assert_eq!(decide(&baked).verdict, Verdict::Ready);
    let erring = View { watch: numbers(5_000), ..baked };
    assert_eq!((decide(&erring).verdict, decide(&erring).harmful), (Verdict::Failed, true));
}

#[test]
fn who_ends_a_bake_does_without_its_time_and_not_without_what_it_watches() {
    let numbers = |errors| Some(watch(at(950), at(1000), (10_000, errors), (100_000, 0)));
    let promoted = View {
        promoted: Some("promote ordered by ann".to_owned()),
        watch: numbers(0),
        ..view(Purpose::Bake, "healthy")
    };
    let ruling = decide(&promoted);
    assert_eq!(ruling.verdict, Verdict::Ready);
    assert_eq!(ruling.why, "watched for 50s of 1m; promote ordered by ann");
    assert_eq!(decide(&View { watch: numbers(5_000), ..promoted.clone() }).verdict, Verdict::Failed);
    assert_eq!(decide(&View { seen: side("unhealthy"), ..promoted }).verdict, Verdict::Wait);
}

fn red() -> Alarms {
    Alarms::Red("alarm checkout is in ALARM: 5 errors".into())
}

fn unseen(since: i64) -> Alarms {
    Alarms::Unseen { why: "DescribeAlarms is busy".into(), since: at(since) }
}

#[test]
fn a_red_alarm_ends_it_with_its_own_reason_and_does_not_say_that_users_suffer() {
    for purpose in [Purpose::Start, Purpose::Bake] {
        let ruling = decide(&View { alarms: red(), ..view(purpose, "healthy") });
        assert_eq!((ruling.verdict, ruling.harmful), (Verdict::Failed, false));
        assert_eq!(ruling.why, "alarm checkout is in ALARM: 5 errors");
    }
    let promoted =
        View { alarms: red(), promoted: Some("promoted".into()), ..view(Purpose::Bake, "healthy") };
    assert_eq!(decide(&promoted).verdict, Verdict::Failed, "nobody goes past it");
    let held = View { alarms: red(), held: true, ..view(Purpose::Bake, "healthy") };
    assert_eq!(decide(&held).verdict, Verdict::Failed, "nor does a pause");
    let mut sick = View { alarms: red(), ..view(Purpose::Bake, "unhealthy") };
    sick.since.ill = Some(at(900));
    let ruling = decide(&sick);
    assert!(ruling.harmful && ruling.why.contains("; alarm checkout is in ALARM"), "{ruling:?}");
}

#[test]
fn alarms_that_cannot_be_seen_are_never_quiet() {
    let bake = |alarms| View { alarms, watched_since: at(100), ..view(Purpose::Bake, "healthy") };
    assert_eq!(decide(&bake(Alarms::Quiet)).verdict, Verdict::Ready);
    let waits = decide(&bake(unseen(900)));
    assert_eq!(waits.verdict, Verdict::Wait);
    assert!(
        waits.why.contains("cannot be seen") && waits.why.contains("DescribeAlarms is busy"),
        "{waits:?}"
    );
    let over = decide(&View { now: at(900 + 1800), ..bake(unseen(900)) });
    assert_eq!(over.verdict, Verdict::Failed);
    assert!(over.why.contains("could not be seen for 30m"), "{}", over.why);
    let mut sick = View { alarms: unseen(900), ..view(Purpose::Bake, "unhealthy") };
    sick.since.ill = Some(at(900));
    assert_eq!(decide(&sick).verdict, Verdict::Failed, "the tasks are judged all the same");
}

#[test]
fn since_when_alarms_cannot_be_seen_is_on_record() {
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::Deployment;
    let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
    let mut record = Deployment::new(service, id, "arn", "push", at(0));
    let view = View { alarms: unseen(990), ..view(Purpose::Bake, "healthy") };
    let ruling = decide(&view);
    check_health::apply(&mut record, &view, &ruling, &ruling.why);
    assert_eq!(record.progress.health.blind_at, Some(at(990)));
}

#[test]
fn no_user_meets_the_new_tasks_before_the_old_ones_were_seen_to_bear_the_migration() {
    let since = |migrated_at, old| View {
        readings: 3,
        old: Some(old_tasks(at(migrated_at), at(1000), (1_000, 1), old)),
        ..view(Purpose::Start, "healthy")
    };
    let waits = decide(&since(1000, (1_000, 1)));
    assert_eq!(waits.verdict, Verdict::Wait, "nothing of it is complete");
    assert!(waits.why.contains("the old ones are watched until"), "{}", waits.why);
    assert!(waits.took_reading && waits.old.is_some());
    assert_eq!(decide(&since(990, (1_000, 1))).verdict, Verdict::Ready, "they bear it");
    let hurt = decide(&since(990, (1_000, 400)));
    assert_eq!(hurt.verdict, Verdict::Failed);
    assert!(hurt.old_hurt && !hurt.harmful, "nobody has met the new tasks");
    assert!(
        hurt.why.contains("since the migration") && hurt.why.contains("of the old tasks failed"),
        "{}",
        hurt.why
    );
    // It does not wait for the new tasks.
    let early = View { seen: side("initial"), readings: 0, ..since(990, (1_000, 400)) };
    assert!(decide(&early).old_hurt);
    // Theirs to begin with.
    let long =
        View { old: Some(old_tasks(at(990), at(1000), (1_000, 400), (1_000, 400))), ..since(990, (0, 0)) };
    assert_eq!(decide(&long).verdict, Verdict::Ready);
}
