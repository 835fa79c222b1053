//! The API of state machines, and what of it executions keep.

mod common;

use common::{World, one_task};
use serde_json::{Value, json};

fn wait(seconds: u64) -> Value {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": true}}})
}

#[tokio::test(start_paused = true)]
async fn making_the_same_again_is_no_error_and_another_is() {
    let world = World::new(&wait(1), &[]).await;
    let make = |definition: &Value| json!({"name": "m", "roleArn": "arn:aws:iam::123456789012:role/machine", "definition": definition.to_string()});
    assert_eq!(
        world.call("CreateStateMachine", make(&wait(1))).await["stateMachineArn"],
        json!(world.machine)
    );
    let other = world.sfn.call("CreateStateMachine", make(&wait(2))).await.unwrap_err();
    assert_eq!(other.code, "StateMachineAlreadyExists");
    let listed = world.call("ListStateMachines", json!({})).await;
    assert_eq!(listed["stateMachines"].as_array().unwrap().len(), 1);
    let mut express = make(&wait(1));
    express["type"] = json!("EXPRESS");
    let refused = world.sfn.call("CreateStateMachine", express).await.unwrap_err();
    assert_eq!(refused.code, "StateMachineTypeNotSupported");
}

#[tokio::test(start_paused = true)]
async fn what_runs_goes_on_as_it_began_after_an_update() {
    let world = World::new(&wait(100), &[]).await;
    let machine = json!({"stateMachineArn": world.machine});
    assert_eq!(world.call("DescribeStateMachine", machine.clone()).await.get("revisionId"), None);
    let arn = world.start("before", &json!({})).await;
    let update = json!({"stateMachineArn": world.machine, "definition": wait(5).to_string()});
    let updated = world.call("UpdateStateMachine", update).await;
    let now = world.call("DescribeStateMachine", machine.clone()).await;
    assert_eq!(
        (&now["definition"], &now["revisionId"]),
        (&json!(wait(5).to_string()), &updated["revisionId"])
    );
    let then = world.call("DescribeStateMachineForExecution", json!({"executionArn": arn})).await;
    assert_eq!((&then["definition"], then.get("revisionId")), (&json!(wait(100).to_string()), None));
    let began = tokio::time::Instant::now();
    world.until_over(&arn).await;
    assert!(began.elapsed().as_secs() >= 99);
    let nothing = world.sfn.call("UpdateStateMachine", machine).await.unwrap_err();
    assert_eq!(nothing.code, "MissingRequiredParameter");
    let bad = json!({"stateMachineArn": world.machine, "definition": "{}"});
    assert_eq!(world.sfn.call("UpdateStateMachine", bad).await.unwrap_err().code, "InvalidDefinition");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_every_mistake() {
    let world = World::new(&wait(1), &[]).await;
    let definition = json!({"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Next": "Gone"}, "B": {"Type": "Pass", "End": true}}});
    let make = json!({"name": "n", "roleArn": "arn:aws:iam::123456789012:role/machine", "definition": definition.to_string()});
    let refused = world.sfn.call("CreateStateMachine", make).await.unwrap_err();
    assert_eq!(refused.code, "InvalidDefinition");
    // What AWS answers to the same definition.
    assert_eq!(
        refused.message,
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: Gone at /States/A/Next, MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B'"
    );
    let validate = |most: u64| json!({"definition": definition.to_string(), "maxResults": most});
    let told = world.call("ValidateStateMachineDefinition", validate(0)).await;
    assert_eq!((&told["result"], &told["truncated"]), (&json!("FAIL"), &json!(false)));
    assert_eq!(
        told["diagnostics"],
        json!([
            {"severity": "ERROR", "code": "MISSING_TRANSITION_TARGET", "message": "Missing 'Next' target: Gone", "location": "/States/A/Next"},
            {"severity": "ERROR", "code": "MISSING_TRANSITION_TARGET", "message": "State \"B\" is not reachable.", "location": "/States/B"},
        ])
    );
    let first = world.call("ValidateStateMachineDefinition", validate(1)).await;
    assert_eq!((first["diagnostics"].as_array().unwrap().len(), &first["truncated"]), (1, &json!(true)));
    let fine = json!({"definition": one_task(json!({})).to_string()});
    let fine = world.call("ValidateStateMachineDefinition", fine).await;
    assert_eq!((&fine["result"], &fine["diagnostics"]), (&json!("OK"), &json!([])));
}

