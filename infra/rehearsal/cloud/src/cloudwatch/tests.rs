//! The API over a real load balancer without traffic, and over metrics that were put.

use super::*;
use rehearsal_elb::Config;
use std::time::Duration;

const NOW: i64 = 1_800_000_060;

fn cloudwatch(delay: Duration) -> CloudWatch {
    CloudWatch::new(Account::default(), Elb::new(Config::default()), MetricPace { minute: 1, delay })
}

fn at(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap()
}

fn put(cloudwatch: &CloudWatch, second: i64, value: f64) {
    let dimensions = json!([{ "Name": "Service", "Value": "web" }]);
    let datum =
        json!({ "MetricName": "Deployments", "Timestamp": second, "Value": value, "Dimensions": dimensions });
    let input = json!({ "Namespace": "Changeover", "MetricData": [datum] });
    cloudwatch.call_at("PutMetricData", &input, at(NOW)).unwrap();
}

fn query(id: &str, stat: &str, period: u64) -> Value {
    let dimensions = json!([{ "Name": "Service", "Value": "web" }]);
    let metric = json!({ "Namespace": "Changeover", "MetricName": "Deployments", "Dimensions": dimensions });
    json!({ "Id": id, "MetricStat": { "Metric": metric, "Period": period, "Stat": stat } })
}

fn ask(cloudwatch: &CloudWatch, queries: &[Value], extra: Value) -> Result<Value, ApiError> {
    let mut input = json!({ "StartTime": NOW - 60, "EndTime": NOW, "MetricDataQueries": queries });
    for (name, value) in extra.as_object().unwrap() {
        input[name] = value.clone();
    }
    cloudwatch.call_at("GetMetricData", &input, at(NOW))
}

#[tokio::test]
async fn periods_hold_what_was_put_and_come_latest_first() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    for (second, value) in [(NOW - 60, 1.0), (NOW - 51, 3.0), (NOW - 50, 5.0), (NOW - 1, 7.0)] {
        put(&cloudwatch, second, value);
    }
    let queries = [query("sum", "Sum", 10), query("p50", "p50", 60)];
    let answer = ask(&cloudwatch, &queries, json!({})).unwrap();
    let sums = &answer["MetricDataResults"][0];
    assert_eq!(sums["Values"], json!([7.0, 5.0, 4.0]));
    assert_eq!(sums["Timestamps"], json!([NOW - 10, NOW - 50, NOW - 60]));
    assert_eq!((&sums["StatusCode"], &sums["Label"]), (&json!("Complete"), &json!("Deployments")));
    assert_eq!(answer["MetricDataResults"][1]["Values"], json!([3.0]));
    let ascending = ask(&cloudwatch, &queries, json!({ "ScanBy": "TimestampAscending" })).unwrap();
    assert_eq!(ascending["MetricDataResults"][0]["Values"], json!([4.0, 5.0, 7.0]));
    let problems =
        rehearsal_wire::check_output(rehearsal_wire::Service::CloudWatch, "GetMetricData", &answer);
    assert_eq!(problems, [""; 0]);
}

#[tokio::test]
async fn a_period_is_seen_only_after_the_delay() {
    let cloudwatch = cloudwatch(Duration::from_secs(5));
    put(&cloudwatch, NOW - 6, 1.0);
    put(&cloudwatch, NOW - 5, 1.0);
    let queries = [query("sum", "Sum", 1)];
    let values = |answer: &Value| answer["MetricDataResults"][0]["Timestamps"].clone();
    assert_eq!(values(&ask(&cloudwatch, &queries, json!({})).unwrap()), json!([NOW - 6]));
    let minute = [query("sum", "Sum", 60)];
    assert_eq!(values(&ask(&cloudwatch, &minute, json!({})).unwrap()), json!([]), "its end is too near");
}

