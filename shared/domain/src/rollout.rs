//! A rollout of ECS's own: whether it is over, on its way, or failing; and what serves while it fails.

use crate::Timestamp;
use crate::evidence::{EcsDeployment, ServiceSeen, TaskSeen};
use crate::span::Seconds;
use std::collections::BTreeMap;

/// From so many failed tasks on a rollout that has not completed is failing: the fewest at which ECS's own circuit breaker
/// gives one up.
pub const FAILING: u32 = 3;
/// Most deployments that ECS keeps at once of a service; another one is refused ("5 active deployments exist").
pub const MOST_AT_ONCE: usize = 5;

/// Stop codes of tasks that ended by themselves, or never began.
const BY_ITSELF: [&str; 2] = ["EssentialContainerExited", "TaskFailedToStart"];
/// What ECS gives as the reason for a task that it stops because it is not healthy.
const UNHEALTHY: &str = "failed container health checks";
const UNHEALTHY_TARGET: &str = "health checks in";

/// How far ECS is with what a service was told last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rollout {
    /// Nothing is on the way.
    Over,
    /// It may still complete.
    Moving,
    /// It does not come about.
    Failing(Failing),
}

/// A rollout that does not come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// The revision of the tasks that serve meanwhile; the failing one itself if there are no others.
    pub serving: String,
    /// How many of those run.
    pub tasks: u32,
    /// What was seen.
    pub why: String,
}

/// How far ECS is. Pure: everything it knows is in its arguments; `patience` is how long tasks may take to be healthy.
pub fn rollout(service: &ServiceSeen, tasks: &[TaskSeen], now: Timestamp, patience: Seconds) -> Rollout {
    let is_moving = service
        .deployments
        .iter()
        .any(|one| one.status == "ACTIVE" || one.rollout_state.as_deref() == Some("IN_PROGRESS"));
    let Some(primary) = service.primary() else {
        return if is_moving { Rollout::Moving } else { Rollout::Over };
    };
    let state = primary.rollout_state.as_deref();
    let (failed, up) = (failed(primary, tasks), up(&primary.task_definition, tasks));
    let is_short = up < service.desired;
    let since = primary.began_at.unwrap_or(now);
    let why = match state {
        Some("FAILED") => {
            format!("ECS has given it up ({})", primary.rollout_reason.as_deref().unwrap_or("FAILED"))
        }
        Some("IN_PROGRESS") if is_short && failed >= FAILING => {
            format!("{failed} of its tasks have failed, {up} of {} run", service.desired)
        }
        Some("IN_PROGRESS") if is_short && now >= patience.after(since) => {
            format!("{up} of its {} tasks run after {}", service.desired, Seconds::between(since, now))
        }
        _ if is_moving => return Rollout::Moving,
        _ => return Rollout::Over,
    };
    let (serving, running) = serving(primary, tasks);
    let why = format!("{} of service {} does not come about: {why}", primary.task_definition, service.name);
    Rollout::Failing(Failing { serving, tasks: running, why })
}

/// What serves while a rollout fails: the tasks that were there before it. Those of the failing one come and go.
fn serving(primary: &EcsDeployment, tasks: &[TaskSeen]) -> (String, u32) {
    let mut by_revision: BTreeMap<&str, u32> = BTreeMap::new();
    let others = tasks.iter().filter(|task| task.is_up() && task.task_definition != primary.task_definition);
    for task in others {
        *by_revision.entry(&task.task_definition).or_default() += 1;
    }
    let most = by_revision.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(
        || (primary.task_definition.clone(), 0),
        |(revision, count)| (revision.to_owned(), count),
    )
}

fn up(revision: &str, tasks: &[TaskSeen]) -> u32 {
    let up = tasks.iter().filter(|task| task.is_up() && task.task_definition == revision).count();
    u32::try_from(up).unwrap_or(u32::MAX)
}

