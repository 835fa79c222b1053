//! The metrics that there are: what the functions print, and what AWS counts of the template's resources.

use changeover_domain::Timestamp;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Deployment, Outcome, Tried};
use changeover_lambda::embedded::{Measurement, NAMESPACE, STACK};
use contract::stack;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One metric: its namespace, its name, and its dimensions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Metric {
    pub namespace: String,
    pub name: String,
    pub dimensions: BTreeMap<String, String>,
}

/// AWS's own metrics that are worth watching, by namespace with the one dimension that tells resources apart.
const OF_AWS: [(&str, &str, &[&str]); 4] = [
    ("AWS/Lambda", "FunctionName", &["Errors", "Throttles", "Duration"]),
    (
        "AWS/States",
        "StateMachineArn",
        &[
            "ExecutionsStarted",
            "ExecutionsSucceeded",
            "ExecutionsFailed",
            "ExecutionsTimedOut",
            "ExecutionsAborted",
            "ExecutionThrottled",
        ],
    ),
    ("AWS/SQS", "QueueName", &["ApproximateNumberOfMessagesVisible"]),
    ("AWS/DynamoDB", "TableName", &["ReadThrottleEvents", "WriteThrottleEvents"]),
];

/// Every outcome.
pub const OUTCOMES: [Outcome; 5] =
    [Outcome::Succeeded, Outcome::RolledBack, Outcome::Refused, Outcome::Superseded, Outcome::NeedsHuman];

/// Everything that the functions measure, by the functions that measure it.
pub fn measurements() -> Vec<Measurement> {
    let at = |second| Timestamp::from_second(second).expect("a time");
    let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
    let mut record = Deployment::new(service.clone(), id, "arn", "push", at(100));
    let mut all = vec![dispatch::held(&record, at(200)), dispatch::recovery(&service, "arn")];
    let (deployment, outcome) = (record.id.clone(), Outcome::Refused);
    let tried = Tried { deployment, outcome, attempts: 5, uncounted: 0, postponed: None, at: None };
    all.extend([dispatch::standing(&service, &tried), dispatch::drifted(&service)]);
    record.progress.back.rollback_at = Some(at(110));
    record.receipt = Some(finish::receipt(&record, at(200)));
    for outcome in OUTCOMES {
        record.outcome = Some(outcome);
        all.push(finish::measurement(&record));
    }
    all
}

/// The metrics that CloudWatch makes of what the functions print. The names of services are the user's.
pub fn printed() -> BTreeSet<Metric> {
    let mut found = BTreeSet::new();
    for measurement in measurements() {
        let line = measurement.line(Timestamp::UNIX_EPOCH, &stack().name);
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().expect("directives") {
            for set in directive["Dimensions"].as_array().expect("sets") {
                let names = set.as_array().expect("a set").iter().map(word);
                let dimensions: BTreeMap<String, String> =
                    names.map(|name| (name.clone(), word(&line[&name]))).collect();
                for metric in directive["Metrics"].as_array().expect("metrics") {
                    let (namespace, name) = (word(&directive["Namespace"]), word(&metric["Name"]));
                    found.insert(Metric { namespace, name, dimensions: dimensions.clone() });
                }
            }
        }
    }
    assert!(
        found.iter().all(|metric| metric.namespace == NAMESPACE && metric.dimensions.contains_key(STACK))
    );
    found
}

/// Checks that a metric is there to be watched.
pub fn check(place: &str, metric: &Metric) {
    let Metric { namespace, name, dimensions } = metric;
    if namespace == NAMESPACE {
        assert!(printed().contains(metric), "{place} watches {metric:?}, which no function prints");
        return;
    }
    let known = OF_AWS.iter().find(|(known, ..)| known == namespace);
    let (_, dimension, names) = known.unwrap_or_else(|| panic!("{place} watches {namespace}"));
    assert!(names.contains(&name.as_str()), "{place} watches {namespace} {name}");
    let told: Vec<(&str, &str)> =
        dimensions.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let [(said, value)] = told[..] else { panic!("{place}: {name} has one dimension, not {told:?}") };
    assert_eq!(said, *dimension, "{place}: {name} is told apart by");
    assert!(resources(namespace).contains(value), "{place} watches {value}, which is not of the template");
}

/// The template's resources that a namespace counts for, as its dimension names them.
fn resources(namespace: &str) -> BTreeSet<String> {
    let stack = stack();
    match namespace {
        "AWS/Lambda" => stack.functions.into_iter().map(|function| function.name).collect(),
        "AWS/States" => stack.state_machines.into_iter().map(|machine| machine.arn).collect(),
        "AWS/SQS" => stack.queues.into_iter().map(|queue| queue.name).collect(),
        _ => stack.tables.into_iter().map(|table| table.name).collect(),
    }
}

/// A text value.
pub fn word(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
