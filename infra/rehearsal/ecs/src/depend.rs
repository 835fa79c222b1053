//! In which order a task's containers start and stop: `dependsOn`. Pure.

use rehearsal_wire::ApiError;
use serde_json::Value;
use std::time::Duration;

/// What a container waits for before it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    pub(crate) container: String,
    pub(crate) condition: Condition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// The other has started.
    Start,
    /// It has ended.
    Complete,
    /// It has ended with 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// How another container is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) started: bool,
    pub(crate) exit_code: Option<i32>,
    pub(crate) healthy: bool,
    /// How long ago it started.
    pub(crate) age: Duration,
    /// Its `startTimeout`: how long others wait for it.
    pub(crate) patience: Option<Duration>,
}

/// What a dependency comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    NotYet,
    /// It will never be met.
    Never,
}

impl Condition {
    fn read(name: &str) -> Option<Self> {
        Some(match name {
            "START" => Self::Start,
            "COMPLETE" => Self::Complete,
            "SUCCESS" => Self::Success,
            "HEALTHY" => Self::Healthy,
            _ => return None,
        })
    }

    /// Whether the other container fulfils it.
    pub(crate) fn by(self, seen: &Seen) -> Verdict {
        let met = match self {
            Self::Start => seen.started || seen.exit_code.is_some(),
            Self::Complete => seen.exit_code.is_some(),
            Self::Success => seen.exit_code == Some(0),
            Self::Healthy => seen.healthy && seen.exit_code.is_none(),
        };
        let late = self != Self::Start && seen.started && seen.patience.is_some_and(|most| seen.age >= most);
        match (met, seen.exit_code) {
            (true, _) => Verdict::Met,
            (false, Some(_)) => Verdict::Never,
            (false, None) if late => Verdict::Never,
            (false, None) => Verdict::NotYet,
        }
    }
}

/// A container's `dependsOn`; what is wrong was refused when it was registered.
pub(crate) fn dependencies(container: &Value) -> Vec<Dependency> {
    let given = container["dependsOn"].as_array().into_iter().flatten();
    let read = |one: &Value| {
        let container = one["containerName"].as_str()?.to_owned();
        Some(Dependency { container, condition: Condition::read(one["condition"].as_str()?)? })
    };
    given.filter_map(read).collect()
}

/// Whether a definition's containers can all start, some after others.
///
/// # Errors
/// The first container that cannot, and why.
pub(crate) fn check(containers: &[Value]) -> Result<(), ApiError> {
    for container in containers {
        let name = container["name"].as_str().unwrap_or_default();
        for Dependency { container: other, condition } in dependencies(container) {
            let wrong = |why: &str| {
                let message = format!("Invalid 'dependsOn' setting for container '{name}': {why}");
                Err(ApiError::new("ClientException", message))
            };
            if other == name {
                return wrong("it cannot depend on itself.");
            }
            let Some(other) = containers.iter().find(|known| known["name"] == *other) else {
                return wrong(&format!("there is no container '{other}'."));
            };
            let ends = matches!(condition, Condition::Complete | Condition::Success);
            if ends && other["essential"] != false {
                return wrong("COMPLETE and SUCCESS cannot be set on an essential container.");
            }
            if condition == Condition::Healthy && other["healthCheck"].is_null() {
                return wrong("HEALTHY needs a container with a health check.");
            }
        }
    }
    match circle(containers) {
        None => Ok(()),
        Some(name) => Err(ApiError::new(
            "ClientException",
            format!("Invalid 'dependsOn' setting for container '{name}': it waits for itself in a circle."),
        )),
    }
}

/// A container that could never start, because others wait for it in a circle.
fn circle(containers: &[Value]) -> Option<&str> {
    let mut waiting: Vec<(&str, Vec<Dependency>)> = containers
        .iter()
        .map(|container| (container["name"].as_str().unwrap_or_default(), dependencies(container)))
        .collect();
    loop {
        let names: Vec<String> = waiting.iter().map(|(name, _)| (*name).to_owned()).collect();
        let before = waiting.len();
        waiting.retain(|(_, needs)| needs.iter().any(|need| names.contains(&need.container)));
        if waiting.len() == before {
            return waiting.first().map(|(name, _)| *name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_condition_is_met_by_its_own() {
        let started = Seen { started: true, ..Seen::default() };
        let healthy = Seen { healthy: true, ..started };
        let ended = |code| Seen { exit_code: Some(code), ..started };
        use Condition::{Complete, Healthy, Start, Success};
        use Verdict::{Met, Never, NotYet};
        for (condition, seen, verdict) in [
            (Start, Seen::default(), NotYet),
            (Start, started, Met),
            (Complete, started, NotYet),
            (Complete, ended(1), Met),
            (Success, ended(0), Met),
            (Success, ended(1), Never),
            (Healthy, started, NotYet),
            (Healthy, healthy, Met),
            (Healthy, ended(0), Never),
        ] {
            assert_eq!(condition.by(&seen), verdict, "{condition:?} {seen:?}");
        }
        let late = Seen { age: Duration::from_secs(9), patience: Some(Duration::from_secs(9)), ..started };
        assert_eq!((Healthy.by(&late), Start.by(&late)), (Never, Met));
    }

    #[test]
    fn what_could_never_start_is_refused() {
        let one = |name: &str, on: &str, condition: &str| json!({ "name": name, "dependsOn": [{ "containerName": on, "condition": condition }] });
        let plain = |name: &str, essential: bool| json!({ "name": name, "essential": essential });
        for (containers, why) in [
            (vec![one("a", "a", "START")], "itself"),
            (vec![one("a", "b", "START")], "no container 'b'"),
            (vec![one("a", "b", "SUCCESS"), plain("b", true)], "essential"),
            (vec![one("a", "b", "HEALTHY"), plain("b", false)], "health check"),
            (vec![one("a", "b", "START"), one("b", "a", "START")], "circle"),
        ] {
            let said = check(&containers).unwrap_err().message;
            assert!(said.contains(why), "{said}");
        }
        check(&[one("a", "b", "COMPLETE"), plain("b", false)]).unwrap();
    }
}
