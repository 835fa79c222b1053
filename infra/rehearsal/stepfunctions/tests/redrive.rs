//! Redrives: what ended without success goes on where it was, and nothing of it is done twice.

mod common;

use common::{Act, World};
use serde_json::{Value, json};
use std::time::Duration;

fn task(function: &str, next: &str) -> Value {
    json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9,
        "Parameters": {"FunctionName": function, "Payload": {"count.$": "$$.Execution.RedriveCount", "was.$": "$"}},
        "ResultPath": format!("$.{function}"), "ResultSelector": {"it.$": "$.Payload"},
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}], "Next": next})
}

fn two_tasks() -> Value {
    json!({"StartAt": "A", "States": {"A": task("first", "B"), "B": task("second", "D"), "D": {"Type": "Succeed"}}})
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_where_it_failed_with_what_it_had() {
    let acts = [
        Act::Answer(json!(1)),
        Act::Fail("Busy"),
        Act::Fail("Busy"),
        Act::Fail("Busy"),
        Act::Answer(json!(2)),
    ];
    let world = World::new(&two_tasks(), &acts).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    let failed = world.until_over(&arn).await;
    assert_eq!((&failed["status"], &failed["redriveStatus"]), (&json!("FAILED"), &json!("REDRIVABLE")));
    world.call("RedriveExecution", json!({"executionArn": arn})).await;
    let told = world.until_over(&arn).await;
    assert_eq!((&told["status"], &told["redriveCount"]), (&json!("SUCCEEDED"), &json!(1)));
    assert_eq!(told["redriveStatus"], "NOT_REDRIVABLE");
    assert_eq!(told.get("error"), None);
    let output: Value = serde_json::from_str(told["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({"a": 1, "first": {"it": 1}, "second": {"it": 2}}));
    let got = world.script.got.lock().clone();
    let functions: Vec<&str> = got.iter().map(|(function, _)| function.as_str()).collect();
    assert_eq!(functions, ["first", "second", "second", "second", "second"], "retries begin anew");
    assert_eq!(got[4].1, json!({"count": 1, "was": {"a": 1, "first": {"it": 1}}}));
    let kinds = world.kinds(&arn).await;
    let after: Vec<&str> =
        kinds.iter().skip_while(|kind| *kind != "ExecutionFailed").map(String::as_str).collect();
    let expected = ["ExecutionFailed", "ExecutionRedriven", "TaskScheduled", "TaskStarted", "TaskFailed"];
    assert_eq!(after[..5], expected);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "TaskStateEntered").count(),
        2,
        "no state is entered again"
    );
    // A, B, a retry, the redrive, another retry, D.
    assert_eq!(world.sfn.transitions(&arn), 6);
    let statuses: Vec<Value> =
        world.events.lock().iter().map(|event| event["detail"]["status"].clone()).collect();
    assert_eq!(statuses, ["RUNNING", "FAILED", "RUNNING", "SUCCEEDED"]);
    assert_eq!(world.events.lock()[2]["detail"]["redriveCount"], 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_stopped_has_no_say_once_it_is_redriven() {
    let world = World::new(&two_tasks(), &[Act::Stall, Act::Answer(json!(1)), Act::Answer(json!(2))]).await;
    let arn = world.start("e", &json!({})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.call("StopExecution", json!({"executionArn": arn})).await;
    world.call("RedriveExecution", json!({"executionArn": arn})).await;
    assert_eq!(world.until_over(&arn).await["status"], "SUCCEEDED");
    let kinds = world.kinds(&arn).await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "TaskTimedOut").count(), 0);
    assert_eq!(kinds.iter().filter(|kind| *kind == "TaskSucceeded").count(), 2);
    assert_eq!(kinds.last().unwrap(), "ExecutionSucceeded");
}

#[tokio::test(start_paused = true)]
async fn what_runs_or_succeeded_or_is_not_there_cannot_be_redriven() {
    let world = World::new(&two_tasks(), &[Act::Stall]).await;
    let arn = world.start("e", &json!({})).await;
    let redrive = async |arn: &str| {
        world.sfn.call("RedriveExecution", json!({"executionArn": arn})).await.unwrap_err().code
    };
    assert_eq!(redrive(&arn).await, "ExecutionNotRedrivable");
    assert_eq!(redrive(&arn.replace(":e", ":f")).await, "ExecutionDoesNotExist");
    assert_eq!(redrive("e").await, "InvalidArn");
    let other = world.start("f", &json!({})).await;
    assert_eq!(world.until_over(&other).await["status"], "SUCCEEDED");
    assert_eq!(redrive(&other).await, "ExecutionNotRedrivable");
}

#[tokio::test(start_paused = true)]
async fn one_client_token_is_one_redrive() {
    let world = World::new(&two_tasks(), &[Act::Fail("Broken"), Act::Stall]).await;
    let arn = world.start("e", &json!({})).await;
    world.until_over(&arn).await;
    let input = json!({"executionArn": arn, "clientToken": "once"});
    let first = world.call("RedriveExecution", input.clone()).await;
    assert_eq!(world.call("RedriveExecution", input).await, first);
    let told = world.call("DescribeExecution", json!({"executionArn": arn})).await;
    assert_eq!((&told["status"], &told["redriveCount"]), (&json!("RUNNING"), &json!(1)));
}
