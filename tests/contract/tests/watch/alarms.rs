//! The template's alarms.

use crate::metric::{Metric, check, word};
use contract::{stack, text};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The longest that all periods of an alarm may be together: a day.
const LONGEST_SECONDS: u64 = 86_400;
/// The most metrics that the expression of an alarm may have.
const MOST_METRICS: usize = 10;
/// The alarm on the dead-letter queue.
const LETTERS: &str = "DeadLettersAlarm";
/// Shorter than this, a description cannot say what to do.
const SHORT: usize = 100;

/// Periods that are whole minutes, as alarms on metrics of ordinary resolution have them.
fn check_periods(name: &str, alarm: &Value, periods: impl IntoIterator<Item = u64>) {
    let evaluations = number(&alarm["EvaluationPeriods"]);
    for period in periods {
        assert!(period > 0 && period.is_multiple_of(60), "{name} has a period of {period} s");
        assert!(period * evaluations <= LONGEST_SECONDS, "{name} looks back for longer than a day");
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

fn metric(of: &Value) -> Metric {
    let dimensions = of["Dimensions"].as_array().expect("dimensions").iter();
    let dimensions: BTreeMap<String, String> =
        dimensions.map(|one| (word(&one["Name"]), word(&one["Value"]))).collect();
    Metric { namespace: word(&of["Namespace"]), name: word(&of["MetricName"]), dimensions }
}

/// The metrics of an alarm, with how each is summed up and over which period.
fn metrics(alarm: &Value) -> Vec<(Metric, String, u64)> {
    let Some(all) = alarm["Metrics"].as_array() else {
        return vec![(metric(alarm), word(&alarm["Statistic"]), number(&alarm["Period"]))];
    };
    let stats = all.iter().filter_map(|one| one.get("MetricStat"));
    stats.map(|stat| (metric(&stat["Metric"]), word(&stat["Stat"]), number(&stat["Period"]))).collect()
}

#[test]
fn every_alarm_watches_what_there_is() {
    for alarm in stack().alarms {
        let (name, alarm) = (&alarm.logical_id, &alarm.properties);
        let metrics = metrics(alarm);
        assert!((1..=MOST_METRICS).contains(&metrics.len()), "{name} has {} metrics", metrics.len());
        for (metric, stat, _) in &metrics {
            check(name, metric);
            assert!(["Sum", "Maximum"].contains(&stat.as_str()), "{name}: {stat}");
        }
        let periods: BTreeSet<u64> = metrics.iter().map(|(_, _, period)| *period).collect();
        assert_eq!(periods.len(), 1, "{name} mixes periods");
        check_periods(name, alarm, periods);
        assert!(number(&alarm["Threshold"]) > 0, "{name} is always raised");
    }
}

#[test]
fn what_is_summed_up_is_what_was_measured_and_nothing_else_is_returned() {
    for alarm in stack().alarms {
        let Some(all) = alarm.properties["Metrics"].as_array() else { continue };
        let returned: Vec<&Value> = all.iter().filter(|one| one["ReturnData"] != false).collect();
        assert_eq!(returned.len(), 1, "{}", alarm.logical_id);
        assert_eq!(returned[0]["Expression"], "SUM(METRICS())", "{}", alarm.logical_id);
        let ids: BTreeSet<String> = all.iter().map(|one| word(&one["Id"])).collect();
        assert_eq!(ids.len(), all.len(), "{} has an id twice", alarm.logical_id);
        let is_id = |id: &String| {
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        assert!(ids.iter().all(is_id), "{}: {ids:?}", alarm.logical_id);
    }
}

#[test]
fn silence_raises_no_alarm_and_every_alarm_is_told_to_the_topic() {
    let stack = stack();
    let topic = &stack.topics[0].arn;
    for alarm in &stack.alarms {
        let properties = &alarm.properties;
        if alarm.logical_id != LETTERS {
            assert_eq!(properties["TreatMissingData"], "notBreaching", "{}", alarm.logical_id);
        }
        assert_eq!(properties["AlarmActions"], serde_json::json!([topic]), "{}", alarm.logical_id);
    }
    let key = stack.topics[0].properties.get("KmsMasterKeyId");
    assert_ne!(key, Some(&"alias/aws/sns".into()), "CloudWatch cannot write to a topic with AWS's own key");
}

/// SQS tells numbers of a queue for some hours after the last time that anybody touched it; letters lie there for two weeks.
#[test]
fn the_alarm_on_letters_does_not_clear_while_sqs_tells_nothing() {
    let letters = stack().alarms.into_iter().find(|alarm| alarm.logical_id == LETTERS).expect(LETTERS);
    assert_eq!(word(&letters.properties["Namespace"]), "AWS/SQS");
    assert_eq!(letters.properties["TreatMissingData"], "ignore", "what it was, it stays");
}

/// The description names the part of `docs/operations.md` that says more.
#[test]
fn every_alarm_says_what_to_do() {
    let operations = text("docs/operations.md");
    let headings: BTreeSet<&str> = operations
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_matches(['#', ' ']))
        .collect();
    for alarm in stack().alarms {
        let description = word(&alarm.properties["AlarmDescription"]);
        let (said, more) = description.split_once("(docs/operations.md, ").expect("it says where to read on");
        assert!(said.len() > SHORT, "{}: {said}", alarm.logical_id);
        let heading = more.split(')').next().unwrap_or_default();
        assert!(headings.contains(heading), "{}: operations.md has no {heading}", alarm.logical_id);
        assert!(description.len() <= 1024, "{} says more than CloudWatch takes", alarm.logical_id);
    }
}

#[test]
fn what_issue_and_guide_promise_is_watched() {
    let watched: BTreeSet<String> = stack()
        .alarms
        .iter()
        .flat_map(|alarm| metrics(&alarm.properties))
        .map(|(metric, ..)| format!("{} {}", metric.namespace, metric.name))
        .collect();
    for promised in [
        "Changeover Deployments",
        "Changeover LeaseHeldSeconds",
        "AWS/States ExecutionsFailed",
        "AWS/SQS ApproximateNumberOfMessagesVisible",
        "AWS/Lambda Errors",
    ] {
        assert!(watched.contains(promised), "no alarm watches {promised}");
    }
    let errors = stack().alarms.into_iter().find(|alarm| alarm.logical_id == "FunctionErrorsAlarm");
    let watched = metrics(&errors.expect("FunctionErrorsAlarm").properties).len();
    assert_eq!(watched, stack().functions.len(), "functions whose errors are watched");
}