/// How many tasks of a rollout have failed: as ECS counts, which it stops once one ran, or as the tasks themselves tell.
fn failed(primary: &EcsDeployment, tasks: &[TaskSeen]) -> u32 {
    let told = tasks.iter().filter(|task| task.task_definition == primary.task_definition).filter(|task| {
        task.stopped.as_ref().is_some_and(|stopped| {
            let is_of_it = stopped.at.zip(primary.began_at).is_none_or(|(at, began)| at >= began);
            let unhealthy = stopped.reason.contains(UNHEALTHY) || stopped.reason.contains(UNHEALTHY_TARGET);
            is_of_it && (BY_ITSELF.contains(&stopped.code.as_str()) || unhealthy)
        })
    });
    primary.failed.max(u32::try_from(told.count()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Stopped;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn task(revision: &str) -> TaskSeen {
        TaskSeen {
            task_definition: revision.into(),
            last_status: "RUNNING".into(),
            desired_status: "RUNNING".into(),
            ..TaskSeen::default()
        }
    }

    fn died(revision: &str, second: i64) -> TaskSeen {
        let stopped = Stopped {
            at: Some(at(second)),
            code: "EssentialContainerExited".into(),
            reason: "Essential container in task exited".into(),
            container: None,
        };
        TaskSeen { last_status: "STOPPED".into(), stopped: Some(stopped), ..task(revision) }
    }

    fn service(state: &str, failed: u32) -> ServiceSeen {
        let deployment = |status: &str, revision: &str, state: &str, failed| EcsDeployment {
            status: status.into(),
            task_definition: revision.into(),
            rollout_state: Some(state.into()),
            began_at: Some(at(1000)),
            failed,
            ..EcsDeployment::default()
        };
        ServiceSeen {
            name: "web".into(),
            desired: 2,
            deployments: vec![
                deployment("PRIMARY", "td:5", state, failed),
                deployment("ACTIVE", "td:4", "COMPLETED", 0),
            ],
            ..ServiceSeen::default()
        }
    }

    fn seen(service: &ServiceSeen, tasks: &[TaskSeen], second: i64) -> Rollout {
        rollout(service, tasks, at(second), Seconds(600))
    }

    fn serves(rollout: &Rollout) -> (&str, u32) {
        let Rollout::Failing(failing) = rollout else { panic!("{rollout:?}") };
        (failing.serving.as_str(), failing.tasks)
    }

    #[test]
    fn what_may_still_complete_is_waited_for() {
        let old = [task("td:4"), task("td:4")];
        assert_eq!(seen(&service("IN_PROGRESS", 2), &old, 1100), Rollout::Moving);
        let all_run = [task("td:5"), task("td:5")];
        assert_eq!(seen(&service("IN_PROGRESS", 9), &all_run, 9000), Rollout::Moving, "its old tasks drain");
        let mut over = service("COMPLETED", 0);
        over.deployments.truncate(1);
        assert_eq!(seen(&over, &all_run, 1100), Rollout::Over);
    }

    #[test]
    fn tasks_that_fail_again_and_again_make_it_fail_and_the_old_ones_serve() {
        let old = [task("td:4"), task("td:4")];
        assert_eq!(serves(&seen(&service("IN_PROGRESS", FAILING), &old, 1100)), ("td:4", 2));
        let tasks = [task("td:4"), task("td:5"), died("td:5", 1010), died("td:5", 1020), died("td:5", 1030)];
        assert_eq!(serves(&seen(&service("IN_PROGRESS", 0), &tasks, 1100)), ("td:4", 1));
        let earlier = [task("td:4"), died("td:5", 900), died("td:5", 910), died("td:5", 920)];
        assert_eq!(seen(&service("IN_PROGRESS", 0), &earlier, 1100), Rollout::Moving, "of an earlier one");
    }

    #[test]
    fn what_has_not_completed_for_long_or_was_given_up_fails() {
        let old = [task("td:4")];
        assert_eq!(seen(&service("IN_PROGRESS", 0), &old, 1599), Rollout::Moving);
        assert_eq!(serves(&seen(&service("IN_PROGRESS", 0), &old, 1600)), ("td:4", 1));
        assert_eq!(serves(&seen(&service("FAILED", 3), &old, 1001)), ("td:4", 1));
    }

    #[test]
    fn where_nothing_else_runs_nothing_serves() {
        assert_eq!(serves(&seen(&service("IN_PROGRESS", 5), &[task("td:5")], 1100)), ("td:5", 0));
    }
}