#[tokio::test(start_paused = true)]
async fn tags_come_and_go() {
    let world = World::new(&wait(1), &[]).await;
    let of = json!({"resourceArn": world.machine});
    let tags = json!([{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]);
    world.call("TagResource", json!({"resourceArn": world.machine, "tags": tags})).await;
    assert_eq!(world.call("ListTagsForResource", of.clone()).await["tags"], tags);
    world.call("UntagResource", json!({"resourceArn": world.machine, "tagKeys": ["a"]})).await;
    assert_eq!(world.call("ListTagsForResource", of).await["tags"], json!([{"key": "b", "value": "2"}]));
    let gone = world.sfn.call("ListTagsForResource", json!({"resourceArn": "arn:gone"})).await.unwrap_err();
    assert_eq!(gone.code, "ResourceNotFound");
}

#[tokio::test(start_paused = true)]
async fn executions_are_listed_newest_first_by_status_and_in_pages() {
    let world = World::new(&wait(10), &[]).await;
    for name in ["one", "two"] {
        world.until_over(&world.start(name, &json!({})).await).await;
    }
    for name in ["three", "four"] {
        world.start(name, &json!({})).await;
    }
    let names = |told: &Value| -> Vec<String> {
        let all = told["executions"].as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = |fields: Value| {
        let mut input = json!({"stateMachineArn": world.machine});
        input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        world.call("ListExecutions", input)
    };
    assert_eq!(names(&list(json!({"statusFilter": "RUNNING"})).await), ["four", "three"]);
    assert_eq!(names(&list(json!({"statusFilter": "SUCCEEDED"})).await), ["two", "one"]);
    let first = list(json!({"maxResults": 3})).await;
    assert_eq!(names(&first), ["four", "three", "two"]);
    let rest = list(json!({"maxResults": 3, "nextToken": first["nextToken"]})).await;
    assert_eq!((names(&rest), rest.get("nextToken")), (vec!["one".to_owned()], None));
}

#[tokio::test(start_paused = true)]
async fn history_without_data_tells_the_course_only() {
    let world = World::new(&wait(1), &[]).await;
    let arn = world.start("e", &json!({"secret": 1})).await;
    world.until_over(&arn).await;
    let input = json!({"executionArn": arn, "includeExecutionData": false});
    let bare = world.call("GetExecutionHistory", input).await;
    assert_eq!(bare["events"].as_array().unwrap().len(), 4);
    assert!(!bare.to_string().contains("secret"), "{bare}");
    assert!(Value::from(world.history(&arn).await).to_string().contains("secret"));
}

/// The envelope that AWS documents, field for field.
#[tokio::test(start_paused = true)]
async fn the_bus_hears_of_every_status() {
    let world = World::new(&one_task(json!({})), &[common::Act::Fail("Odd")]).await;
    let arn = world.start("e", &json!({"a": 1})).await;
    let told = world.until_over(&arn).await;
    let events = world.events.lock().clone();
    let milliseconds = |name: &str| json!((told[name].as_f64().unwrap() * 1000.0).round() as i64);
    let mut detail = json!({
        "executionArn": arn, "stateMachineArn": world.machine, "name": "e", "status": "RUNNING",
        "startDate": milliseconds("startDate"), "stopDate": null,
        "input": "{\"a\":1}", "inputDetails": {"included": true}, "output": null, "outputDetails": null,
        "stateMachineVersionArn": null, "stateMachineAliasArn": null,
        "redriveCount": 0, "redriveDate": null, "error": null, "cause": null,
    });
    assert_eq!(events[0]["detail"], detail);
    detail["status"] = json!("FAILED");
    detail["stopDate"] = milliseconds("stopDate");
    detail["error"] = json!("Odd");
    detail["cause"] = json!("Odd was scripted");
    assert_eq!(events[1]["detail"], detail);
    assert_eq!(events.len(), 2);
    for event in &events {
        assert_eq!(event["source"], "aws.states");
        assert_eq!(event["detail-type"], "Step Functions Execution Status Change");
        assert_eq!(event["resources"], json!([arn]));
        assert_eq!((&event["version"], &event["account"]), (&json!("0"), &json!("123456789012")));
    }
    assert_ne!(events[0]["id"], events[1]["id"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_stays_as_it_was_published() {
    let world = World::new(&wait(7), &[]).await;
    let of = json!({"stateMachineArn": world.machine});
    let first = world.call("PublishStateMachineVersion", of.clone()).await["stateMachineVersionArn"].clone();
    assert_eq!(first, format!("{}:1", world.machine));
    let again = world.call("PublishStateMachineVersion", of.clone()).await;
    assert_eq!(again["stateMachineVersionArn"], first, "nothing has changed");
    let update = json!({"stateMachineArn": world.machine, "definition": wait(9).to_string(), "publish": true,
        "versionDescription": "longer"});
    let second = world.call("UpdateStateMachine", update).await["stateMachineVersionArn"].clone();
    let told = world.call("DescribeStateMachine", json!({"stateMachineArn": second})).await;
    assert_eq!((&told["stateMachineArn"], &told["description"]), (&second, &json!("longer")));
    let listed = world.call("ListStateMachineVersions", of.clone()).await;
    let arns: Vec<&Value> = listed["stateMachineVersions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["stateMachineVersionArn"])
        .collect();
    assert_eq!(arns, [&second, &first]);
    let began = tokio::time::Instant::now();
    let started = world.call("StartExecution", json!({"stateMachineArn": first, "name": "old"})).await;
    let told = world.until_over(started["executionArn"].as_str().unwrap()).await;
    assert_eq!(began.elapsed().as_secs(), 7);
    assert_eq!((&told["stateMachineArn"], &told["stateMachineVersionArn"]), (&json!(world.machine), &first));
    let stale = json!({"stateMachineArn": world.machine, "revisionId": "INITIAL"});
    assert_eq!(
        world.sfn.call("PublishStateMachineVersion", stale).await.unwrap_err().code,
        "ConflictException"
    );
    world.call("DeleteStateMachineVersion", json!({"stateMachineVersionArn": first})).await;
    let gone = world.sfn.call("StartExecution", json!({"stateMachineArn": first})).await.unwrap_err();
    assert_eq!(gone.code, "StateMachineDoesNotExist");
}

#[tokio::test(start_paused = true)]
async fn roles_are_of_this_account_and_what_would_have_no_effect_is_refused() {
    let world = World::new(&wait(1), &[]).await;
    let role = "arn:aws:iam::123456789012:role/machine";
    let make = |settings: Value| {
        let mut input = json!({"name": "n", "roleArn": role, "definition": wait(1).to_string()});
        input.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        input
    };
    for (settings, code) in [
        (json!({"roleArn": "machine"}), "InvalidArn"),
        (json!({"roleArn": "arn:aws:iam::123456789012:user/machine"}), "InvalidArn"),
        (json!({"roleArn": "arn:aws:iam::999999999999:role/machine"}), "AccessDeniedException"),
        (json!({"loggingConfiguration": {"level": "ALL"}}), "InvalidLoggingConfiguration"),
        (json!({"tracingConfiguration": {"enabled": true}}), "InvalidTracingConfiguration"),
        (json!({"versionDescription": "first"}), "ValidationException"),
    ] {
        let refused = world.sfn.call("CreateStateMachine", make(settings)).await.unwrap_err();
        assert_eq!(refused.code, code);
    }
    let made =
        world.call("CreateStateMachine", make(json!({"publish": true, "versionDescription": "first"}))).await;
    assert!(made["stateMachineVersionArn"].as_str().unwrap().ends_with(":stateMachine:n:1"), "{made}");
}
