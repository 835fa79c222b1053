//! Hooks that do something: when each has its turn, what is made of what it answers, and what an event says.

use changeover_aws::ecs::LastDeployment;
use changeover_aws::invoke::Invoked;
use changeover_aws::once::{Now, Start};
use changeover_domain::Timestamp;
use changeover_domain::gate::{Hook, Place, Placed, Point, Then, read};
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::Deployment;
use changeover_domain::samples::{self, old_tasks};
use changeover_domain::span::Seconds;
use changeover_domain::verdict::migrated::OldTasks;
use gate::{Action, View, apply, decide, heard, started};
use serde_json::json;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).expect("a time")
}

fn deployment() -> Deployment {
    Deployment::new(ServiceName::new("main", "web"), DeploymentId::from("d-1"), "arn", "push", at(0))
}

fn hooks(pairs: &[(&str, &str)]) -> Vec<Placed> {
    let mut mistakes = Vec::new();
    let found = pairs.iter().map(|(key, value)| ((*key).to_owned(), *key, *value));
    let hooks = read(found, false, &mut mistakes);
    assert_eq!(mistakes, [""; 0]);
    hooks
}

/// A deployment at one of its points.
struct Stage {
    record: Deployment,
    point: Point,
    hooks: Vec<Placed>,
    old: Option<OldTasks>,
}

impl Stage {
    fn at(point: Point, pairs: &[(&str, &str)]) -> Self {
        Self { record: deployment(), point, hooks: hooks(pairs), old: None }
    }

    fn view(&self, now: i64, task: Option<Now>) -> View {
        View {
            now: at(now),
            point: self.point,
            place: Place::at(self.point, None),
            hooks: self.hooks.clone(),
            gate: self.record.progress.gate.clone(),
            task,
            hook_timeout: Seconds(300),
            orders: self.record.orders.clone(),
            newer: None,
            migrated: self.record.progress.migrated.clone(),
            old: self.old.clone(),
            settings: samples::plan().settings,
            poll: Seconds(10),
        }
    }

    fn take(&mut self, now: i64, task: Option<Now>) -> Action {
        let view = self.view(now, task);
        let action = decide(&view);
        apply(&mut self.record, &view, &action);
        action
    }

    /// What comes of it that a hook's function answered this.
    fn hears(&mut self, now: i64, invoked: Invoked) -> Action {
        let view = self.view(now, None);
        let action = heard(&view, &self.hooks[0], invoked);
        apply(&mut self.record, &view, &action);
        action
    }
}

fn answered(status: &str) -> Invoked {
    Invoked::Answered(json!({"hookStatus": status, "callBackDelay": 60, "hookDetails": {"seen": 1}}))
}

#[test]
fn a_function_is_invoked_until_it_says_what_came_of_it_and_then_no_more() {
    let mut stage = Stage::at(Point::BeforeTraffic, &[("before-traffic", "lambda smoke")]);
    assert!(matches!(stage.take(1, None), Action::Begin { number: 0, until } if until == at(301)));
    let Action::Invoke { name, .. } = stage.take(1, None) else { panic!("its turn has come") };
    assert_eq!(name, "smoke");
    assert!(
        matches!(stage.take(2, None), Action::Invoke { .. }),
        "an answer that was lost is asked for again"
    );
    assert!(
        matches!(stage.hears(2, answered("IN_PROGRESS")), Action::Again { at: again, .. } if again == at(62))
    );
    assert!(matches!(stage.take(61, None), Action::Wait { .. }));
    assert!(matches!(stage.take(62, None), Action::Invoke { .. }));
    let running = stage.record.progress.gate.running.clone().expect("it is under way");
    assert_eq!((running.answers, running.details), (1, Some(json!({"seen": 1}))));
    assert!(matches!(stage.hears(63, answered("SUCCEEDED")), Action::Done { .. }));
    assert_eq!(stage.take(64, None), Action::Pass);
    assert_eq!(stage.record.progress.gate.done.len(), 1);
}

