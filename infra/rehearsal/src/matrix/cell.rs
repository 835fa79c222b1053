//! One cell of the matrix: a state, a fault, a strategy, and what may come of it.

use anyhow::Context as _;
use changeover_domain::gate::Point;
use rehearsal_cloud::{ApiFault, ApiFaultRule};
use rehearsal_lambda::{Fault, FaultRule};
use rehearsal_wire::{ApiError, Service};
use serde_json::Value;
use std::time::Duration;

/// What goes wrong in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The function is killed before it acts.
    KilledBefore,
    /// The function acts and is killed before it answers.
    KilledAfter,
    /// The function stalls past its timeout without having acted.
    Stalled,
    /// The function acts and stalls past its timeout.
    ActedAndStalled,
    /// The Lambda service is gone for a while.
    LambdaGone,
    /// The Lambda service throttles for a while.
    LambdaThrottled,
    /// The state's most important API call is throttled until the SDK gives up.
    CallThrottled,
    /// That call fails once.
    CallFailsOnce,
    /// A balancer before the service answers that call with 503, and nothing that can be read, for longer than one invocation
    /// tries.
    CallUnavailable,
    /// What the function reads is older than what it, or another before it, has written.
    StaleReads,
    /// That call is refused for ever.
    CallRefused,
    /// That call succeeds and its answer is lost.
    AnswerLost,
    /// An operator aborts the execution in this state.
    Aborted,
    /// An operator aborts it while that call is on its way, and it comes when another has the service.
    CallUnderWay,
}

/// How long a call is on its way: longer than a recovery takes to begin, shorter than a function may take.
pub const UNDER_WAY: Duration = Duration::from_millis(2_500);

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::KilledBefore,
        Self::KilledAfter,
        Self::Stalled,
        Self::ActedAndStalled,
        Self::LambdaGone,
        Self::LambdaThrottled,
        Self::CallThrottled,
        Self::CallFailsOnce,
        Self::CallUnavailable,
        Self::StaleReads,
        Self::CallRefused,
        Self::AnswerLost,
        Self::Aborted,
        Self::CallUnderWay,
    ];

    /// Whether an operator aborts the execution.
    pub fn aborts(self) -> bool {
        matches!(self, Self::Aborted | Self::CallUnderWay)
    }

    /// In words, for the table.
    pub fn words(self) -> &'static str {
        match self {
            Self::KilledBefore => "killed before it acted",
            Self::KilledAfter => "killed after it acted",
            Self::Stalled => "stalled",
            Self::ActedAndStalled => "acted, then stalled",
            Self::LambdaGone => "Lambda gone for 5 s",
            Self::LambdaThrottled => "Lambda throttles for 5 s",
            Self::CallThrottled => "call throttled",
            Self::CallFailsOnce => "call fails once",
            Self::CallUnavailable => "call answered 503 for a while",
            Self::StaleReads => "reads stale by up to 4 s",
            Self::CallRefused => "call refused for ever",
            Self::AnswerLost => "answer lost",
            Self::Aborted => "aborted",
            Self::CallUnderWay => "aborted, call under way",
        }
    }
}

/// How old a stale read may be: several looks, at this pace.
const STALE: Duration = Duration::from_secs(4);
/// How many calls of a function are read stale: all of several invocations.
const STALE_CALLS: u32 = 40;
/// How many calls are answered 503: those of three invocations, of which each tries three times.
const UNAVAILABLE_CALLS: u32 = 9;
/// The functions that read what AWS answers from copies that may be late; the others read only the ledger, which does not.
const READERS: [&str; 7] =
    ["plan", "register-revision", "update-service", "check-health", "swap", "drain", "rollback"];

/// The state that an image has to be bad for.
const ROLLBACK: &str = "Rollback";
/// The points after the outcome, at which nothing can be held.
const AFTER_SUCCESS: &str = "AfterSuccess";
const AFTER_ROLLBACK: &str = "AfterRollback";

/// How often the function that is called at points reads the ledger: the lease, and the record.
const READS: u32 = 2;

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Whether the service is a blue/green pair.
    pub pair: bool,
    /// The state.
    pub state: String,
    /// The function that it calls, by its crate.
    pub function: String,
    /// Whether users have been shown the new version by then: going back is a shift of weights first.
    pub shown: bool,
    /// What goes wrong there.
    pub fault: FaultKind,
}

