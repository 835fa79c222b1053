//! Which stopped tasks say that an image, or how it is configured, will not run.
//!
//! ECS tells how a task ended by a code and a sentence, and in the sentence are request ids, digests, exit codes and
//! addresses that are others each time. Two tasks that ended for one reason are one reason.

use crate::Timestamp;
use crate::evidence::{Stopped, TaskSeen};
use std::collections::{BTreeMap, BTreeSet};

/// How many tasks must stop for the same reason before that reason is the image's fault.
pub const REPEATED: usize = 2;
/// Letters in a row that are all hexadecimal digits are an id from this length on.
const HEX_ID: usize = 8;

/// What a task that never ran failed at, in ECS's names, where the image or its definition is to blame: pulling it,
/// creating and starting its containers, fetching its secrets and opening its logs, too little memory.
const OWN_FAILURES: [&str; 7] = [
    "CannotPull",
    "CannotCreateContainer",
    "CannotStartContainer",
    "ContainerRuntimeError",
    "ResourceInitializationError",
    "OutOfMemory",
    "Essential container",
];
/// What makes the same names nobody's fault: a registry or an API that is asked too often, and what was broken off.
const PASSING: [&str; 5] =
    ["toomanyrequests", "Rate exceeded", "ThrottlingException", "TooManyRequests", "request canceled"];
/// What ECS's scheduler says of a task that it stops because a health check fails, of the container or of the target.
const FAILED_CHECKS: &str = "health check";

/// A reason for which several tasks stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    /// How many tasks, and why, in words.
    pub reason: String,
    /// One of them, whose last log lines are worth reading.
    pub task: String,
}

/// The reason of the image or its configuration for which most tasks of a revision stopped since a moment, if several
/// did.
pub fn repeated(tasks: &[TaskSeen], revision: &str, since: Timestamp) -> Option<Repeated> {
    let mut by_reason: BTreeMap<(String, String), Vec<(&TaskSeen, &Stopped)>> = BTreeMap::new();
    for task in tasks.iter().filter(|task| task.task_definition == revision) {
        let stopped = task.stopped.as_ref().filter(|stopped| stopped.at.is_none_or(|at| at >= since));
        if let Some(stopped) = stopped.filter(|stopped| is_the_images(stopped)) {
            let key = (stopped.code.clone(), essence(&stopped.reason));
            by_reason.entry(key).or_default().push((task, stopped));
        }
    }
    let most = by_reason.into_values().max_by_key(Vec::len).filter(|most| most.len() >= REPEATED)?;
    let (task, last) = most.last()?;
    let reason = format!("{} tasks stopped for the same reason: {}", most.len(), words(last, &most));
    Some(Repeated { reason, task: task.arn.clone() })
}

/// Whether a task's end says something about what it runs: what an operator, a scale-in, a rebalancing of zones, Spot, a
/// terminated instance or a lack of capacity ended does not.
fn is_the_images(stopped: &Stopped) -> bool {
    let says = |words: &str| stopped.reason.contains(words);
    if PASSING.into_iter().any(says) {
        return false;
    }
    match stopped.code.as_str() {
        "EssentialContainerExited" => true,
        "ServiceSchedulerInitiated" => says(FAILED_CHECKS),
        "TaskFailedToStart" => OWN_FAILURES.into_iter().any(says),
        // Without a code, only the words tell.
        "" => says(FAILED_CHECKS) || OWN_FAILURES.into_iter().any(says),
        _ => false,
    }
}

/// A reason without what is another each time: words with a digit in them, and ids in hexadecimal letters.
fn essence(reason: &str) -> String {
    let is_part = |letter: char| letter.is_alphanumeric() || "-_".contains(letter);
    let mut kept: Vec<String> = Vec::new();
    for word in reason.split(|letter: char| !is_part(letter)).filter(|word| !word.is_empty()) {
        let is_hex = word.len() >= HEX_ID && word.chars().all(|letter| letter.is_ascii_hexdigit());
        let is_id = is_hex || word.contains(|letter: char| letter.is_ascii_digit());
        if !is_id {
            kept.push(word.to_lowercase());
        } else if kept.last().is_none_or(|last| last != "#") {
            // How many parts an id has, or how many words a list of codes, makes no other reason.
            kept.push("#".to_owned());
        }
    }
    kept.join(" ")
}