#[test]
fn whatever_a_function_answers_else_takes_the_deployment_back() {
    let big = json!({"hookStatus": "IN_PROGRESS", "hookDetails": "x".repeat(5_000)});
    for (invoked, part) in [
        (answered("FAILED"), "answered FAILED"),
        (answered("succeeded"), "without a hookStatus"),
        (Invoked::Answered(json!("yes")), "without a hookStatus"),
        (Invoked::Answered(big), "more than 4096 bytes"),
        (Invoked::Failed("KeyError: 'x'".to_owned()), "failed: KeyError"),
    ] {
        let mut stage = Stage::at(Point::BeforeTraffic, &[("before-traffic", "lambda smoke")]);
        stage.take(1, None);
        let action = stage.hears(2, invoked);
        let Action::GoBack { why, superseded: false } = action else { panic!("{action:?}") };
        assert!(why.starts_with("lambda smoke at before-traffic") && why.contains(part), "{why}");
        assert_eq!(stage.record.reason.as_deref(), Some(why.as_str()));
    }
}

#[test]
fn after_the_outcome_a_failure_is_told_and_changes_nothing() {
    let mut stage = Stage::at(Point::AfterSuccess, &[("after-success", "lambda tell")]);
    stage.record.orders.taken_back = Some("too late".to_owned());
    stage.take(1, None);
    assert!(matches!(stage.hears(2, answered("FAILED")), Action::Done { .. }));
    assert_eq!(stage.take(3, None), Action::Pass);
    assert!(stage.record.reason.is_none());
    assert!(stage.record.timeline.last().is_some_and(|last| last.note.contains("answered FAILED")));
}

#[test]
fn a_task_runs_once_and_counts_by_its_exit_code() {
    let started_at = |stage: &mut Stage, now| {
        assert!(matches!(stage.take(now, None), Action::Begin { .. }));
        let Action::Run { command, .. } = stage.take(now, None) else { panic!("its turn has come") };
        assert_eq!(command, ["./migrate", "up"]);
        let view = stage.view(now, None);
        let action = started(&view, &stage.hooks[0], Start::Task("task-1".to_owned()));
        apply(&mut stage.record, &view, &action);
    };
    let ended = |code| Some(Now::Ended { code, reason: "Essential container in task exited".to_owned() });
    for (task, now, part) in [
        (ended(Some(0)), 50, None),
        (ended(Some(3)), 50, Some("exit code 3")),
        (ended(None), 50, Some("without an exit code")),
        (Some(Now::Runs("RUNNING".to_owned())), 301, Some("did not end within 5m")),
        (Some(Now::Unknown), 50, Some("does not know any more")),
    ] {
        let mut stage = Stage::at(Point::BeforeStart, &[("before-start", "task ./migrate up")]);
        started_at(&mut stage, 1);
        let runs = Some(Now::Runs("PENDING".to_owned()));
        assert!(matches!(stage.take(2, runs), Action::Wait { why } if why.contains("PENDING")));
        assert!(matches!(stage.take(3, Some(Now::Unknown)), Action::Wait { .. }), "no read after write");
        match (stage.take(now, task), part) {
            (Action::Done { .. }, None) => assert_eq!(stage.take(now, None), Action::Pass),
            (Action::GoBack { why, .. }, Some(part)) => assert!(why.contains(part), "{why}"),
            (action, part) => panic!("{action:?} for {part:?}"),
        }
    }
}

#[test]
fn a_task_that_finds_no_room_is_tried_again_until_its_time_is_over() {
    let mut stage = Stage::at(Point::BeforeStart, &[("before-start", "task ./migrate")]);
    stage.take(1, None);
    let view = stage.view(2, None);
    let action = started(&view, &stage.hooks[0], Start::NoRoom("RESOURCE:MEMORY".to_owned()));
    assert!(matches!(&action, Action::Again { why, .. } if why.contains("RESOURCE:MEMORY")), "{action:?}");
    apply(&mut stage.record, &view, &action);
    assert!(matches!(stage.take(3, None), Action::Wait { .. }));
    assert!(matches!(stage.take(32, None), Action::Run { .. }));
    let mut late = Stage {
        record: stage.record.clone(),
        ..Stage::at(Point::BeforeStart, &[("before-start", "task ./migrate")])
    };
    let view = late.view(32, None);
    apply(&mut late.record, &view, &started(&view, &late.hooks[0], Start::Task("task-1".to_owned())));
    assert!(matches!(late.take(40, Some(Now::Unknown)), Action::Wait { .. }), "it was started just now");
    assert!(matches!(stage.take(301, None), Action::GoBack { .. }));
}

