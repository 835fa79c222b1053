//! The API: one execution per name, history, stopping, timing out, events, errors.

mod common;

use common::{Act, World, one_task};
use serde_json::{Value, json};

fn waiting() -> Value {
    json!({"StartAt": "W", "TimeoutSeconds": 100, "States": {"W": {"Type": "Wait", "Seconds": 1000, "Next": "D"},
        "D": {"Type": "Succeed"}}})
}

#[tokio::test(start_paused = true)]
async fn one_name_is_one_execution() {
    let world = World::new(&waiting(), &[]).await;
    let first = world.start("e", &json!({"a": 1})).await;
    assert_eq!(world.start("e", &json!({"a": 1})).await, first, "the same while it runs");
    let start = |input: &str| json!({"stateMachineArn": world.machine, "name": "e", "input": input});
    let other = world.sfn.call("StartExecution", start("{\"a\":2}")).await.unwrap_err();
    assert_eq!(other.code, "ExecutionAlreadyExists");
    world.call("StopExecution", json!({"executionArn": first})).await;
    let after = world.sfn.call("StartExecution", start("{\"a\":1}")).await.unwrap_err();
    assert_eq!(after.code, "ExecutionAlreadyExists", "the name is taken when it is over");
    let listed = world.call("ListExecutions", json!({"stateMachineArn": world.machine})).await;
    assert_eq!(listed["executions"].as_array().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_execution_is_stopped_with_a_reason() {
    let world = World::new(&waiting(), &[]).await;
    let arn = world.start("e", &json!({})).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    world.call("StopExecution", json!({"executionArn": arn, "error": "Operator", "cause": "enough"})).await;
    let told = world.until_over(&arn).await;
    assert_eq!(
        (&told["status"], &told["error"], &told["cause"]),
        (&json!("ABORTED"), &json!("Operator"), &json!("enough"))
    );
    let last = world.history(&arn).await.pop().unwrap();
    assert_eq!(last["type"], "ExecutionAborted");
    assert_eq!(last["executionAbortedEventDetails"], json!({"error": "Operator", "cause": "enough"}));
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_takes_too_long_times_out() {
    let world = World::new(&waiting(), &[]).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!(told["status"], "TIMED_OUT");
    let statuses: Vec<String> = world
        .events
        .lock()
        .iter()
        .map(|event| event["detail"]["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["RUNNING", "TIMED_OUT"]);
    assert_eq!((told.get("error"), told.get("cause")), (None, None), "only the event names the error");
    let last = world.history(told["executionArn"].as_str().unwrap()).await.pop().unwrap();
    assert_eq!(last["executionTimedOutEventDetails"], json!({"error": "States.Timeout"}));
    assert_eq!(last["previousEventId"], 0);
    let event = world.events.lock()[1].clone();
    assert_eq!(event["detail-type"], "Step Functions Execution Status Change");
    assert!(event["detail"]["startDate"].as_i64().unwrap() > 1_600_000_000_000, "milliseconds");
}

#[tokio::test(start_paused = true)]
async fn the_history_is_in_awss_shape() {
    let world = World::new(&one_task(json!({"TimeoutSeconds": 9})), &[Act::Answer(json!(1))]).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    world.until_over(&arn).await;
    let events = world.history(&arn).await;
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(
        kinds,
        [
            "ExecutionStarted",
            "TaskStateEntered",
            "TaskScheduled",
            "TaskStarted",
            "TaskSucceeded",
            "TaskStateExited",
            "SucceedStateEntered",
            "SucceedStateExited",
            "ExecutionSucceeded"
        ]
    );
    let previous: Vec<u64> = events.iter().map(|event| event["previousEventId"].as_u64().unwrap()).collect();
    assert_eq!(previous, [0, 0, 2, 3, 4, 5, 6, 7, 8], "the first state follows nothing");
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event["id"].as_u64(), Some(index as u64 + 1));
    }
    assert_eq!(
        events[1]["stateEnteredEventDetails"],
        json!({"name": "T", "input": "{\"a\":1}", "inputDetails": {"truncated": false}})
    );
    assert_eq!(events[2]["taskScheduledEventDetails"]["timeoutInSeconds"], 9);
    let page = world
        .call("GetExecutionHistory", json!({"executionArn": arn, "maxResults": 2, "reverseOrder": true}))
        .await;
    assert_eq!((&page["events"][0]["id"], &page["nextToken"]), (&json!(9), &json!("2")));
}

#[tokio::test(start_paused = true)]
async fn the_context_object_and_fail_states_say_what_is_known() {
    let machine = json!({"StartAt": "P", "States": {
        "P": {"Type": "Pass", "Parameters": {"id.$": "$$.Execution.Id", "name.$": "$$.Execution.Name",
            "at.$": "$$.Execution.StartTime", "input.$": "$$.Execution.Input", "state.$": "$$.State.Name"}, "Next": "F"},
        "F": {"Type": "Fail", "ErrorPath": "$.name", "CausePath": "States.JsonToString($)"}}});
    let world = World::new(&machine, &[]).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    let told = world.until_over(&arn).await;
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("e")));
    let cause: Value = serde_json::from_str(told["cause"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&cause["id"], &cause["input"], &cause["state"]),
        (&json!(arn), &json!({"a": 1}), &json!("P"))
    );
    assert!(cause["at"].as_str().unwrap().ends_with('Z') && cause["at"].as_str().unwrap().contains('.'));
}

#[tokio::test(start_paused = true)]
async fn an_endless_loop_ends_at_the_bound_of_its_history() {
    let machine = json!({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.stop", "IsPresent": true, "Next": "D"}], "Default": "A"},
        "D": {"Type": "Succeed"}}});
    let world = World::new(&machine, &[]).await;
    let told = world.until_over(&world.start("e", &json!({})).await).await;
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("States.Runtime")));
    assert_eq!(told["cause"], "The execution reached the maximum number of history events (25000).");
    let last = json!({"executionArn": told["executionArn"], "reverseOrder": true, "maxResults": 1});
    let last = world.call("GetExecutionHistory", last).await["events"][0].clone();
    assert_eq!(
        (&last["id"], &last["type"], &last["previousEventId"]),
        (&json!(25_000), &json!("ExecutionFailed"), &json!(24_999))
    );
}