#[tokio::test]
async fn pages_join_into_the_whole() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    for second in 1..=7 {
        put(&cloudwatch, NOW - second, 1.0);
    }
    let queries = [query("a", "Sum", 1), query("b", "Sum", 1)];
    let mut extra = json!({ "MaxDatapoints": 5 });
    let mut pages = Vec::new();
    loop {
        let page = ask(&cloudwatch, &queries, extra.clone()).unwrap();
        let shape: Vec<_> = list_of(&page)
            .iter()
            .map(|result| {
                (
                    result["Id"].to_string(),
                    result["Values"].as_array().unwrap().len(),
                    result["StatusCode"].to_string(),
                )
            })
            .collect();
        pages.push(shape);
        match page.get("NextToken") {
            Some(token) => extra["NextToken"] = token.clone(),
            None => break,
        }
    }
    let row = |id: &str, points: usize, status: &str| (format!("\"{id}\""), points, format!("\"{status}\""));
    assert_eq!(
        pages,
        [
            vec![row("a", 5, "PartialData")],
            vec![row("a", 2, "Complete"), row("b", 3, "PartialData")],
            vec![row("b", 4, "Complete")],
        ]
    );
}

fn list_of(page: &Value) -> Vec<Value> {
    page["MetricDataResults"].as_array().unwrap().clone()
}

#[tokio::test]
async fn nonsense_is_refused() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    let refused = |queries: &[Value], extra: Value| ask(&cloudwatch, queries, extra).unwrap_err().message;
    assert!(refused(&[query("a", "Sum", 7)], json!({})).contains("Period 7 must be"));
    assert!(refused(&[query("A", "Sum", 1)], json!({})).contains("expected pattern"));
    assert!(refused(&[query("a", "Sum", 1), query("a", "Sum", 1)], json!({})).contains("unique"));
    assert!(refused(&[query("a", "sum", 1)], json!({})).contains("Stat sum"));
    assert!(refused(&[json!({ "Id": "a", "Expression": "b/c" })], json!({})).contains("no expressions"));
    assert!(refused(&[query("a", "Sum", 1)], json!({ "StartTime": NOW })).contains("less than"));
    let input = json!({ "Namespace": "AWS/ECS", "MetricData": [] });
    assert_eq!(cloudwatch.call("PutMetricData", &input).unwrap_err().code, "InvalidParameterValue");
}

#[tokio::test]
async fn statistics_and_lists() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    put(&cloudwatch, NOW - 60, 2.0);
    put(&cloudwatch, NOW - 59, 4.0);
    let input = json!({
        "Namespace": "Changeover", "MetricName": "Deployments", "StartTime": NOW - 60, "EndTime": NOW, "Period": 60,
        "Dimensions": [{ "Name": "Service", "Value": "web" }], "Statistics": ["Average", "Maximum"],
        "ExtendedStatistics": ["p50"],
    });
    let answer = cloudwatch.call_at("GetMetricStatistics", &input, at(NOW)).unwrap();
    let expected = json!([{ "Timestamp": NOW - 60, "Average": 3.0, "Maximum": 4.0, "ExtendedStatistics": { "p50": 2.0 } }]);
    assert_eq!(answer["Datapoints"], expected);
    let listed = cloudwatch.call("ListMetrics", &json!({ "Namespace": "Changeover" })).unwrap();
    assert_eq!(listed["Metrics"][0]["Dimensions"][0]["Value"], "web");
}

/// An alarm on the metric that [`put`] puts.
fn alarm(name: &str, cloudwatch: &CloudWatch) {
    let properties = json!({
        "Namespace": "Changeover", "MetricName": "Deployments", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{ "Name": "Service", "Value": "web" }], "EvaluationPeriods": 1, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        "AlarmActions": ["topic"], "Tags": [],
    });
    cloudwatch.add_alarm(name, &properties).unwrap();
}

fn told(cloudwatch: &CloudWatch, input: &Value) -> Value {
    cloudwatch.call("DescribeAlarms", input).unwrap()["MetricAlarms"][0].clone()
}

