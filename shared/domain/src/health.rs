//! Whether tasks can be trusted with traffic, judged from what was seen at one moment.

use crate::Timestamp;
use crate::evidence::{ServiceEvent, SideSeen, TargetSeen, TaskSeen};
use crate::span::Seconds;
use crate::stops::repeated;

/// What one look says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Enough tasks of the right revision run and are healthy.
    Healthy,
    /// Not yet; what is missing, in words.
    NotYet(String),
    /// It will not be; why, in words.
    Broken {
        /// Why.
        reason: String,
        /// A task that stopped for it, whose last log lines are worth reading.
        task: Option<String>,
    },
}

/// What to judge by.
#[derive(Debug, Clone, Copy)]
pub struct Expectation<'a> {
    /// The task definition that must run.
    pub revision: &'a str,
    /// How many healthy tasks of it there must be.
    pub needed: u32,
    /// When they were asked for: what happened earlier does not count.
    pub since: Timestamp,
    /// The time of the look.
    pub now: Timestamp,
    /// How long a lack of room may last before it is not a passing one.
    pub room_patience: Seconds,
}

/// Judges a side, or a rolling service, at one moment.
pub fn judge(seen: &SideSeen, expect: &Expectation<'_>) -> Judgement {
    if let Some((reason, task)) = broken(seen, expect) {
        return Judgement::Broken { reason, task };
    }
    match (missing(seen, expect), no_room(seen, expect)) {
        (None, _) => Judgement::Healthy,
        (Some(_), Some(reason)) => Judgement::Broken { reason, task: None },
        (Some(missing), None) => match complaints(seen, expect).next() {
            Some(complaint) => Judgement::NotYet(format!("{missing}; ECS said: {}", complaint.message)),
            None => Judgement::NotYet(missing),
        },
    }
}

/// Why it will not be healthy, and a task that stopped for it: stops for the same reason, or a rollout given up.
pub(crate) fn broken(seen: &SideSeen, expect: &Expectation<'_>) -> Option<(String, Option<String>)> {
    let stopped = repeated(&seen.tasks, expect.revision, expect.since);
    let stopped = stopped.map(|stopped| (stopped.reason, Some(stopped.task)));
    stopped.or_else(|| rollout_failed(seen, expect).map(|reason| (reason, None)))
}

/// What is still missing; none when all is there.
fn missing(seen: &SideSeen, expect: &Expectation<'_>) -> Option<String> {
    let up: Vec<&TaskSeen> = seen.tasks.iter().filter(|task| task.is_up()).collect();
    let right = up.iter().filter(|task| task.task_definition == expect.revision).count();
    let wrong = up.len() - right;
    let needed = expect.needed as usize;
    if right < needed {
        return Some(format!("{right} of {needed} tasks of the new revision run"));
    }
    if wrong > 0 {
        return Some(format!("{wrong} tasks of another revision still run"));
    }
    if let Some(task) = up.iter().find(|task| task.health == "UNHEALTHY") {
        return Some(format!("the container health check of task {} fails", task.arn));
    }
    for group in seen.targets.keys() {
        let (own, _) = seen.own_and_stray(group);
        let healthy = own.iter().filter(|target| target.is_healthy()).count();
        let waiting = doubt(&own);
        if healthy < needed || waiting.is_some() {
            let why = waiting.unwrap_or_default();
            return Some(format!("{healthy} of {needed} targets are healthy in {group}{why}"));
        }
    }
    // That ECS calls its rollout completed is not waited for: it does so once the old tasks have stopped, which takes
    // as long as their requests may. What has to be seen of that, draining sees.
    match seen.service.primary() {
        Some(primary) if primary.task_definition != expect.revision => {
            Some(format!("ECS is bringing about {} instead", primary.task_definition))
        }
        _ => None,
    }
}

/// What is the matter with the first target that is not healthy and not on its way out.
pub(crate) fn doubt(targets: &[&TargetSeen]) -> Option<String> {
    let waiting = targets
        .iter()
        .find(|target| matches!(target.state.as_str(), "initial" | "unhealthy" | "unused" | "unavailable"))?;
    let why = waiting.why.as_deref().unwrap_or("no reason given");
    Some(format!(": {} is {} ({why})", waiting.place(), waiting.state))
}

/// ECS gave up on the revision, or turned away from it.
fn rollout_failed(seen: &SideSeen, expect: &Expectation<'_>) -> Option<String> {
    let deployment = seen.service.deployments.iter().find(|deployment| {
        deployment.task_definition == expect.revision && deployment.rollout_state.as_deref() == Some("FAILED")
    })?;
    let why = deployment.rollout_reason.as_deref().unwrap_or("no reason given");
    Some(format!("ECS gave the rollout up: {why}"))
}

