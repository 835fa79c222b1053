//! What goes through states: paths, waits, choices, catches, and the whole of it in one history.

mod common;

use common::{Act, World, one_task};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Runs a machine to its end.
async fn told(machine: &Value, acts: &[Act], input: Value) -> Value {
    let world = World::new(machine, acts).await;
    world.until_over(&world.start("e", &input).await).await
}

fn output(told: &Value) -> Value {
    let text = told["output"].as_str().unwrap_or_else(|| panic!("no output: {told}"));
    serde_json::from_str(text).expect("JSON")
}

fn one(state: Value) -> Value {
    json!({"StartAt": "S", "States": {"S": state}})
}

#[tokio::test(start_paused = true)]
async fn paths_select_what_comes_in_and_what_goes_out() {
    let input = json!({"a": {"b": 1}, "c": 2});
    for (fields, expected) in [
        (json!({}), input.clone()),
        (json!({"InputPath": "$"}), input.clone()),
        (json!({"InputPath": "$.a"}), json!({"b": 1})),
        (json!({"InputPath": "$.a.b"}), json!(1)),
        (json!({"InputPath": null}), json!({})),
        (json!({"InputPath": "$$.Execution.Name"}), json!("e")),
        (json!({"OutputPath": "$.c"}), json!(2)),
        (json!({"OutputPath": null}), json!({})),
        (json!({"InputPath": "$.a", "OutputPath": "$.b"}), json!(1)),
        (json!({"Result": [7], "OutputPath": "$[0]"}), json!(7)),
        (json!({"Result": 7, "ResultPath": "$.a.b"}), json!({"a": {"b": 7}, "c": 2})),
        (json!({"Result": 7, "ResultPath": "$.d.e"}), json!({"a": {"b": 1}, "c": 2, "d": {"e": 7}})),
        (json!({"Result": 7, "ResultPath": null}), input.clone()),
        (json!({"Result": 7, "ResultPath": "$"}), json!(7)),
        // The result is put into the state's whole input, not into what InputPath selected.
        (json!({"InputPath": "$.a", "ResultPath": "$.r"}), json!({"a": {"b": 1}, "c": 2, "r": {"b": 1}})),
        (json!({"InputPath": "$.a", "Parameters": {"x.$": "$.b"}}), json!({"x": 1})),
    ] {
        let mut state = json!({"Type": "Pass", "End": true});
        state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        assert_eq!(output(&told(&one(state), &[], input.clone()).await), expected, "{fields}");
    }
}

#[tokio::test(start_paused = true)]
async fn paths_that_lead_nowhere_end_the_execution() {
    for fields in [json!({"InputPath": "$.x"}), json!({"OutputPath": "$.x"})] {
        let mut state = json!({"Type": "Pass", "End": true});
        state.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let told = told(&one(state), &[], json!({"a": 1})).await;
        assert_eq!(
            (&told["status"], &told["error"]),
            (&json!("FAILED"), &json!("States.Runtime")),
            "{fields}"
        );
        let cause = told["cause"].as_str().unwrap();
        assert!(
            cause
                .starts_with("An error occurred while executing the state 'S' (entered at the event id #2).")
        );
    }
    let state = json!({"Type": "Pass", "Result": 1, "ResultPath": "$.a.b", "End": true});
    assert_eq!(told(&one(state), &[], json!({"a": 1})).await["error"], "States.ResultPathMatchFailure");
}

#[tokio::test(start_paused = true)]
async fn a_tasks_result_is_selected_and_put_where_it_belongs() {
    let fields = json!({
        "InputPath": "$.in", "Parameters": {"FunctionName.$": "$.f", "Payload": {"n.$": "$.n", "try.$": "$$.State.RetryCount"}},
        "ResultSelector": {"got.$": "$.Payload.m", "code.$": "$.StatusCode"}, "ResultPath": "$.out",
        "Retry": [{"ErrorEquals": ["Busy"]}],
    });
    let world = World::new(&one_task(fields), &[Act::Fail("Busy"), Act::Answer(json!({"m": 8}))]).await;
    let input = json!({"in": {"f": "double", "n": 4}});
    let told = world.until_over(&world.start("e", &input).await).await;
    assert_eq!(output(&told), json!({"in": {"f": "double", "n": 4}, "out": {"got": 8, "code": 200}}));
    let got = |attempt: u64| ("double".to_owned(), json!({"n": 4, "try": attempt}));
    assert_eq!(*world.script.got.lock(), [got(0), got(1)]);
}

#[tokio::test(start_paused = true)]
async fn a_caught_error_goes_where_the_catcher_says() {
    let error = json!({"Error": "Odd", "Cause": "Odd was scripted"});
    for (result_path, expected) in [
        (None, error.clone()),
        (Some(json!("$")), error.clone()),
        (Some(json!("$.e")), json!({"a": 1, "e": error})),
        (Some(json!(null)), json!({"a": 1})),
    ] {
        let mut catcher = json!({"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"});
        if let Some(path) = result_path {
            catcher["ResultPath"] = path;
        }
        let machine =
            one_task(json!({"Catch": [catcher], "ResultPath": "$.unused", "OutputPath": "$.unused"}));
        let told = told(&machine, &[Act::Fail("Odd")], json!({"a": 1})).await;
        assert_eq!(output(&told), expected, "the state's own ResultPath and OutputPath are not for errors");
    }
}

