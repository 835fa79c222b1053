//! Tasks: what they get, what becomes of their answers, retries, catches, timeouts.

mod common;

use common::{Act, World, one_task};
use serde_json::{Value, json};
use tokio::time::Instant;

fn output(told: &Value) -> Value {
    serde_json::from_str(told["output"].as_str().expect("an output")).expect("JSON")
}

#[tokio::test(start_paused = true)]
async fn a_task_gets_its_payload_and_its_answer_goes_on() {
    let machine = one_task(json!({"OutputPath": "$.Payload"}));
    let world = World::new(&machine, &[Act::Answer(json!({"b": 2}))]).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    let told = world.until_over(&arn).await;
    assert_eq!((told["status"].as_str(), output(&told)), (Some("SUCCEEDED"), json!({"b": 2})));
    assert_eq!(*world.script.got.lock(), [("f".to_owned(), json!({"a": 1}))]);
}

#[tokio::test(start_paused = true)]
async fn the_result_is_what_the_lambda_integration_gives() {
    let world = World::new(&one_task(json!({"ResultPath": "$.r"})), &[Act::Answer(json!(7))]).await;
    let told = world.until_over(&world.start("e", &json!({"a": 1})).await).await;
    assert_eq!(
        output(&told),
        json!({"a": 1, "r": {"ExecutedVersion": "$LATEST", "Payload": 7, "StatusCode": 200}})
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_retried_waits_longer_each_time() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 3, "MaxDelaySeconds": 10}]);
    let acts = [Act::Fail("Busy"), Act::Fail("Busy"), Act::Fail("Busy"), Act::Answer(json!(1))];
    let world = World::new(&one_task(json!({"Retry": retry})), &acts).await;
    let began = Instant::now();
    let arn = world.start("e", &json!({})).await;
    assert_eq!(world.until_over(&arn).await["status"], "SUCCEEDED");
    let took = began.elapsed().as_secs();
    assert!((18..=19).contains(&took), "2 + 6 + 10 seconds, not {took}");
    assert_eq!(world.sfn.transitions(&arn), 2 + 3, "retries are billed as transitions");
}