#[tokio::test]
async fn alarms_are_told_and_set() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    alarm("needs-human", &cloudwatch);
    let first = told(&cloudwatch, &json!({}));
    assert_eq!((&first["StateValue"], &first["Threshold"]), (&json!("INSUFFICIENT_DATA"), &json!(1)));
    let set = json!({ "AlarmName": "needs-human", "StateValue": "ALARM", "StateReason": "by hand" });
    cloudwatch.call("SetAlarmState", &set).unwrap();
    assert_eq!(told(&cloudwatch, &json!({ "StateValue": "ALARM" }))["StateReason"], "by hand");
    let news = cloudwatch.evaluate_at(at(NOW));
    assert_eq!(news.len(), 1, "it was told, and the next look has set it as it is");
    assert_eq!(told(&cloudwatch, &json!({}))["StateValue"], "OK");
    for (member, value, code) in
        [("AlarmName", "nope", "ResourceNotFound"), ("StateValue", "RED", "InvalidFormat")]
    {
        let mut wrong = set.clone();
        wrong[member] = value.into();
        assert_eq!(cloudwatch.call("SetAlarmState", &wrong).unwrap_err().code, code);
    }
}

#[tokio::test]
async fn an_alarm_rises_tells_once_and_falls() {
    let cloudwatch = cloudwatch(Duration::from_secs(1));
    alarm("needs-human", &cloudwatch);
    assert_eq!(cloudwatch.evaluate_at(at(NOW)), [], "there is nobody to tell that all is well");
    put(&cloudwatch, NOW, 1.0);
    assert_eq!(cloudwatch.evaluate_at(at(NOW + 1)), [], "it cannot be seen yet");
    let news = cloudwatch.evaluate_at(at(NOW + 2));
    let [news] = news.as_slice() else { panic!("{news:?}") };
    assert_eq!(
        (news.action.as_str(), news.subject.as_str()),
        ("topic", "ALARM: \"needs-human\" in us-east-1")
    );
    let message: Value = serde_json::from_str(&news.message).unwrap();
    assert_eq!((&message["OldStateValue"], &message["NewStateValue"]), (&json!("OK"), &json!("ALARM")));
    assert_eq!(cloudwatch.evaluate_at(at(NOW + 3)), [], "once is enough");
    let raised = told(&cloudwatch, &json!({ "StateValue": "ALARM" }));
    assert!(
        raised["StateReason"].as_str().unwrap().contains("1 out of the last 1 datapoints [1.0]"),
        "{raised}"
    );
    let problems = rehearsal_wire::check_output(
        rehearsal_wire::Service::CloudWatch,
        "DescribeAlarms",
        &json!({ "MetricAlarms": [raised], "CompositeAlarms": [] }),
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(cloudwatch.evaluate_at(at(NOW + 62)), []);
    assert_eq!(told(&cloudwatch, &json!({}))["StateValue"], "OK", "its minute has passed");
}

#[tokio::test]
async fn metrics_come_from_log_lines_and_services_too() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    let now = rehearsal_world::now();
    let directive = json!({
        "Namespace": "Changeover", "Dimensions": [["Service"]], "Metrics": [{ "Name": "Deployments" }],
    });
    let line = json!({
        "_aws": { "Timestamp": now.as_millisecond(), "CloudWatchMetrics": [directive] }, "Service": "web",
        "Deployments": 2,
    });
    cloudwatch.read_line(&line.to_string());
    cloudwatch.read_line("a line like any other");
    cloudwatch.measure("AWS/Lambda", "Errors", ("FunctionName", "plan"), 1.0);
    let sum = |namespace: &str, name: &str, dimension: &str, value: &str| {
        let input = json!({
            "Namespace": namespace, "MetricName": name, "Period": 60, "Statistics": ["Sum"],
            "StartTime": now.as_second() - 60, "EndTime": now.as_second() + 120,
            "Dimensions": [{ "Name": dimension, "Value": value }],
        });
        let answer = cloudwatch.call_at("GetMetricStatistics", &input, at(now.as_second() + 300)).unwrap();
        answer["Datapoints"][0]["Sum"].clone()
    };
    assert_eq!(sum("Changeover", "Deployments", "Service", "web"), json!(2.0));
    assert_eq!(sum("AWS/Lambda", "Errors", "FunctionName", "plan"), json!(1.0));
}

