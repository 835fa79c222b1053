//! What is read, and what is refused with where it is.

use super::*;
use serde_json::{Value, json};

/// The mistakes of a definition, each as AWS writes it.
fn mistakes(definition: &Value) -> Vec<String> {
    let mistakes = Machine::parse(&definition.to_string()).expect_err("it has mistakes");
    mistakes.iter().map(ToString::to_string).collect()
}

/// The mistakes of a machine with one state.
fn of_state(state: Value) -> Vec<String> {
    mistakes(&json!({"StartAt": "A", "States": {"A": state}}))
}

fn task(fields: Value) -> Value {
    let mut task =
        json!({"Type": "Task", "Resource": LAMBDA_INVOKE, "Parameters": {"FunctionName": "f"}, "End": true});
    task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    task
}

#[test]
fn the_machine_that_ships_is_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../statemachine/deploy.asl.json");
    let text = std::fs::read_to_string(path).unwrap().replace("${Partition}", "aws");
    let machine = Machine::parse(&text).unwrap();
    assert_eq!(machine.start, "Begin");
    let tasks = machine.states.values().filter(|state| matches!(state.kind, Kind::Task(_))).count();
    assert_eq!(tasks, 15);
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let found = mistakes(&json!({
        "StartAt": "Nowhere",
        "TimeoutSeconds": 0,
        "Version": "2.0",
        "States": {
            "A/1": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {}, "Next": "Gone",
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["B"], "BackoffRate": 0.5}],
                "Catch": [{"ErrorEquals": ["States.ALL", "B"], "Next": "A/1"}]},
            "B": {"Type": "Parallel", "Branches": [], "End": true},
            "C": {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true},
            "D": {"Type": "Pass", "Next": "C", "End": true, "Assign": {}},
            "E": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true}], "Default": "Lost"},
            "F": {"Type": "Fail", "Error": "x", "ErrorPath": "$.x"},
        },
    }));
    for part in [
        "must be a whole number from 1 to 99999999 at /TimeoutSeconds",
        "must be 1.0 at /Version",
        "Missing 'Next' target: Nowhere at /StartAt",
        "Missing 'Next' target: Gone at /States/A~11/Next",
        "only arn:aws:states:::lambda:invoke at /States/A~11/Resource",
        "The field 'FunctionName' is required but was missing at /States/A~11/Parameters",
        "States.ALL must stand alone, and in the last place at /States/A~11/Retry/0/ErrorEquals",
        "must be a number of at least 1 at /States/A~11/Retry/1/BackoffRate",
        "in the last place at /States/A~11/Catch/0/ErrorEquals",
        "\"Parallel\" is not supported here at /States/B/Type",
        "must have one of Seconds, SecondsPath, Timestamp and TimestampPath at /States/C",
        "must have either Next or \"End\": true at /States/D",
        "Field 'Assign' is not supported at /States/D",
        "These fields are required: [Next] at /States/E/Choices/0",
        "Missing 'Next' target: Lost at /States/E/Default",
        "has both Error and ErrorPath at /States/F",
    ] {
        assert!(found.iter().any(|mistake| mistake.ends_with(part)), "{part} in {found:#?}");
    }
}

