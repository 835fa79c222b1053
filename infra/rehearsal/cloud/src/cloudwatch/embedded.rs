//! Metrics out of log lines: CloudWatch's embedded metric format, as CloudWatch Logs extracts it.
//!
//! As in AWS, a line that is not in the format is a line like any other, and a metric whose value or dimension is not
//! beside the directive is left out without a word.

use super::metric::Metric;
use serde_json::Value;

/// The most dimensions that one metric may have.
const MAX_DIMENSIONS: usize = 30;

/// What a line tells: metrics with their values, and when in seconds since 1970.
pub(super) fn read(line: &str) -> Vec<(Metric, u64, f64)> {
    // Most lines are none; to see that needs no parser.
    if !line.starts_with('{') || !line.contains("\"CloudWatchMetrics\"") {
        return Vec::new();
    }
    let Ok(line) = serde_json::from_str::<Value>(line) else { return Vec::new() };
    let Some(at) = line["_aws"]["Timestamp"].as_u64() else { return Vec::new() };
    let directives = line["_aws"]["CloudWatchMetrics"].as_array().cloned().unwrap_or_default();
    let mut all = Vec::new();
    for directive in &directives {
        let Some(namespace) = directive["Namespace"].as_str() else { continue };
        for set in directive["Dimensions"].as_array().into_iter().flatten() {
            let Some(dimensions) = dimensions(&line, set) else { continue };
            for metric in directive["Metrics"].as_array().into_iter().flatten() {
                let Some(name) = metric["Name"].as_str() else { continue };
                let Some(value) = line[name].as_f64() else { continue };
                let metric = Metric {
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                    dimensions: dimensions.clone(),
                };
                all.push((metric, at / 1000, value));
            }
        }
    }
    all
}

fn dimensions(line: &Value, set: &Value) -> Option<std::collections::BTreeMap<String, String>> {
    let names = set.as_array().filter(|names| names.len() <= MAX_DIMENSIONS)?;
    let value = |name: &Value| {
        let name = name.as_str()?;
        Some((name.to_owned(), line[name].as_str()?.to_owned()))
    };
    names.iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(more: &Value) -> String {
        let metrics = json!([{ "Name": "Deployments", "Unit": "Count" }, { "Name": "Absent" }]);
        let directive = json!({
            "Namespace": "Changeover", "Dimensions": [["Stack"], ["Stack", "Outcome"], ["Nowhere"]], "Metrics": metrics,
        });
        let mut line = json!({
            "_aws": { "Timestamp": 1_700_000_000_999_u64, "CloudWatchMetrics": [directive] },
            "Stack": "changeover", "Outcome": "NeedsHuman", "Deployments": 1,
        });
        for (name, value) in more.as_object().unwrap() {
            line[name] = value.clone();
        }
        line.to_string()
    }

    #[test]
    fn each_set_of_dimensions_is_a_metric() {
        let read = read(&line(&json!({})));
        let names: Vec<Vec<&str>> =
            read.iter().map(|(metric, ..)| metric.dimensions.keys().map(String::as_str).collect()).collect();
        assert_eq!(names, [vec!["Stack"], vec!["Outcome", "Stack"]]);
        assert!(read.iter().all(|(metric, at, value)| {
            metric.name == "Deployments" && *at == 1_700_000_000 && (*value - 1.0).abs() < f64::EPSILON
        }));
    }

    #[test]
    fn other_lines_are_no_metrics() {
        assert_eq!(read("START RequestId: x \"CloudWatchMetrics\""), []);
        assert_eq!(read("{\"level\":\"INFO\"}"), []);
        assert_eq!(read("{\"CloudWatchMetrics\""), []);
        assert_eq!(read(&line(&json!({ "_aws": {} }))), []);
        assert_eq!(read(&line(&json!({ "Deployments": "one" }))), []);
    }
}