#[tokio::test]
async fn a_load_balancer_reports_whole_minutes_and_the_newest_not_at_once() {
    let elb = Elb::new(Config::default());
    let cloudwatch = CloudWatch::new(Account::default(), elb, MetricPace::AWS);
    let metric = Metric {
        namespace: balancer::NAMESPACE.to_owned(),
        name: "RequestCount".to_owned(),
        dimensions: [("LoadBalancer".to_owned(), "app/web/1".to_owned())].into(),
    };
    let inner = &cloudwatch.inner;
    assert!(inner.check_period(&metric, 120).is_ok());
    for period in [0, 1, 30, 90] {
        let mistake = inner.check_period(&metric, period).unwrap_err();
        assert!(mistake.contains("multiple of 60"), "{mistake}");
    }
    let now = u64::try_from(NOW).unwrap();
    assert!(inner.seen(&metric, now, 60, now).is_none(), "it has not begun");
    assert!(inner.seen(&metric, now - 180, 60, now).is_some(), "it is complete");
    let lags: Vec<u64> = ["RequestCount", "HTTPCode_Target_5XX_Count", "TargetResponseTime"]
        .map(|name| inner.lag(name))
        .into();
    assert!(lags.iter().all(|lag| *lag <= 120) && lags[0] != lags[1] && lags[1] != lags[2], "{lags:?}");
}

fn put_metric(cloudwatch: &CloudWatch, name: &str, more: &Value) -> Result<Value, ApiError> {
    let mut input = json!({
        "AlarmName": name, "Namespace": "Changeover", "MetricName": "Deployments", "Statistic": "Sum", "Period": 60,
        "Dimensions": [{ "Name": "Service", "Value": "web" }], "EvaluationPeriods": 1, "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
    });
    for (member, value) in more.as_object().unwrap() {
        input[member] = value.clone();
    }
    cloudwatch.call_at("PutMetricAlarm", &input, at(NOW))
}

fn put_composite(cloudwatch: &CloudWatch, name: &str, rule: &str) -> Result<Value, ApiError> {
    cloudwatch.call_at("PutCompositeAlarm", &json!({ "AlarmName": name, "AlarmRule": rule }), at(NOW))
}

/// State and reason of a composite alarm.
fn composite(cloudwatch: &CloudWatch, name: &str) -> (String, String) {
    let asked = json!({ "AlarmNames": [name], "AlarmTypes": ["CompositeAlarm", "MetricAlarm"] });
    let answer = cloudwatch.call("DescribeAlarms", &asked).unwrap();
    let problems =
        rehearsal_wire::check_output(rehearsal_wire::Service::CloudWatch, "DescribeAlarms", &answer);
    assert_eq!(problems, [""; 0]);
    let told = |member: &str| answer["CompositeAlarms"][0][member].as_str().unwrap_or_default().to_owned();
    (told("StateValue"), told("StateReason"))
}

#[tokio::test]
async fn alarms_are_put_and_overwritten_in_their_state_and_deleted() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    put_metric(&cloudwatch, "errors", &json!({})).unwrap();
    put(&cloudwatch, NOW - 1, 1.0);
    let _ = cloudwatch.evaluate_at(at(NOW));
    assert_eq!(told(&cloudwatch, &json!({ "AlarmNames": ["errors"] }))["StateValue"], "ALARM");
    put_metric(&cloudwatch, "errors", &json!({ "Threshold": 2.0 })).unwrap();
    assert_eq!(told(&cloudwatch, &json!({}))["StateValue"], "ALARM", "until it is evaluated");
    let _ = cloudwatch.evaluate_at(at(NOW));
    assert_eq!(told(&cloudwatch, &json!({}))["StateValue"], "OK");
    for (more, part) in [
        (json!({ "Tags": [{ "Key": "a", "Value": "b" }] }), "Tags of an alarm is not offered"),
        (json!({ "Unit": "Seconds" }), "Unit of an alarm"),
        (json!({ "AlarmActions": ["arn:aws:lambda:us-east-1:123456789012:function:x"] }), "topics only"),
        (json!({ "ComparisonOperator": "GreaterThanUpperThreshold" }), "not evaluated here"),
    ] {
        let refused = put_metric(&cloudwatch, "other", &more).unwrap_err();
        assert!(refused.code == "ValidationError" && refused.message.contains(part), "{refused}");
    }
    let delete = |names: &[&str]| cloudwatch.call("DeleteAlarms", &json!({ "AlarmNames": names }));
    assert_eq!(delete(&["errors", "gone"]).unwrap_err().code, "ResourceNotFound");
    assert_eq!(told(&cloudwatch, &json!({}))["AlarmName"], "errors", "all or none");
    delete(&["errors"]).unwrap();
    assert_eq!(told(&cloudwatch, &json!({})), Value::Null);
    let by_action = cloudwatch.call("DescribeAlarms", &json!({ "ActionPrefix": "arn" })).unwrap_err();
    assert!(by_action.message.contains("ActionPrefix"), "{by_action}");
}