/// Every cell there is: the Task states are read from the state machine as it ships.
///
/// # Errors
/// If the state machine cannot be read.
pub fn cells() -> anyhow::Result<Vec<Cell>> {
    let path = crate::build::workspace().join("statemachine/deploy.asl.json");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let machine: Value = serde_json::from_str(&text).context("the state machine is no JSON")?;
    let states = machine["States"].as_object().context("the state machine has no states")?;
    let mut cells = Vec::new();
    for pair in [true, false] {
        for (state, definition) in states.iter().filter(|(_, definition)| definition["Type"] == "Task") {
            // A rolling service has no weights to shift.
            if !pair && (state == "Swap" || state == "BeforeTraffic") {
                continue;
            }
            let function = crate_of(definition["Parameters"]["FunctionName"].as_str().unwrap_or_default());
            for shown in [false, true] {
                if shown && !(pair && state == ROLLBACK) {
                    continue;
                }
                let reads = READERS.contains(&function.as_str());
                for fault in
                    FaultKind::ALL.into_iter().filter(|fault| reads || *fault != FaultKind::StaleReads)
                {
                    let (state, function) = (state.clone(), function.clone());
                    cells.push(Cell { pair, state, function, shown, fault });
                }
            }
        }
    }
    Ok(cells)
}