#[tokio::test(start_paused = true)]
async fn waits_last_as_long_as_they_say() {
    let in_a_minute = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(60)).to_string();
    for (wait, least, most) in [
        (json!({"Seconds": 30}), 30, 31),
        (json!({"Seconds": 0}), 0, 1),
        (json!({"SecondsPath": "$.s"}), 45, 46),
        (json!({"Timestamp": in_a_minute}), 55, 61),
        (json!({"TimestampPath": "$.t"}), 55, 61),
        (json!({"Timestamp": "2020-01-01T00:00:00Z"}), 0, 1),
    ] {
        let mut state = json!({"Type": "Wait", "End": true});
        state.as_object_mut().unwrap().extend(wait.as_object().unwrap().clone());
        let began = Instant::now();
        let input = json!({"s": 45, "t": in_a_minute});
        assert_eq!(told(&one(state), &[], input).await["status"], "SUCCEEDED", "{wait}");
        let took = began.elapsed().as_secs();
        assert!((least..=most).contains(&took), "{wait} took {took}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_tasks_timeout_can_come_from_its_input() {
    let machine = one_task(json!({"TimeoutSecondsPath": "$.t"}));
    let began = Instant::now();
    assert_eq!(told(&machine, &[Act::Stall], json!({"t": 20})).await["error"], "States.Timeout");
    assert!((20..=21).contains(&began.elapsed().as_secs()));
    assert_eq!(told(&machine, &[], json!({"t": 0})).await["error"], "States.Runtime");
}

#[tokio::test(start_paused = true)]
async fn a_choice_without_a_way_fails() {
    let rule = json!({"Variable": "$.v", "NumericEquals": 1, "Next": "D"});
    let mut machine = json!({"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [rule]}, "D": {"Type": "Succeed"}}});
    assert_eq!(told(&machine, &[], json!({"v": 2})).await["error"], "States.NoChoiceMatched");
    let missing = told(&machine, &[], json!({})).await;
    assert_eq!(missing["error"], "States.Runtime");
    assert_eq!(
        missing["cause"],
        "An error occurred while executing the state 'C' (entered at the event id #2). Invalid path '$.v': The choice state's condition path references an invalid value."
    );
    machine["States"]["C"]["Default"] = json!("D");
    assert_eq!(told(&machine, &[], json!({"v": 2})).await["status"], "SUCCEEDED");
}

/// A word for each event: its id, the one it follows, its type, and the state it is of.
fn line(event: &Value) -> String {
    let name = ["stateEnteredEventDetails", "stateExitedEventDetails"]
        .map(|details| event[details]["name"].as_str());
    let name = name.into_iter().flatten().next().map(|name| format!(" {name}")).unwrap_or_default();
    format!(
        "{} < {}: {}{name}",
        event["id"],
        event["previousEventId"],
        event["type"].as_str().expect("a type")
    )
}

#[tokio::test(start_paused = true)]
async fn the_history_tells_the_whole_course() {
    let mut machine = one_task(json!({
        "TimeoutSeconds": 9, "Next": "C",
        "Retry": [{"ErrorEquals": ["States.Timeout"]}],
        "Catch": [{"ErrorEquals": ["Odd"], "ResultPath": "$.e", "Next": "Caught"}],
    }));
    machine["States"]["Done"] = json!({"Type": "Fail", "Error": "Over", "CausePath": "$.e.Error"});
    machine["States"]["Caught"] = json!({"Type": "Wait", "Seconds": 3, "Next": "C"});
    machine["States"]["C"] = json!({"Type": "Choice", "Default": "Done", "Choices": [{"Variable": "$.e", "IsPresent": false, "Next": "Caught"}]});
    let world = World::new(&machine, &[Act::Stall, Act::Fail("Odd")]).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    world.until_over(&arn).await;
    let events = world.history(&arn).await;
    let lines: Vec<String> = events.iter().map(line).collect();
    assert_eq!(
        lines,
        [
            "1 < 0: ExecutionStarted",
            "2 < 0: TaskStateEntered T",
            "3 < 2: TaskScheduled",
            "4 < 3: TaskStarted",
            "5 < 4: TaskTimedOut",
            "6 < 5: TaskScheduled",
            "7 < 6: TaskStarted",
            "8 < 7: TaskFailed",
            "9 < 8: TaskStateExited T",
            "10 < 9: WaitStateEntered Caught",
            "11 < 10: WaitStateExited Caught",
            "12 < 11: ChoiceStateEntered C",
            "13 < 12: ChoiceStateExited C",
            "14 < 13: FailStateEntered Done",
            "15 < 14: ExecutionFailed",
        ]
    );
    let whole = json!({"truncated": false});
    let lambda = json!({"resourceType": "lambda", "resource": "invoke"});
    assert_eq!(
        events[0]["executionStartedEventDetails"],
        json!({"input": "{\"a\":1}", "inputDetails": whole, "roleArn": "arn:aws:iam::123456789012:role/machine"})
    );
    assert_eq!(
        events[2]["taskScheduledEventDetails"],
        json!({"resourceType": "lambda", "resource": "invoke", "region": "us-east-1", "timeoutInSeconds": 9,
            "parameters": "{\"FunctionName\":\"f\",\"Payload\":{\"a\":1}}"})
    );
    assert_eq!(events[3]["taskStartedEventDetails"], lambda);
    assert_eq!(
        events[7]["taskFailedEventDetails"],
        json!({"resourceType": "lambda", "resource": "invoke", "error": "Odd", "cause": "Odd was scripted"})
    );
    let caught = json!({"a": 1, "e": {"Error": "Odd", "Cause": "Odd was scripted"}}).to_string();
    assert_eq!(
        events[8]["stateExitedEventDetails"],
        json!({"name": "T", "output": caught, "outputDetails": whole})
    );
    assert_eq!(events[14]["executionFailedEventDetails"], json!({"error": "Over", "cause": "Odd"}));
    assert_eq!(world.sfn.transitions(&arn), 5, "four states and one retry");
}