#[tokio::test(start_paused = true)]
async fn retries_end_and_the_first_catcher_that_matches_catches() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]);
    let catch = json!([
        {"ErrorEquals": ["Other"], "Next": "Done"},
        {"ErrorEquals": ["Busy"], "ResultPath": "$.error", "Next": "Caught"},
        {"ErrorEquals": ["States.ALL"], "Next": "Done"},
    ]);
    let acts = [Act::Fail("Busy"), Act::Fail("Busy")];
    let world = World::new(&one_task(json!({"Retry": retry, "Catch": catch})), &acts).await;
    let told = world.until_over(&world.start("e", &json!({"a": 1})).await).await;
    assert_eq!(output(&told), json!({"a": 1, "error": {"Error": "Busy", "Cause": "Busy was scripted"}}));
    assert_eq!(world.script.got.lock().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_error_that_nobody_catches_fails_the_execution() {
    let world = World::new(&one_task(json!({})), &[Act::Fail("Odd")]).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!((told["status"].as_str(), told["error"].as_str()), (Some("FAILED"), Some("Odd")));
    assert_eq!(told["cause"], "Odd was scripted");
}

#[tokio::test(start_paused = true)]
async fn a_task_that_takes_too_long_times_out_and_can_be_retried() {
    let retry = json!([{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]);
    let acts = [Act::Stall, Act::Answer(json!(1))];
    let world = World::new(&one_task(json!({"TimeoutSeconds": 5, "Retry": retry})), &acts).await;
    let began = Instant::now();
    let arn = world.start("e", &json!({})).await;
    assert_eq!(world.until_over(&arn).await["status"], "SUCCEEDED");
    assert!(began.elapsed().as_secs() >= 6);
    let events = world.history(&arn).await;
    let timed_out = events.iter().find(|event| event["type"] == "TaskTimedOut").unwrap();
    assert_eq!(
        timed_out["taskTimedOutEventDetails"],
        json!({"error": "States.Timeout", "resource": "invoke", "resourceType": "lambda"})
    );
}

#[tokio::test(start_paused = true)]
async fn states_task_failed_does_not_catch_a_timeout() {
    let catch = json!([{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]);
    let fields = json!({"TimeoutSeconds": 1, "Catch": catch});
    let world = World::new(&one_task(fields), &[Act::Stall]).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!(told["error"], "States.Timeout");
}

#[tokio::test(start_paused = true)]
async fn states_all_does_not_catch_an_answer_that_is_too_large() {
    let catch = json!([{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]);
    let large = Act::Answer(json!("x".repeat(rehearsal_stepfunctions::MAX_PAYLOAD)));
    let world = World::new(&one_task(json!({"Catch": catch})), &[large]).await;
    let arn = world.start("e", &json!({})).await;
    let told = world.until_over(&arn).await;
    assert_eq!(told["error"], "States.DataLimitExceeded");
    let kinds = world.kinds(&arn).await;
    assert_eq!(kinds[2..], ["TaskScheduled", "TaskStarted", "TaskFailed", "ExecutionFailed"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_caught_by_its_name() {
    let catch = json!([{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "Caught"}]);
    let large = Act::Answer(json!("x".repeat(rehearsal_stepfunctions::MAX_PAYLOAD)));
    let world = World::new(&one_task(json!({"Catch": catch})), &[large]).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!(told["status"], "SUCCEEDED");
    let cause = output(&told)["Cause"].clone();
    assert!(cause.as_str().unwrap().starts_with("The state/task 'lambda' returned a result with a size"));
}

#[tokio::test(start_paused = true)]
async fn nothing_catches_or_retries_a_machine_that_does_not_fit_its_input() {
    let retry =
        json!([{"ErrorEquals": ["States.Runtime"], "MaxAttempts": 3}, {"ErrorEquals": ["States.ALL"]}]);
    let catch = json!([{"ErrorEquals": ["States.Runtime"], "Next": "Caught"}, {"ErrorEquals": ["States.ALL"], "Next": "Caught"}]);
    let parameters = json!({"FunctionName": "f", "Payload": {"a.$": "$.nowhere"}});
    let fields = json!({"Parameters": parameters, "Retry": retry, "Catch": catch});
    let world = World::new(&one_task(fields), &[]).await;
    let arn = world.start("e", &json!({"b": 1})).await;
    let told = world.until_over(&arn).await;
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("States.Runtime")));
    assert_eq!(
        told["cause"],
        "An error occurred while executing the state 'T' (entered at the event id #2). The JSONPath '$.nowhere' specified for the field 'a.$' could not be found in the input '{\"b\":1}'"
    );
    assert_eq!(world.kinds(&arn).await, ["ExecutionStarted", "TaskStateEntered", "ExecutionFailed"]);
    assert_eq!(world.history(&arn).await[2]["previousEventId"], 0);
    assert_eq!(world.script.got.lock().len(), 0, "the function is not called");
}

#[tokio::test(start_paused = true)]
async fn a_functions_name_must_be_a_string() {
    let parameters = json!({"FunctionName.$": "$.f", "Payload": 1});
    let world = World::new(&one_task(json!({"Parameters": parameters})), &[]).await;
    let told = world.until_over(&world.start("e", &json!({"f": 7})).await).await;
    assert_eq!(told["error"], "States.Runtime");
    assert!(told["cause"].as_str().unwrap().contains("'FunctionName' must be a STRING"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn retries_without_end_end_at_the_bound_of_the_history() {
    let retry =
        json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 99_999_999}]);
    let acts = vec![Act::Fail("Busy"); rehearsal_stepfunctions::MAX_EVENTS];
    let world = World::new(&one_task(json!({"Retry": retry})), &acts).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!(told["error"], "States.Runtime");
    assert_eq!(told["cause"], "The execution reached the maximum number of history events (25000).");
}

#[tokio::test(start_paused = true)]
async fn attempts_begin_anew_on_each_visit() {
    let task = json!({"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "f", "Payload.$": "$"}, "OutputPath": "$.Payload", "Next": "Again?",
        "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 1, "MaxAttempts": 1}]});
    let again = json!({"Type": "Choice", "Choices": [{"Variable": "$.again", "BooleanEquals": true, "Next": "Pause"}],
        "Default": "Done"});
    let machine = json!({"StartAt": "T", "States": {"T": task, "Again?": again,
        "Pause": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "T"}, "Done": {"Type": "Succeed"}}});
    let acts = [
        Act::Fail("Busy"),
        Act::Answer(json!({"again": true, "wait": 30})),
        Act::Fail("Busy"),
        Act::Answer(json!({"again": false})),
    ];
    let world = World::new(&machine, &acts).await;
    let began = Instant::now();
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!(told["status"], "SUCCEEDED");
    assert!(began.elapsed().as_secs() >= 32, "one second each for the retries, thirty for the wait");
}