/// `${CheckHealthFunctionArn}` is made of the crate `check-health`.
fn crate_of(substitution: &str) -> String {
    let name = substitution.trim_start_matches("${").trim_end_matches("FunctionArn}");
    let mut words = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

impl Cell {
    /// In words: `pair/Swap/stalled`.
    pub fn name(&self) -> String {
        format!("{}/{}/{}", if self.pair { "pair" } else { "rolling" }, self.column(), self.fault.words())
    }

    /// The state, and what is different about it.
    pub fn column(&self) -> String {
        if self.shown { format!("{} after a shift", self.state) } else { self.state.clone() }
    }

    /// Whether the image must be one that is rolled back: else the state is never entered.
    pub fn needs_bad_image(&self) -> bool {
        [ROLLBACK, AFTER_ROLLBACK].contains(&self.state.as_str())
    }

    /// The point that this state is, where people have their say.
    pub fn point(&self) -> Option<Point> {
        Point::ALL.into_iter().find(|point| point.state() == self.state)
    }

    /// The point at which a pause is set, so that something is put on record there, and looked at again.
    pub fn pause(&self) -> Option<Point> {
        self.point().filter(|point| !point.is_after() && (self.pair || point.is_of_rolling()))
    }

    /// How many times the state's function is invoked for other states before it comes to this one, with one step.
    pub(super) fn earlier(&self) -> u32 {
        match (self.state.as_str(), self.pair) {
            // What goes back by itself here does so before any traffic.
            ("BeforeTraffic" | AFTER_ROLLBACK, _) | ("AfterStep", false) => 1,
            ("AfterStep", true) | ("BeforeDrain", false) => 2,
            ("BeforeDrain", true) | (AFTER_SUCCESS, false) => 3,
            (AFTER_SUCCESS, true) => 4,
            _ => 0,
        }
    }

    /// How the deployment may end.
    pub fn allowed(&self) -> &'static [&'static str] {
        let bad = self.needs_bad_image();
        match (self.fault, self.state.as_str()) {
            (fault, "Plan") if fault.aborts() => &["Refused", "RolledBack"],
            (fault, "Drain" | AFTER_SUCCESS | "Finish") if fault.aborts() && !bad => {
                &["Succeeded", "RolledBack"]
            }
            (fault, _) if fault.aborts() => &["RolledBack"],
            (FaultKind::CallRefused, "Plan") => &["Refused"],
            (FaultKind::CallRefused, "Finish" | AFTER_SUCCESS) => &["Succeeded"],
            (FaultKind::CallRefused, AFTER_ROLLBACK) => &["RolledBack"],
            (FaultKind::CallRefused, ROLLBACK) => &["NeedsHuman"],
            // A rolling service's drain calls nothing that can be refused.
            (FaultKind::CallRefused, "Drain") if !self.pair => &["Succeeded", "RolledBack"],
            (FaultKind::CallRefused, _) => &["RolledBack"],
            _ if bad => &["RolledBack"],
            _ => &["Succeeded"],
        }
    }

    /// The API call that matters most in this state.
    fn call(&self) -> (Service, &'static str) {
        match self.state.as_str() {
            ROLLBACK if self.shown => (Service::Elbv2, "ModifyRule"),
            "Plan" | "Finish" => (Service::DynamoDb, "UpdateItem"),
            "RegisterRevision" => (Service::Ecs, "RegisterTaskDefinition"),
            "UpdateService" | ROLLBACK => (Service::Ecs, "UpdateService"),
            "Drain" if self.pair => (Service::Ecs, "UpdateService"),
            "Swap" => (Service::Elbv2, "ModifyRule"),
            // Where nothing may hold a deployment, nothing is written.
            _ if self.point().is_some() && self.pause().is_none() => (Service::DynamoDb, "GetItem"),
            _ => (Service::DynamoDb, "PutItem"),
        }
    }

    /// The fault of an invocation, if it is one; `skip` invocations pass first.
    pub(super) fn invocation_fault(&self, function: &str, skip: u32) -> Option<FaultRule> {
        let fault = match self.fault {
            FaultKind::KilledBefore => Fault::KillBefore,
            FaultKind::KilledAfter => Fault::ActThenDie,
            FaultKind::Stalled => Fault::Stall,
            FaultKind::ActedAndStalled => Fault::ActThenStall,
            FaultKind::LambdaGone => Fault::Unavailable(Duration::from_secs(5)),
            FaultKind::LambdaThrottled => Fault::Throttled(Duration::from_secs(5)),
            _ => return None,
        };
        Some(FaultRule { function: function.to_owned(), skip, times: 1, fault })
    }

    /// The fault of an API call, if it is one; `skip` calls pass first.
    pub(super) fn call_fault(&self, function: &str, skip: u32) -> Option<ApiFaultRule> {
        let refused = || ApiError::new("AccessDeniedException", "refused on purpose");
        let broken = || ApiError::new("InternalServerError", "broken on purpose").with_status(500);
        // The SDK tries three times.
        let (fault, times) = match self.fault {
            FaultKind::CallThrottled => (ApiFault::Throttle, 3),
            FaultKind::CallFailsOnce => (ApiFault::Fail(broken()), 1),
            FaultKind::CallUnavailable => (ApiFault::unreadable(503), UNAVAILABLE_CALLS),
            FaultKind::CallRefused => (ApiFault::Fail(refused()), u32::MAX),
            FaultKind::StaleReads => {
                let caller = Some(function.to_owned());
                let fault = ApiFault::Stale(STALE);
                let any = ApiFaultRule {
                    caller,
                    service: None,
                    operation: None,
                    skip: 0,
                    times: STALE_CALLS,
                    fault,
                };
                return Some(any);
            }
            FaultKind::AnswerLost => (ApiFault::ActThenDrop, 1),
            FaultKind::CallUnderWay => (ApiFault::Delay(UNDER_WAY), 1),
            _ => return None,
        };
        let (service, operation) = self.call();
        let skip = match (self.point(), self.pause()) {
            (Some(_), Some(_)) => 0,
            (Some(_), None) => skip * READS,
            _ => skip,
        };
        Some(ApiFaultRule {
            caller: Some(function.to_owned()),
            service: Some(service),
            operation: Some(operation.to_owned()),
            skip,
            times,
            fault,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_are_every_task_state_of_the_machine_that_ships() {
        let cells = cells().unwrap();
        // Fifteen states of a pair, one of them twice, and thirteen of a rolling service, of which the points and Finish read
        // the ledger alone: seven of a pair, and six.
        assert_eq!(cells.len(), (15 + 1 + 13) * FaultKind::ALL.len() - (7 + 6));
        let functions: Vec<&str> = cells.iter().map(|cell| cell.function.as_str()).collect();
        for name in crate::binaries::FUNCTIONS.iter().filter(|name| **name != "dispatch") {
            assert!(functions.contains(name), "{name}");
        }
    }
}