#[test]
fn hooks_of_a_point_have_their_turns_in_order_and_who_takes_back_does_not_wait_for_them() {
    let pairs = [("before-traffic.1", "lambda smoke"), ("before-traffic.2", "pause 1m then promote")];
    let mut stage = Stage::at(Point::BeforeTraffic, &pairs);
    stage.take(1, None);
    stage.hears(2, answered("SUCCEEDED"));
    let action = stage.take(3, None);
    assert!(matches!(action, Action::Hold { then: Then::Promote, .. }), "{action:?}");
    assert!(matches!(stage.take(63, None), Action::GoOn { .. }));
    assert_eq!(stage.take(64, None), Action::Pass);

    let other = [("before-traffic", "pause 1m then promote"), ("before-traffic.1", "lambda smoke")];
    let mut stage = Stage::at(Point::BeforeTraffic, &other);
    assert!(matches!(stage.take(1, None), Action::Hold { .. }));
    assert!(matches!(stage.take(61, None), Action::GoOn { .. }));
    assert!(
        matches!(stage.take(61, None), Action::Begin { number: 1, .. }),
        "what is set after a pause is not left out"
    );

    let mut stage = Stage::at(Point::BeforeTraffic, &pairs);
    stage.take(1, None);
    stage.record.orders.taken_back = Some("somebody asked".to_owned());
    assert!(matches!(stage.take(2, None), Action::GoBack { .. }));
    assert_eq!(stage.record.progress.gate.running, None);
}

#[test]
fn an_event_has_the_shape_of_those_of_ecs() {
    let stage = Stage::at(Point::BeforeTraffic, &[("before-traffic", "lambda smoke")]);
    let mut record = stage.record.clone();
    let plan = samples::plan();
    record.progress.start.started_at = Some(at(5));
    record.progress.start.revision = Some("td:2".to_owned());
    record.progress.shift.weight = 10;
    let last = |name: &str| {
        Some(LastDeployment {
            service: format!("service/{name}"),
            revision: Some(format!("revision/{name}")),
        })
    };
    let of_ecs = gate::OfEcs { live: last("blue"), target: last("green") };
    let running = changeover_domain::gate::Running {
        place: Place::BeforeTraffic,
        number: 0,
        since: at(6),
        until: at(306),
        answers: 2,
        again_at: None,
        details: Some(json!({"seen": 1})),
        task: None,
    };
    let event = gate::event(&record, &plan, &of_ecs, Point::BeforeTraffic, &running);
    assert_eq!(event["lifecycleStage"], "POST_SCALE_UP");
    assert_eq!(event["executionId"], "d-1");
    assert_eq!(event["hookDetails"], json!({"seen": 1}));
    assert_eq!(
        event["executionDetails"],
        json!({
            "serviceArn": "service/green",
            "targetServiceRevisionArn": "revision/green",
            "testTrafficWeights": {},
            "productionTrafficWeights": {"revision/blue": 90, "revision/green": 10},
        })
    );
    assert_eq!(event["changeover"]["taskDefinition"], "td:2");
    assert_eq!(event["changeover"]["service"], "main/web");

    // Nothing of the new version runs yet: naming a revision would name the old one.
    record.progress.start.started_at = None;
    let event = gate::event(&record, &plan, &of_ecs, Point::BeforeStart, &running);
    assert!(event["executionDetails"].get("targetServiceRevisionArn").is_none());
}

#[test]
fn a_hook_is_named_as_it_is_set() {
    let hooks = hooks(&[("before-start", "task ./migrate"), ("after-step.3", "lambda check:live")]);
    assert_eq!(hooks[0].hook.to_string(), "task ./migrate");
    assert_eq!((hooks[1].number, hooks[1].hook.to_string().as_str()), (3, "lambda check:live"));
    assert!(matches!(hooks[1].hook, Hook::Lambda { .. }));
}

