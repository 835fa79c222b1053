//! The template's dashboard.

use crate::metric::{Metric, OUTCOMES, check, measurements, printed, word};
use changeover_lambda::embedded::{LEASE_HELD_SECONDS, SERVICE, STACK};
use contract::stack;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How many columns a dashboard has.
const COLUMNS: u64 = 24;

fn widgets() -> Vec<Value> {
    let others = stack().others;
    let found = others.iter().find(|other| other.kind == "AWS::CloudWatch::Dashboard").expect("a dashboard");
    let body = word(&found.properties["DashboardBody"]);
    let body: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("DashboardBody: {error}"));
    body["widgets"].as_array().expect("widgets").clone()
}

fn of_type(kind: &str) -> Vec<Value> {
    widgets()
        .into_iter()
        .filter(|widget| widget["type"] == kind)
        .map(|widget| widget["properties"].clone())
        .collect()
}

/// A widget's metrics, written out: `...` stands for all that came before in the line above, `.` for the one in its place.
fn metrics(widget: &Value) -> Vec<Metric> {
    let (mut all, mut above) = (Vec::new(), Vec::new());
    for line in widget["metrics"].as_array().expect("metrics") {
        let told: Vec<&str> = line.as_array().expect("a line").iter().filter_map(Value::as_str).collect();
        if told.is_empty() {
            continue;
        }
        let mut words: Vec<String> = told.iter().map(|word| (*word).to_owned()).collect();
        if words[0] == "..." {
            let kept = above.len() + 1 - words.len();
            words.splice(..1, above.iter().take(kept).cloned());
        }
        for (word, before) in words.iter_mut().zip(&above) {
            if word == "." {
                word.clone_from(before);
            }
        }
        above.clone_from(&words);
        let pairs = words[2..].chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone()));
        let dimensions: BTreeMap<String, String> = pairs.collect();
        all.push(Metric { namespace: words[0].clone(), name: words[1].clone(), dimensions });
    }
    all
}

fn expressions() -> Vec<String> {
    let lines = of_type("metric")
        .into_iter()
        .flat_map(|widget| widget["metrics"].as_array().expect("metrics").clone());
    lines.filter_map(|line| line[0]["expression"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_widget_watches_what_there_is() {
    let mut seen = 0;
    for widget in of_type("metric") {
        for metric in metrics(&widget) {
            check(&word(&widget["title"]), &metric);
            seen += 1;
        }
        assert_eq!(widget["region"], "us-east-1", "the stack's region");
    }
    assert!(seen > 30, "only {seen} metrics are shown");
}

#[test]
fn services_are_searched_for_by_the_dimensions_that_they_are_measured_with() {
    let stack = stack().name;
    let expected = format!(
        "SEARCH('{{Changeover,{STACK},{SERVICE}}} {STACK}=\"{stack}\" MetricName=\"{LEASE_HELD_SECONDS}\"', 'Maximum', 300)"
    );
    assert_eq!(expressions(), [expected]);
    let by_service =
        |metric: &Metric| metric.name == LEASE_HELD_SECONDS && metric.dimensions.contains_key(SERVICE);
    assert!(printed().iter().any(by_service), "services are not measured one by one");
}

#[test]
fn nothing_is_measured_that_nobody_sees() {
    let shown: BTreeSet<String> =
        of_type("metric").iter().flat_map(metrics).map(|metric| metric.name).collect();
    let searched = expressions().concat();
    for measurement in measurements() {
        for (name, ..) in measurement.numbers {
            assert!(shown.contains(name) || searched.contains(name), "{name} is not on the dashboard");
        }
    }
}

#[test]
fn every_outcome_every_function_and_every_alarm_is_shown() {
    let widgets = of_type("metric");
    let shown: Vec<Metric> = widgets.iter().flat_map(metrics).collect();
    for outcome in OUTCOMES {
        let is_it = |metric: &&Metric| {
            metric.name == "Deployments" && metric.dimensions["Outcome"] == outcome.to_string()
        };
        assert_eq!(shown.iter().filter(is_it).count(), 1, "{outcome}");
    }
    for function in stack().functions {
        for name in ["Errors", "Throttles", "Duration"] {
            let is_it = |metric: &&Metric| {
                metric.name == name && metric.dimensions.get("FunctionName") == Some(&function.name)
            };
            assert_eq!(shown.iter().filter(is_it).count(), 1, "{name} of {}", function.logical_id);
        }
    }
    let listed: BTreeSet<String> =
        of_type("alarm")[0]["alarms"].as_array().expect("alarms").iter().map(word).collect();
    assert_eq!(listed, stack().alarms.into_iter().map(|alarm| alarm.arn).collect());
}

#[test]
fn the_query_asks_for_what_finish_prints() {
    let logs = of_type("log");
    let query = word(&logs[0]["query"]);
    let finish =
        stack().functions.into_iter().find(|one| one.logical_id == "FinishFunction").expect("finish");
    assert!(query.starts_with(&format!("SOURCE '{}' | ", finish.log_group)), "{query}");
    let line = measurements().pop().expect("finish's").line(changeover_domain::Timestamp::UNIX_EPOCH, "s");
    let fields = query.split("fields ").nth(1).and_then(|rest| rest.split(" |").next()).expect("fields");
    for field in fields.split(", ").filter(|field| *field != "@timestamp") {
        assert!(line.get(field).is_some(), "finish does not print {field}: {line}");
    }
}

#[test]
fn no_widget_lies_on_another() {
    let mut taken = BTreeSet::new();
    for widget in widgets() {
        let number = |name: &str| widget[name].as_u64().unwrap_or_else(|| panic!("{name} of {widget}"));
        let (x, y) = (number("x"), number("y"));
        for column in x..x + number("width") {
            assert!(column < COLUMNS, "{widget} is too far to the right");
            for row in y..y + number("height") {
                assert!(taken.insert((column, row)), "{widget} lies on another one");
            }
        }
    }
}