#[tokio::test(start_paused = true)]
async fn bad_calls_get_awss_codes() {
    let world = World::new(&waiting(), &[]).await;
    let machine = world.machine.clone();
    let gone = machine.replace(":m", ":gone");
    for (operation, input, code) in [
        ("StartExecution", json!({"stateMachineArn": gone}), "StateMachineDoesNotExist"),
        ("StartExecution", json!({"stateMachineArn": "m"}), "InvalidArn"),
        ("StartExecution", json!({"stateMachineArn": machine, "input": "{"}), "InvalidExecutionInput"),
        ("StartExecution", json!({"stateMachineArn": machine, "name": "a:b"}), "InvalidName"),
        ("DescribeExecution", json!({"executionArn": gone}), "ExecutionDoesNotExist"),
        ("StopExecution", json!({"executionArn": "x"}), "InvalidArn"),
        (
            "CreateStateMachine",
            json!({"name": "n", "roleArn": "arn:aws:iam::123456789012:role/machine", "definition": "{}"}),
            "InvalidDefinition",
        ),
        ("StartSyncExecution", json!({}), "UnknownOperationException"),
    ] {
        let error = world.sfn.call(operation, input.clone()).await.unwrap_err();
        assert_eq!(error.code, code, "{operation} {input}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn watchers_hear_every_event_in_order() {
    let world = World::new(&one_task(json!({})), &[Act::Answer(json!(1))]).await;
    let mut watcher = world.sfn.subscribe();
    let arn = world.start("e", &json!({})).await;
    world.until_over(&arn).await;
    let mut heard = Vec::new();
    while let Ok(notice) = watcher.try_recv() {
        assert_eq!(*notice.execution_arn, *arn);
        heard.push(notice.event);
    }
    assert_eq!(heard, world.history(&arn).await);
}

/// Which failures an execution meets, and what runs beside it, is no matter to its jitter: the seed is.
#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_delays() {
    let retry = json!([{"ErrorEquals": ["Busy"], "IntervalSeconds": 100, "MaxAttempts": 5, "JitterStrategy": "FULL"}]);
    let mut took = Vec::new();
    for others in 0..2 {
        let world = World::new(&one_task(json!({"Retry": retry})), &[]).await;
        for other in 0..others {
            world.script.acts.lock().push_back(Act::Fail("Busy"));
            let arn = world.start(&format!("other-{other}"), &json!({})).await;
            world.until_over(&arn).await;
        }
        world.script.acts.lock().extend(vec![Act::Fail("Busy"); 4]);
        let began = tokio::time::Instant::now();
        let arn = world.start("e", &json!({})).await;
        world.until_over(&arn).await;
        took.push(began.elapsed());
    }
    assert_eq!(took[0], took[1]);
    assert!(took[0].as_secs() > 0, "there was a delay");
}