#[test]
fn what_the_language_has_and_we_do_not_is_refused() {
    for (field, value) in [
        ("HeartbeatSeconds", json!(5)),
        ("Assign", json!({})),
        ("Arguments", json!({})),
        ("Output", json!("{% $states.input %}")),
        ("Credentials", json!({"RoleArn": "r"})),
        ("QueryLanguage", json!("JSONata")),
    ] {
        let found = of_state(task(json!({field: value})));
        assert_eq!(
            found,
            [format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A")]
        );
    }
    let waits = of_state(task(json!({"Resource": format!("{LAMBDA_INVOKE}.waitForTaskToken")})));
    assert!(waits[0].ends_with("at /States/A/Resource"), "{waits:?}");
    for kind in ["Parallel", "Map"] {
        let found = of_state(json!({"Type": kind, "End": true}));
        assert_eq!(
            found,
            [format!("SCHEMA_VALIDATION_FAILED: {kind:?} is not supported here at /States/A/Type")]
        );
    }
}

#[test]
fn fields_belong_to_their_kind_of_state() {
    for (state, field) in [
        (json!({"Type": "Succeed", "End": true}), "End"),
        (json!({"Type": "Fail", "InputPath": "$"}), "InputPath"),
        (json!({"Type": "Wait", "Seconds": 1, "ResultPath": "$", "End": true}), "ResultPath"),
        (json!({"Type": "Wait", "Seconds": 1, "TimeoutSeconds": 2, "End": true}), "TimeoutSeconds"),
        (json!({"Type": "Pass", "ResultSelector": {}, "End": true}), "ResultSelector"),
        (json!({"Type": "Pass", "Retry": [], "End": true}), "Retry"),
        (task(json!({"Result": 1})), "Result"),
    ] {
        let found = of_state(state);
        assert_eq!(
            found,
            [format!("SCHEMA_VALIDATION_FAILED: Field '{field}' is not supported at /States/A")]
        );
    }
}

#[test]
fn values_have_bounds() {
    for (fields, place) in [
        (json!({"TimeoutSeconds": 0}), "TimeoutSeconds"),
        (json!({"TimeoutSeconds": 100_000_000}), "TimeoutSeconds"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "IntervalSeconds": 0}]}), "Retry/0/IntervalSeconds"),
        (json!({"Retry": [{"ErrorEquals": ["E"], "MaxAttempts": -1}]}), "Retry/0/MaxAttempts"),
        (
            json!({"Retry": [{"ErrorEquals": ["E"], "MaxDelaySeconds": 31_622_400}]}),
            "Retry/0/MaxDelaySeconds",
        ),
        (json!({"Retry": [{"ErrorEquals": ["E"], "JitterStrategy": "HALF"}]}), "Retry/0/JitterStrategy"),
        (json!({"Retry": [{"ErrorEquals": []}]}), "Retry/0/ErrorEquals"),
        (json!({"ResultPath": "$$.a"}), "ResultPath"),
        (json!({"ResultPath": "$.a[*]"}), "ResultPath"),
        (json!({"InputPath": 5}), "InputPath"),
        (json!({"Parameters": {"FunctionName": ""}}), "Parameters"),
        (json!({"Parameters": {"FunctionName": "f", "InvocationType": "Event"}}), "Parameters"),
        (json!({"Comment": 5}), "Comment"),
    ] {
        let found = of_state(task(fields));
        assert!(
            found.len() == 1 && found[0].ends_with(&format!(" at /States/A/{place}")),
            "{place}: {found:?}"
        );
    }
    let wait = of_state(json!({"Type": "Wait", "Timestamp": "tomorrow", "End": true}));
    assert!(wait.len() == 1 && wait[0].ends_with("at /States/A/Timestamp"), "{wait:?}");
    let wait = of_state(json!({"Type": "Wait", "TimestampPath": "States.Format('x')", "End": true}));
    assert!(wait[0].ends_with("at /States/A/TimestampPath"), "{wait:?}");
    let long = mistakes(
        &json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "x".repeat(81): {"Type": "Succeed"}}}),
    );
    assert!(long[0].contains("1 to 80 characters"), "{long:?}");
}

#[test]
fn states_task_failed_may_stand_with_others() {
    let retry =
        json!([{"ErrorEquals": ["States.TaskFailed", "States.Timeout"]}, {"ErrorEquals": ["States.ALL"]}]);
    let machine = json!({"StartAt": "A", "States": {"A": task(json!({"Retry": retry}))}});
    assert!(Machine::parse(&machine.to_string()).is_ok());
}

#[test]
fn a_state_that_nothing_leads_to_is_a_mistake() {
    let found =
        mistakes(&json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}));
    assert_eq!(found, ["MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B"]);
}

/// What AWS answers to the same definitions.
#[test]
fn a_machine_must_be_able_to_end() {
    let pass = |next: &str| json!({"Type": "Pass", "Next": next});
    const NO_END: &str = "MISSING_END_STATE: Workflow has no terminal state at null";
    let round =
        mistakes(&json!({"StartAt": "A", "States": {"A": pass("B"), "B": pass("A"), "C": pass("A")}}));
    assert_eq!(round, [NO_END], "of what cannot be reached nothing is said then");
    let gone = mistakes(&json!({"StartAt": "A", "States": {"A": pass("NOPE")}}));
    assert_eq!(gone, ["MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at /States/A/Next", NO_END]);
    let end = json!({"Type": "Pass", "End": true});
    let aside = mistakes(&json!({"StartAt": "A", "States": {"A": pass("B"), "B": pass("A"), "C": end}}));
    assert_eq!(aside, ["MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C"]);
}

#[test]
fn what_is_no_definition_is_refused() {
    let states = json!({"A": {"Type": "Succeed"}});
    let found = mistakes(&json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states}));
    assert_eq!(found, ["SCHEMA_VALIDATION_FAILED: only JSONPath is supported here at /QueryLanguage"]);
    let huge = json!({"Comment": "x".repeat(MAX_DEFINITION), "StartAt": "A", "States": states});
    assert!(mistakes(&huge)[0].contains("1048576 are allowed"));
    assert_eq!(
        mistakes(&json!({})),
        ["SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"]
    );
    assert_eq!(Machine::parse("{").unwrap_err()[0].code, "INVALID_JSON_DESCRIPTION");
    assert_eq!(Machine::parse("[]").unwrap_err()[0].message, "Definition must be a valid JSON object");
    assert_eq!(mistakes(&json!({"StartAt": "A", "States": {}}))[0].split(" at ").last(), Some("/States"));
}
