//! What is tried again, how often and at which pace: one table, from which every `Retry` of the state machine is made and
//! compared with what ships.
//!
//! Tried again is all that is not ours to call final. A function that was killed has no error of ours: Step Functions takes
//! the `errorType` that Lambda wrote in its place, and there are more such names than anybody lists.

use changeover_domain::StepError;
use contract::states;
use serde_json::{Value, json};

/// The only error of ours that says "not now".
const BUSY: &str = "Busy";
/// AWS is away for minutes at times. Half of the longest is usual, with full jitter.
const BUSY_PACE: Pace = Pace { interval: 2, attempts: 40, most_delay: 30 };
/// A function that was killed, that timed out, or that Lambda did not start: so often before its deployment goes back.
const OTHERS_PACE: Pace = Pace { attempts: 12, ..LAST_PACE };
/// The same of those states after which there is nothing to go back to.
const LAST_PACE: Pace = Pace { interval: 1, attempts: 20, most_delay: 60 };
/// Nothing is tried for longer than this, waits added up: then the deployment goes back, or a recovery goes on.
const LONGEST_SECONDS: u64 = 20 * 60;

/// Names under which Step Functions tells of a function that crashed, timed out, or was not started: of Lambda's runtime
/// (its emulator's sources list them), of its Invoke API, and of Step Functions' own.
const NOT_OURS: [&str; 23] = [
    "Runtime.ExitError",
    "Runtime.OutOfMemory",
    "Runtime.Unknown",
    "Runtime.InitError",
    "Runtime.InvokeTimeout",
    "Runtime.TruncatedResponse",
    "Runtime.InvalidEntrypoint",
    "Sandbox.Timedout",
    "Sandbox.Timeout",
    "Sandbox.Failure",
    "Extension.Crash",
    "Function.Unknown",
    "Lambda.Unknown",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
    "Lambda.ResourceConflictException",
    "Lambda.ResourceNotReadyException",
    "Lambda.EC2ThrottledException",
    "States.Timeout",
    "States.TaskFailed",
];

/// How often, and how far apart.
#[derive(Clone, Copy)]
struct Pace {
    interval: u64,
    attempts: u64,
    most_delay: u64,
}

impl Pace {
    fn of(self, errors: &Value) -> Value {
        json!({
            "ErrorEquals": errors,
            "IntervalSeconds": self.interval,
            "BackoffRate": 2,
            "MaxAttempts": self.attempts,
            "MaxDelaySeconds": self.most_delay,
            "JitterStrategy": "FULL",
        })
    }

    /// All waits added up, if chance makes each as long as it may be.
    fn longest(self) -> u64 {
        (0..self.attempts).map(|made| (self.interval << made.min(32)).min(self.most_delay)).sum()
    }
}

fn finals() -> Vec<&'static str> {
    StepError::NAMES.into_iter().filter(|name| *name != BUSY).collect()
}

/// The `Retry` of a state: the first that names an error decides.
fn table(state: &str) -> Value {
    let is_last = ["Rollback", "Finish"].contains(&state);
    json!([
        BUSY_PACE.of(&json!([BUSY])),
        { "ErrorEquals": finals(), "MaxAttempts": 0 },
        if is_last { LAST_PACE } else { OTHERS_PACE }.of(&json!(["States.ALL"])),
    ])
}

#[test]
fn every_retry_is_as_the_table_has_it() {
    for (name, state) in states("Task") {
        assert_eq!(state["Retry"], table(&name), "{name}; the table is in {}", file!());
    }
}

#[test]
fn nothing_is_tried_without_end() {
    for pace in [BUSY_PACE, OTHERS_PACE, LAST_PACE] {
        assert!(pace.longest() <= LONGEST_SECONDS, "{} s", pace.longest());
    }
}

/// The rule of a list that decides about an error.
fn first<'a>(rules: &'a Value, error: &str) -> Option<&'a Value> {
    let names = |rule: &Value| rule["ErrorEquals"].as_array().cloned().unwrap_or_default();
    let rules = rules.as_array()?;
    rules.iter().find(|rule| names(rule).iter().any(|one| one == error || one == "States.ALL"))
}

#[test]
fn a_killed_function_is_tried_again_under_whatever_name_its_end_has() {
    for (name, state) in states("Task") {
        for error in NOT_OURS.into_iter().chain(["Runtime.NobodyHasHeardOfThis"]) {
            let attempts = first(&state["Retry"], error).and_then(|rule| rule["MaxAttempts"].as_u64());
            assert!(attempts.is_some_and(|attempts| attempts >= OTHERS_PACE.attempts), "{name}: {error}");
        }
        for error in finals() {
            let attempts = first(&state["Retry"], error).and_then(|rule| rule["MaxAttempts"].as_u64());
            assert_eq!(attempts, Some(0), "{name}: {error}");
        }
    }
}

/// Going back is tried as long as it may come to something: what was busy or killed to the last is a recovery's to go on
/// with, and only what was refused for good is a person's.
#[test]
fn a_rollback_that_was_killed_to_the_last_is_no_persons_to_mend() {
    let (_, rollback) = states("Task").into_iter().find(|(name, _)| name == "Rollback").expect("Rollback");
    let next = |error: &str| {
        let rule = first(&rollback["Catch"], error).expect("everything is caught");
        rule["Next"].as_str().expect("a name").to_owned()
    };
    for error in NOT_OURS {
        assert_eq!(next(error), "UnfinishedAsTold", "{error}");
    }
    assert_eq!(next(BUSY), "UnfinishedInWords");
    assert_eq!(next("LeaseLost"), "LeaseLostInWords");
    for error in finals().into_iter().filter(|error| *error != "LeaseLost") {
        assert_eq!(next(error), "Finish", "{error}");
    }
}
