//! The API over a real load balancer without traffic, and over metrics that were put.

use super::*;
use rehearsal_elb::Config;

const NOW: i64 = 1_800_000_060;

fn cloudwatch(delay: Duration) -> CloudWatch {
    CloudWatch::new(Account::default(), Elb::new(Config::default()), delay)
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

#[tokio::test]
async fn alarms_are_told_and_set() {
    let cloudwatch = cloudwatch(Duration::ZERO);
    cloudwatch.add_alarm("needs-human", &json!({ "Threshold": 1, "MetricName": "NeedsHuman", "Tags": [] }));
    let alarm = |input: &Value| cloudwatch.call("DescribeAlarms", input).unwrap()["MetricAlarms"][0].clone();
    let told = alarm(&json!({}));
    assert_eq!((&told["StateValue"], &told["Threshold"]), (&json!("INSUFFICIENT_DATA"), &json!(1)));
    let set = json!({ "AlarmName": "needs-human", "StateValue": "ALARM", "StateReason": "by hand" });
    cloudwatch.call("SetAlarmState", &set).unwrap();
    assert_eq!(alarm(&json!({ "StateValue": "ALARM" }))["StateReason"], "by hand");
    let gone = json!({ "AlarmName": "nope", "StateValue": "OK", "StateReason": "x" });
    assert_eq!(cloudwatch.call("SetAlarmState", &gone).unwrap_err().code, "ResourceNotFound");
}