/// A lack of room that has lasted and still does: AWS's own words for it. ECS repeats the complaint while it finds no
/// place: one that it has not repeated is over, and what came before such a pause was another lack.
pub(crate) fn no_room(seen: &SideSeen, expect: &Expectation<'_>) -> Option<String> {
    let newest = complaints(seen, expect).next()?;
    let (mut first, mut heard) = (newest.at, expect.now);
    for complaint in complaints(seen, expect) {
        if Seconds::between(complaint.at, heard) > expect.room_patience {
            break;
        }
        first = complaint.at;
        heard = complaint.at;
    }
    let is_recent = Seconds::between(newest.at, expect.now) <= expect.room_patience;
    (is_recent && Seconds::between(first, expect.now) >= expect.room_patience)
        .then(|| format!("there is no room for the new tasks: {}", newest.message))
}

/// What ECS said of a lack of room since the tasks were asked for, newest first.
fn complaints<'a>(seen: &'a SideSeen, expect: &Expectation<'_>) -> impl Iterator<Item = &'a ServiceEvent> {
    let since = expect.since;
    let events = seen.service.events.iter();
    events.filter(move |event| event.at >= since && is_placement_failure(&event.message))
}

/// Whether a service event says that a task found no place.
pub fn is_placement_failure(message: &str) -> bool {
    message.contains("unable to place a task")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{EcsDeployment, Stopped};
    use proptest::prelude::*;

    const REVISION: &str = "td:2";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn expect(needed: u32) -> Expectation<'static> {
        Expectation { revision: REVISION, needed, since: at(100), now: at(200), room_patience: Seconds(30) }
    }

    fn task(n: usize, revision: &str) -> TaskSeen {
        TaskSeen {
            arn: format!("task/{n}"),
            task_definition: revision.into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            health: "UNKNOWN".into(),
            ..TaskSeen::default()
        }
    }

    fn stopped(n: usize, code: &str, reason: &str, exit: Option<i32>) -> TaskSeen {
        TaskSeen {
            last_status: "STOPPED".into(),
            desired_status: "STOPPED".into(),
            stopped: Some(Stopped {
                at: Some(at(150)),
                code: code.into(),
                reason: reason.into(),
                container: Some(("web".into(), exit)),
            }),
            ..task(n, REVISION)
        }
    }

    fn target(n: usize, state: &str) -> TargetSeen {
        TargetSeen { id: format!("10.0.0.{n}"), port: 80, state: state.into(), why: None }
    }

    fn side(tasks: Vec<TaskSeen>, states: &[&str]) -> SideSeen {
        let targets = states.iter().enumerate().map(|(n, state)| target(n, state)).collect();
        let mut seen =
            SideSeen { tasks, targets: [("tg".to_owned(), targets)].into(), ..SideSeen::default() };
        seen.service.deployments = vec![EcsDeployment {
            status: "PRIMARY".into(),
            task_definition: REVISION.into(),
            rollout_state: Some("COMPLETED".into()),
            ..EcsDeployment::default()
        }];
        seen
    }

    #[test]
    fn all_there_and_healthy_is_healthy_while_others_drain() {
        let seen = side(vec![task(1, REVISION), task(2, REVISION)], &["healthy", "healthy", "draining"]);
        assert_eq!(judge(&seen, &expect(2)), Judgement::Healthy);
    }

    #[test]
    fn the_wrong_revision_does_not_count() {
        let seen = side(vec![task(1, "td:1"), task(2, "td:1")], &["healthy", "healthy"]);
        assert!(matches!(judge(&seen, &expect(2)), Judgement::NotYet(why) if why.starts_with("0 of 2")));
    }

    #[test]
    fn a_stop_reason_counts_from_the_second_time() {
        let crash = |n| stopped(n, "EssentialContainerExited", "Essential container in task exited", Some(3));
        assert!(matches!(judge(&side(vec![crash(1)], &[]), &expect(1)), Judgement::NotYet(_)));
        let judged = judge(&side(vec![crash(1), crash(2)], &[]), &expect(1));
        assert!(
            matches!(&judged, Judgement::Broken { reason, task: Some(_) } if reason.contains("exit code 3")),
            "{judged:?}"
        );
    }

    #[test]
    fn a_lack_of_room_is_told_in_awss_words_once_it_lasts() {
        let message = "(service web) was unable to place a task because no container instance met all of its requirements.";
        let mut seen = side(vec![task(1, REVISION)], &["healthy"]);
        seen.service.events = vec![ServiceEvent { at: at(180), message: message.into() }];
        let judged = judge(&seen, &expect(2));
        assert!(
            matches!(&judged, Judgement::NotYet(why) if why.contains(message)),
            "it may pass, and is told: {judged:?}"
        );
        seen.service.events.push(ServiceEvent { at: at(160), message: message.into() });
        let judged = judge(&seen, &expect(2));
        assert!(
            matches!(&judged, Judgement::Broken { reason, .. } if reason.contains(message)),
            "{judged:?}"
        );
        assert_eq!(judge(&seen, &expect(1)), Judgement::Healthy, "room was found in the end");
        seen.service.events.iter_mut().for_each(|event| event.at = at(50));
        assert!(matches!(judge(&seen, &expect(2)), Judgement::NotYet(_)), "old complaints do not count");
    }

    #[test]
    fn a_lack_of_room_that_ecs_has_not_repeated_is_over() {
        let complaint =
            |second| ServiceEvent { at: at(second), message: "was unable to place a task".into() };
        let mut seen = side(vec![task(1, REVISION)], &["healthy"]);
        let is_broken = |seen: &SideSeen| matches!(judge(seen, &expect(2)), Judgement::Broken { .. });
        seen.service.events = vec![complaint(130), complaint(101)];
        assert!(!is_broken(&seen), "not repeated for 70 s");
        seen.service.events = vec![complaint(195), complaint(101)];
        assert!(!is_broken(&seen), "the first one was another lack");
        seen.service.events = vec![complaint(195), complaint(168)];
        assert!(is_broken(&seen), "it lasts, and was repeated");
    }

    #[test]
    fn new_tasks_are_healthy_while_old_ones_still_drain() {
        let mut old = task(3, "td:1");
        (old.last_status, old.desired_status) = ("DEACTIVATING".into(), "STOPPED".into());
        let mut seen = side(vec![task(1, REVISION), old], &["healthy", "draining"]);
        seen.service.deployments[0].rollout_state = Some("IN_PROGRESS".into());
        assert_eq!(judge(&seen, &expect(1)), Judgement::Healthy);
    }

    /// A task whose address and port are known, as AWS tells them.
    fn placed(n: usize) -> TaskSeen {
        TaskSeen { addresses: vec![format!("10.0.0.{n}")], ..task(n, REVISION) }
    }

    #[test]
    fn a_stray_target_neither_judges_nor_stands_in_for_a_task() {
        let mut seen = side(vec![placed(0), placed(1)], &["healthy", "healthy"]);
        seen.service.target_groups = [("tg".to_owned(), 80)].into();
        let stray = |state: &str| TargetSeen { port: 9999, ..target(1, state) };
        for state in ["unhealthy", "initial", "healthy"] {
            let mut with = seen.clone();
            with.targets.get_mut("tg").unwrap().push(stray(state));
            assert_eq!(judge(&with, &expect(2)), Judgement::Healthy, "{state}");
            assert_eq!(with.healthy(), 2, "{state}");
            let told = with.strays().unwrap();
            assert!(told.contains("10.0.0.1:9999") && told.contains(state), "{told}");
            with.targets.get_mut("tg").unwrap().remove(0);
            let judged = judge(&with, &expect(2));
            assert!(matches!(judged, Judgement::NotYet(why) if why.starts_with("1 of 2 targets")), "{state}");
        }
        assert_eq!(seen.strays(), None);
    }

    #[test]
    fn a_rollout_that_ecs_gave_up_is_broken() {
        let mut seen = side(vec![task(1, REVISION)], &["healthy"]);
        seen.service.deployments[0].rollout_state = Some("FAILED".into());
        seen.service.deployments[0].rollout_reason = Some("tasks failed to start.".into());
        assert!(
            matches!(judge(&seen, &expect(1)), Judgement::Broken { reason, .. } if reason.contains("tasks failed"))
        );
    }

    proptest! {
        #[test]
        fn healthy_means_enough_right_tasks_and_no_doubtful_target(
            right in 0usize..6, wrong in 0usize..3, needed in 1u32..5,
            states in prop::collection::vec(prop::sample::select(vec!["healthy", "initial", "unhealthy", "draining"]), 0..6),
        ) {
            let tasks = (0..right).map(|n| task(n, REVISION)).chain((0..wrong).map(|n| task(10 + n, "td:1"))).collect();
            let judged = judge(&side(tasks, &states), &expect(needed));
            let healthy = states.iter().filter(|state| **state == "healthy").count();
            let doubtful = states.iter().any(|state| *state == "initial" || *state == "unhealthy");
            let good = right >= needed as usize && wrong == 0 && healthy >= needed as usize && !doubtful;
            prop_assert_eq!(judged == Judgement::Healthy, good);
        }
    }
}
