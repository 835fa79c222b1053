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