/// A deployment that went back since its migration had hurt the old tasks.
fn hurt() -> Stage {
    let mut stage = Stage::at(Point::BeforeStart, &[("before-start", "task ./migrate")]);
    stage.take(100, None);
    let view = stage.view(100, None);
    let placed = stage.hooks[0].clone();
    let action = started(&view, &placed, Start::Task("t-1".to_owned()));
    apply(&mut stage.record, &view, &action);
    let ended = Now::Ended { code: Some(0), reason: "Essential container in task exited".to_owned() };
    assert!(matches!(stage.take(110, Some(ended)), Action::Done { .. }));
    let migrated = stage.record.progress.migrated.as_mut().expect("a migration is on record");
    assert_eq!((migrated.since, migrated.ended_at), (at(100), Some(at(110))));
    migrated.hurt = Some("the old tasks suffer since the migration".to_owned());
    stage.record.fail("the old tasks suffer since the migration");
    Stage { point: Point::AfterRollback, hooks: Vec::new(), ..stage }
}

#[test]
fn after_a_migration_that_hurt_it_ends_by_what_the_old_tasks_do_once_it_is_taken_back() {
    let mut stage = hurt();
    stage.hooks = hooks(&[("after-rollback", "lambda undo")]);
    stage.take(200, None);
    stage.take(200, None);
    assert!(matches!(stage.hears(201, answered("SUCCEEDED")), Action::Done { .. }));
    let Action::Undone { why } = stage.take(202, None) else { panic!("it is watched from here on") };
    assert!(why.contains("lambda undo succeeded"), "{why}");
    stage.old = Some(old_tasks(at(202), at(202), (1_000, 1), (1_000, 1)));
    assert!(matches!(stage.take(202, None), Action::Wait { .. }), "no period is complete");
    stage.old = Some(old_tasks(at(202), at(220), (1_000, 1), (1_000, 1)));
    assert!(matches!(stage.take(220, None), Action::Recovered { .. }));
    assert_eq!(stage.take(221, None), Action::Pass);
    assert!(!stage.record.needs_human);
}

#[test]
fn where_nothing_takes_the_migration_back_a_person_has_to_look() {
    let mut stage = hurt();
    assert!(matches!(stage.take(202, None), Action::Undone { .. }));
    stage.old = Some(old_tasks(at(202), at(220), (1_000, 1), (1_000, 600)));
    let Action::GiveUp { why } = stage.take(220, None) else { panic!("they suffer still") };
    assert!(why.contains("no hook is set at after-rollback") && why.contains("by hand"), "{why}");
    assert!(stage.record.needs_human);
    assert_eq!(stage.take(221, None), Action::Pass, "it is said once");
}

#[test]
fn going_back_for_another_reason_asks_nothing_of_the_old_tasks() {
    let mut stage = hurt();
    stage.record.progress.migrated.as_mut().expect("it is on record").hurt = None;
    assert_eq!(stage.take(202, None), Action::Pass);
    assert_eq!(stage.record.progress.migrated.as_ref().and_then(|migrated| migrated.undone_at), None);
}

/// An execution that is stopped leaves its hook's task behind; the recovery takes the deployment back and comes by.
#[test]
fn a_task_that_an_execution_left_behind_is_stopped_once_it_went_back() {
    let mut stage = Stage::at(Point::BeforeStart, &[("before-start", "task ./migrate")]);
    stage.take(1, None);
    let (view, placed) = (stage.view(1, None), stage.hooks[0].clone());
    let action = started(&view, &placed, Start::Task("t-1".to_owned()));
    apply(&mut stage.record, &view, &action);
    let mut back =
        Stage { point: Point::AfterRollback, hooks: hooks(&[("after-rollback", "lambda tell")]), ..stage };
    let running = Some(Now::Runs("RUNNING".to_owned()));
    let Action::Abandon { task, why } = back.take(50, running) else { panic!("it is left behind") };
    assert_eq!(task.as_deref(), Some("t-1"));
    assert!(why.contains("before-start"), "{why}");
    assert!(matches!(back.take(51, None), Action::Begin { .. }), "the hooks of this point have their turn");
}
