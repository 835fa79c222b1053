//! Our own numbers, for alarms and the dashboard: one line on stdout in CloudWatch's embedded metric format, which
//! CloudWatch Logs turns into metrics. No call to AWS, and no permission for one, is needed.
//!
//! The names here are those that `template.yaml` watches; a contract test holds the two together.

use changeover_domain::Timestamp;
use serde_json::{Map, Value, json};

/// Where our metrics are kept.
pub const NAMESPACE: &str = "Changeover";
/// Deployments that ended, by outcome.
pub const DEPLOYMENTS: &str = "Deployments";
/// How long a deployment took.
pub const DURATION_SECONDS: &str = "DurationSeconds";
/// How much of that was rolling back.
pub const ROLLBACK_SECONDS: &str = "RollbackSeconds";
/// For how long a service has been held by one deployment.
pub const LEASE_HELD_SECONDS: &str = "LeaseHeldSeconds";
/// Executions that died while they held a service, and whose deployment another execution brings to an end.
pub const RECOVERIES: &str = "Recoveries";
/// Wishes that were refused again and again, and still stand.
pub const STANDING_WISHES: &str = "StandingWishes";
/// Services that do not run what they were brought to, and are only told of.
pub const DRIFTED: &str = "Drifted";
/// The dimension that tells stacks in one account apart; every metric has it.
pub const STACK: &str = "Stack";
/// The dimension by which deployments are told apart.
pub const OUTCOME: &str = "Outcome";
/// The dimension by which services are told apart.
pub const SERVICE: &str = "Service";

/// What a number counts, in CloudWatch's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Time.
    Seconds,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}

/// Some numbers of one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// By which dimensions CloudWatch keeps them: one metric for each list, `Stack` included in each by itself. What
    /// is named here has to be among `about`.
    pub by: Vec<Vec<&'static str>>,
    /// What they are about: the dimensions' values, and whatever else the line is to be found by.
    pub about: Vec<(&'static str, String)>,
    /// Name, unit and value.
    pub numbers: Vec<(&'static str, Unit, u64)>,
}

impl Measurement {
    /// The line, as the embedded metric format has it.
    pub fn line(&self, at: Timestamp, stack: &str) -> Value {
        let sets: Vec<Vec<&str>> =
            self.by.iter().map(|set| [STACK].into_iter().chain(set.iter().copied()).collect()).collect();
        let metrics: Vec<Value> =
            self.numbers.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit.name()})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": sets, "Metrics": metrics});
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": [directive]}),
        );
        line.insert(STACK.to_owned(), stack.into());
        line.extend(self.about.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())));
        line.extend(self.numbers.iter().map(|(name, _, value)| ((*name).to_owned(), (*value).into())));
        Value::Object(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_the_embedded_metric_format_asks_for() {
        let measurement = Measurement {
            by: vec![vec![], vec![SERVICE]],
            about: vec![(SERVICE, "main/web".to_owned()), ("deployment", "d-1".to_owned())],
            numbers: vec![(LEASE_HELD_SECONDS, Unit::Seconds, 90)],
        };
        let at = Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(
            measurement.line(at, "changeover"),
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_000_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "Changeover",
                        "Dimensions": [["Stack"], ["Stack", "Service"]],
                        "Metrics": [{"Name": "LeaseHeldSeconds", "Unit": "Seconds"}],
                    }],
                },
                "Stack": "changeover",
                "Service": "main/web",
                "deployment": "d-1",
                "LeaseHeldSeconds": 90,
            })
        );
    }

    /// CloudWatch drops the metrics of a line, without a word, whose dimensions or values are not beside them.
    #[test]
    fn every_name_in_the_directive_has_its_value_beside_it() {
        let measurement = Measurement {
            by: vec![vec![OUTCOME]],
            about: vec![(OUTCOME, "Succeeded".to_owned())],
            numbers: vec![(DEPLOYMENTS, Unit::Count, 1), (DURATION_SECONDS, Unit::Seconds, 61)],
        };
        let line = measurement.line(Timestamp::UNIX_EPOCH, "s");
        let directive = &line["_aws"]["CloudWatchMetrics"][0];
        for set in directive["Dimensions"].as_array().unwrap() {
            for name in set.as_array().unwrap() {
                assert!(line[name.as_str().unwrap()].is_string(), "{name} in {line}");
            }
        }
        for metric in directive["Metrics"].as_array().unwrap() {
            assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {line}");
        }
    }
}