#[tokio::test]
async fn a_composite_alarm_follows_its_alarms_and_tells_which_one() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    put_metric(&cloudwatch, "errors", &json!({})).unwrap();
    let missing = put_composite(&cloudwatch, "checkout", "ALARM(errors) OR ALARM(latency)").unwrap_err();
    assert!(missing.message.contains("alarms [latency] in the alarm rule do not exist"), "{missing}");
    let wrong = put_composite(&cloudwatch, "checkout", "RED(errors)").unwrap_err();
    assert!(wrong.message.contains("RED is no function"), "{wrong}");
    put_composite(&cloudwatch, "checkout", "ALARM(errors)").unwrap();
    put_composite(&cloudwatch, "shop", "NOT OK(checkout)").unwrap();
    let arn = |name: &str| format!("arn:aws:cloudwatch:us-east-1:123456789012:alarm:{name}");
    let created = format!("{} was created and its alarm rule evaluates to OK", arn("checkout"));
    assert_eq!(composite(&cloudwatch, "checkout"), ("OK".to_owned(), created));
    assert_eq!(told(&cloudwatch, &json!({}))["AlarmName"], "errors", "without types, metric alarms only");
    put(&cloudwatch, NOW - 1, 1.0);
    let _ = cloudwatch.evaluate_at(at(NOW));
    for (name, child) in [("checkout", "errors"), ("shop", "checkout")] {
        let reason = format!("{} transitioned to ALARM at Friday 15 January, 2027 08:01:00 UTC", arn(child));
        assert_eq!(composite(&cloudwatch, name), ("ALARM".to_owned(), reason));
    }
    // Set by hand it stays so until one of its alarms changes.
    let set = json!({ "AlarmName": "checkout", "StateValue": "OK", "StateReason": "by hand" });
    cloudwatch.call_at("SetAlarmState", &set, at(NOW)).unwrap();
    let _ = cloudwatch.evaluate_at(at(NOW));
    assert_eq!(composite(&cloudwatch, "checkout"), ("OK".to_owned(), "by hand".to_owned()));
    assert_eq!(composite(&cloudwatch, "shop").0, "OK", "it has heard of it");
    let delete = |names: &[&str]| cloudwatch.call("DeleteAlarms", &json!({ "AlarmNames": names }));
    let needed = delete(&["errors"]).unwrap_err();
    assert_eq!(needed.message, "Cannot delete errors as there are composite alarm(s) depending on it.");
    assert!(delete(&["shop", "checkout"]).unwrap_err().message.contains("at most one composite"));
    delete(&["shop"]).unwrap();
    delete(&["checkout", "errors"]).unwrap();
    let other =
        put_composite(&cloudwatch, "x", "TRUE").and_then(|_| put_metric(&cloudwatch, "x", &json!({})));
    assert!(other.unwrap_err().message.contains("the other kind"));
}

#[tokio::test]
async fn a_cycle_of_composite_alarms_ends() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    put_composite(&cloudwatch, "a", "FALSE").unwrap();
    put_composite(&cloudwatch, "b", "NOT ALARM(a)").unwrap();
    put_composite(&cloudwatch, "a", "ALARM(b)").unwrap();
    let _ = cloudwatch.evaluate_at(at(NOW));
    for name in ["a", "b"] {
        assert!(["OK", "ALARM"].contains(&composite(&cloudwatch, name).0.as_str()));
    }
}
