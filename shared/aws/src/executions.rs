//! Executions of the state machine, and their names.

use crate::{At, Aws};
use changeover_domain::image::short;
use changeover_domain::name::ServiceName;
use changeover_domain::state::Baton;
use changeover_domain::{StepError, Timestamp};
use serde::Serialize;

/// Longest name of an execution that Step Functions takes.
const MAX_NAME: usize = 80;

/// What became of a request to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// It runs, by this ARN.
    Started(String),
    /// One of this name has run before: what it was for is done or given up.
    RanBefore,
}

/// The name of the execution that brings a service to a wish: the same for every event that means the same.
pub fn of_wish(service: &ServiceName, digest: &str, generation: u64) -> String {
    named(service, &format!("{}-{generation}", short(digest)))
}

/// The name of another one for the same wish, started by the deployment that held the service with this fence.
pub fn of_wish_after(service: &ServiceName, digest: &str, generation: u64, fence: u64) -> String {
    named(service, &format!("{}-{generation}-after-{fence}", short(digest)))
}

/// The name of another attempt at the same wish.
pub fn of_wish_again(service: &ServiceName, digest: &str, generation: u64, attempt: usize) -> String {
    named(service, &format!("{}-{generation}-again-{attempt}", short(digest)))
}

/// The name of the recovery of a claim, which its fence tells from every other; of the first attempt at it, or a later.
pub fn of_recovery(service: &ServiceName, fence: u64, attempt: usize) -> String {
    let tail = format!("recover-{fence}");
    named(service, &if attempt <= 1 { tail } else { format!("{tail}-{attempt}") })
}

/// The name of what a schedule's tick starts; `tick` is letters and digits, 30 of them at most are kept.
pub fn of_redeploy(service: &ServiceName, tick: &str) -> String {
    let tick: String = tick.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
    named(service, &format!("redeploy-{tick}"))
}

/// The name of what somebody starts by hand; `at` is letters and digits, such as milliseconds, and tells one from another.
/// Asked again with it, Step Functions starts nothing.
pub fn of_hand(service: &ServiceName, at: &str) -> String {
    let at: String = at.chars().filter(char::is_ascii_alphanumeric).take(30).collect();
    named(service, &format!("by-hand-{at}"))
}

/// A name for people, which a hash of `CLUSTER/NAME` makes the service's own: other clusters have services of the same
/// name, and a long name is cut. The tail, which tells one execution from another, is never cut.
fn named(service: &ServiceName, tail: &str) -> String {
    let rest = format!("-{:08x}-{tail}", hash(&service.to_string()));
    let head: String = service.name.chars().take(MAX_NAME.saturating_sub(rest.len())).collect();
    format!("{head}{rest}")
}

/// FNV-1a in 32 bits: the same in every build, for ever, as names must be.
fn hash(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Starts an execution; asked again with the same name it does nothing.
pub async fn start(
    aws: &Aws,
    state_machine: &str,
    name: &str,
    request: &impl Serialize,
) -> Result<Start, StepError> {
    let input = serde_json::to_string(request).map_err(|error| StepError::BadInput(error.to_string()))?;
    let call = aws.sfn().start_execution().state_machine_arn(state_machine).name(name).input(input);
    let answer = call.send().await;
    if crate::is_code(&answer, "ExecutionAlreadyExists") {
        return Ok(Start::RanBefore);
    }
    Ok(Start::Started(answer.at("StartExecution", name)?.execution_arn))
}

/// Whether an execution still runs; one that Step Functions has forgotten does not.
pub async fn is_running(aws: &Aws, arn: &str) -> Result<bool, StepError> {
    let answer = aws.sfn().describe_execution().execution_arn(arn).send().await;
    if crate::is_code(&answer, "ExecutionDoesNotExist") {
        return Ok(false);
    }
    Ok(answer.at("DescribeExecution", arn)?.status.as_str() == "RUNNING")
}

/// An execution as `DescribeExecution` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its name.
    pub name: String,
    /// When it started.
    pub started_at: Timestamp,
    /// `RUNNING`, `SUCCEEDED`, `FAILED`, `TIMED_OUT`, `ABORTED` or `PENDING_REDRIVE`.
    pub status: String,
    /// What it answered, once it has succeeded.
    pub output: Option<String>,
    /// Its error's name, if it failed.
    pub error: Option<String>,
    /// And what is said of that.
    pub cause: Option<String>,
}

