//! The API over two streams.

use super::*;
use serde_json::json;

fn logs() -> Logs {
    let stream = |name: &str, from: u64| Stream {
        group: "/ecs/web".to_owned(),
        name: name.to_owned(),
        lines: (from..from + 5).map(|at| Line { at, text: format!("{name} line {at}") }).collect(),
    };
    let all = vec![stream("web/app/1", 100), stream("web/app/2", 102)];
    let logs = Logs::new(Account::default(), Arc::new(move || all.clone()));
    logs.add_group("/changeover/plan", Some(30));
    logs
}

fn get(input: Value) -> Result<Value, ApiError> {
    let mut whole = json!({ "logGroupName": "/ecs/web", "logStreamName": "web/app/1" });
    for (name, value) in input.as_object().unwrap() {
        whole[name] = value.clone();
    }
    logs().call("GetLogEvents", &whole)
}

fn times(answer: &Value) -> Vec<u64> {
    answer["events"].as_array().unwrap().iter().filter_map(|event| event["timestamp"].as_u64()).collect()
}

#[test]
fn the_last_lines_come_unless_the_head_is_asked_for() {
    assert_eq!(times(&get(json!({ "limit": 2, "startFromHead": false })).unwrap()), [103, 104]);
    let first = get(json!({ "limit": 3, "startFromHead": true })).unwrap();
    assert_eq!(times(&first), [100, 101, 102]);
    let second = get(json!({ "limit": 3, "nextToken": first["nextForwardToken"] })).unwrap();
    assert_eq!(times(&second), [103, 104]);
    let last = get(json!({ "nextToken": second["nextForwardToken"] })).unwrap();
    assert_eq!((times(&last).len(), &last["nextForwardToken"]), (0, &second["nextForwardToken"]));
    let back = get(json!({ "limit": 2, "nextToken": second["nextBackwardToken"] })).unwrap();
    assert_eq!(times(&back), [101, 102]);
    assert_eq!(times(&get(json!({ "startTime": 101, "endTime": 103 })).unwrap()), [101, 102]);
    let by_arn = "arn:aws:logs:us-east-1:123456789012:log-group:/ecs/web:*";
    assert_eq!(times(&get(json!({ "logGroupIdentifier": by_arn })).unwrap()).len(), 5);
}

#[test]
fn what_is_not_there_is_said_as_aws_says_it() {
    let error = get(json!({ "logStreamName": "nope" })).unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
    assert_eq!(error.message, "The specified log stream does not exist.");
    let error = get(json!({ "logGroupName": "nope" })).unwrap_err();
    assert_eq!(error.message, "The specified log group does not exist.");
    assert_eq!(get(json!({ "nextToken": "x" })).unwrap_err().code, INVALID);
}

#[test]
fn filters_go_over_all_streams_in_order() {
    let input = json!({ "logGroupName": "/ecs/web", "filterPattern": "line -104", "limit": 4 });
    let answer = logs().call("FilterLogEvents", &input).unwrap();
    assert_eq!(times(&answer), [100, 101, 102, 102]);
    let next =
        json!({ "logGroupName": "/ecs/web", "filterPattern": "line -104", "nextToken": answer["nextToken"] });
    assert_eq!(times(&logs().call("FilterLogEvents", &next).unwrap()), [103, 103, 105, 106]);
}

#[test]
fn groups_and_streams_are_listed() {
    let groups = logs().call("DescribeLogGroups", &json!({})).unwrap();
    let names: Vec<_> =
        groups["logGroups"].as_array().unwrap().iter().map(|group| group["logGroupName"].clone()).collect();
    assert_eq!(names, ["/changeover/plan", "/ecs/web"]);
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 30);
    let input = json!({ "logGroupName": "/ecs/web", "orderBy": "LastEventTime", "descending": true });
    let streams = logs().call("DescribeLogStreams", &input).unwrap();
    assert_eq!(streams["logStreams"][0]["logStreamName"], "web/app/2");
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], 106);
    for (operation, answer) in [("DescribeLogGroups", groups), ("DescribeLogStreams", streams)] {
        let problems = rehearsal_wire::check_output(rehearsal_wire::Service::Logs, operation, &answer);
        assert_eq!(problems, [""; 0]);
    }
    let empty = json!({ "logGroupName": "/changeover/plan" });
    assert_eq!(logs().call("DescribeLogStreams", &empty).unwrap()["logStreams"], json!([]));
}