/// The end of one of several tasks in words, with every exit code that there was.
fn words(one: &Stopped, all: &[(&TaskSeen, &Stopped)]) -> String {
    let Some((container, _)) = &one.container else { return one.reason.clone() };
    let codes: BTreeSet<i32> = all
        .iter()
        .filter_map(|(_, stopped)| stopped.container.as_ref().and_then(|(_, code)| *code))
        .collect();
    let codes: Vec<String> = codes.iter().map(i32::to_string).collect();
    match codes.as_slice() {
        [] => format!("{} (container {container})", one.reason),
        [code] => format!("{} (container {container}, exit code {code})", one.reason),
        codes => format!("{} (container {container}, exit codes {})", one.reason, codes.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn task(code: &str, reason: &str, exit: Option<i32>) -> TaskSeen {
        TaskSeen {
            arn: format!("task/{reason}"),
            task_definition: "td:2".into(),
            stopped: Some(Stopped {
                at: Some(at(150)),
                code: code.into(),
                reason: reason.into(),
                container: Some(("web".into(), exit)),
            }),
            ..TaskSeen::default()
        }
    }

    fn both(first: TaskSeen, second: TaskSeen) -> Option<String> {
        repeated(&[first, second], "td:2", at(100)).map(|repeated| repeated.reason)
    }

    #[test]
    fn ids_digests_and_numbers_make_no_other_reason() {
        let same = [
            (
                "TaskFailedToStart",
                "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:ab01: httpReadSeeker: failed open: unexpected status code 403 Forbidden, request id: 3f1c9a52-77aa",
                "CannotPullContainerError: pull image manifest has been retried 7 time(s): failed to resolve ref 123456789012.dkr.ecr.us-east-1.amazonaws.com/web@sha256:ab01: httpReadSeeker: failed open: unexpected status code 403 Forbidden, request id: deadbeef",
            ),
            (
                "TaskFailedToStart",
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): AccessDeniedException: status code: 400, request id: 0b1f",
                "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 3 time(s): AccessDeniedException: status code: 400, request id: 77c2",
            ),
            (
                "ServiceSchedulerInitiated",
                "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1)",
                "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/web/1)",
            ),
        ];
        for (code, first, second) in same {
            assert!(both(task(code, first, None), task(code, second, None)).is_some(), "{first}");
        }
        let pull = task("TaskFailedToStart", "CannotPullContainerError: not found", None);
        let start = task("TaskFailedToStart", "CannotStartContainerError: exec format error", None);
        assert_eq!(both(pull, start), None, "two reasons");
    }

    #[test]
    fn crashes_with_varying_codes_are_one_reason_told_once() {
        let crash = |code| task("EssentialContainerExited", "Essential container in task exited", Some(code));
        assert_eq!(
            both(crash(3), crash(139)).as_deref(),
            Some(
                "2 tasks stopped for the same reason: Essential container in task exited (container web, exit codes 3, 139)"
            )
        );
        assert!(
            both(crash(3), crash(3)).is_some_and(|reason| reason.ends_with("(container web, exit code 3)"))
        );
        assert_eq!(repeated(&[crash(3)], "td:2", at(100)), None, "once may be chance");
        assert_eq!(repeated(&[crash(3), crash(3)], "td:2", at(151)), None, "before the tasks were asked for");
        assert_eq!(repeated(&[crash(3), crash(3)], "td:1", at(100)), None, "another revision");
    }

    #[test]
    fn what_is_not_the_images_or_its_configurations_does_not_count() {
        let others = [
            ("UserInitiated", "Task stopped by user"),
            ("UserInitiated", "Essential container in task exited"),
            ("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"),
            ("ServiceSchedulerInitiated", "Availability Zone rebalancing"),
            ("ServiceSchedulerInitiated", "Task stopped to balance the service across Availability Zones"),
            ("SpotInterruption", "Your Spot Task was interrupted."),
            ("TerminationNotice", "Host EC2 (instance i-0123456789abcdef0) terminated."),
            ("TaskFailedToStart", "Capacity is unavailable at this time. Please try again later"),
            ("TaskFailedToStart", "Timeout waiting for network interface provisioning to complete."),
            (
                "TaskFailedToStart",
                "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit",
            ),
            ("", "Host EC2 (instance i-1) stopped."),
        ];
        for (code, reason) in others {
            assert_eq!(both(task(code, reason, None), task(code, reason, None)), None, "{code}: {reason}");
        }
    }

    #[test]
    fn a_word_with_a_digit_is_an_id() {
        assert_eq!(essence("Failed: abc-12 [503, 500] at deadbeef"), "failed # at #");
        assert_eq!(essence("exit status"), essence("Exit  status"));
    }
}