/// An execution, if Step Functions still knows it.
pub async fn describe(aws: &Aws, arn: &str) -> Result<Option<Seen>, StepError> {
    let answer = aws.sfn().describe_execution().execution_arn(arn).send().await;
    if crate::is_code(&answer, "ExecutionDoesNotExist") {
        return Ok(None);
    }
    let answer = answer.at("DescribeExecution", arn)?;
    Ok(Some(Seen {
        name: answer.name.unwrap_or_else(|| arn.rsplit(':').next().unwrap_or_default().to_owned()),
        started_at: crate::moment(&answer.start_date).map_or(Timestamp::UNIX_EPOCH, whole_milliseconds),
        status: answer.status.as_str().to_owned(),
        output: answer.output,
        error: answer.error,
        cause: answer.cause,
    }))
}

/// A time as Step Functions keeps it. It comes as a number of seconds with a point, which is a little more or less than it.
fn whole_milliseconds(at: Timestamp) -> Timestamp {
    const HALF: i128 = 500_000;
    const WHOLE: i128 = 1_000_000;
    let rounded = i64::try_from((at.as_nanosecond() + HALF).div_euclid(WHOLE)).ok();
    rounded.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok()).unwrap_or(at)
}

/// How many of an execution's last events are looked at for what it said last.
const LAST_EVENTS: i32 = 20;

/// The state that an execution of ours left last, and what that handed on: with it, why it waits. None before the first.
pub async fn last_word(aws: &Aws, arn: &str) -> Result<Option<(String, Baton)>, StepError> {
    let request = aws.sfn().get_execution_history().execution_arn(arn).reverse_order(true);
    let answer = request.max_results(LAST_EVENTS).send().await;
    if crate::is_code(&answer, "ExecutionDoesNotExist") {
        return Ok(None);
    }
    let answer = answer.at("GetExecutionHistory", arn)?;
    let left = answer.events.iter().filter_map(|event| event.state_exited_event_details());
    let mut told =
        left.filter_map(|left| Some((left.name().to_owned(), serde_json::from_str(left.output()?).ok()?)));
    Ok(told.next())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn digest() -> String {
        format!("sha256:{}", "ab".repeat(32))
    }

    /// Every name that a service can have executions by, two of each kind.
    fn names(service: &ServiceName, generation: u64) -> Vec<String> {
        let digest = digest();
        vec![
            of_wish(service, &digest, generation),
            of_wish_after(service, &digest, generation, u64::MAX),
            of_wish_after(service, &digest, generation, u64::MAX - 1),
            of_wish_again(service, &digest, generation, 1),
            of_wish_again(service, &digest, generation, 12),
            of_recovery(service, generation, 1),
            of_recovery(service, generation, 2),
            of_redeploy(service, &format!("2026-11-23T02:27:27Z{generation}")),
        ]
    }

    #[test]
    fn a_name_tells_people_which_service_which_image_and_which_wish() {
        let name = of_wish(&ServiceName::new("prod", "web"), &digest(), 12);
        assert!(name.starts_with("web-") && name.ends_with("-abababababab-12"), "{name}");
    }

    #[test]
    fn names_fit_are_legal_and_are_never_shared() {
        let long = "s".repeat(254);
        let services = [
            ServiceName::new("prod", "web"),
            ServiceName::new("staging", "web"),
            ServiceName::new("prod", format!("{long}1")),
            ServiceName::new("prod", format!("{long}2")),
            ServiceName::new("staging", format!("{long}1")),
        ];
        let mut all = BTreeSet::new();
        for service in &services {
            for generation in [1, 2, u64::MAX] {
                for name in names(service, generation) {
                    assert!(name.len() <= MAX_NAME, "{name}");
                    assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)), "{name}");
                    assert!(all.insert(name.clone()), "{name} means two things");
                }
            }
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!((hash(""), hash("a"), hash("foobar")), (0x811c_9dc5, 0xe40c_292c, 0xbf9c_f968));
    }
}
