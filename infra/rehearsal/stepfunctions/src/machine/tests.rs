//! What is read, and what is refused with where it is.

use super::*;
use serde_json::json;

fn mistakes(definition: &Value) -> Vec<String> {
    Machine::parse(&definition.to_string()).expect_err("it has mistakes")
}

#[test]
fn the_machine_that_ships_is_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../statemachine/deploy.asl.json");
    let machine = Machine::parse(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(machine.start, "Begin");
    let tasks = machine.states.values().filter(|state| matches!(state.kind, Kind::Task(_))).count();
    assert_eq!(tasks, 9);
}

#[test]
fn every_mistake_is_told_at_once_with_its_place() {
    let found = mistakes(&json!({
        "StartAt": "Nowhere",
        "States": {
            "A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {}, "Next": "Gone",
                "Retry": [{"ErrorEquals": ["States.ALL"]}, {"ErrorEquals": ["B"], "BackoffRate": 0.5}],
                "Catch": [{"ErrorEquals": ["States.ALL", "B"], "Next": "A"}]},
            "B": {"Type": "Parallel", "Branches": [], "End": true},
            "C": {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true},
            "D": {"Type": "Pass", "Next": "C", "End": true, "Assign": {}},
            "E": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": true}]},
            "F": {"Type": "Fail", "Error": "x", "ErrorPath": "$.x"},
        },
    }));
    for part in [
        "/StartAt: there is no state \"Nowhere\"",
        "/States/A: there is no state \"Gone\"",
        "/States/A: Resource",
        "FunctionName",
        "/States/A/Retry/0: States.ALL must stand alone",
        "/States/A/Retry/1: BackoffRate",
        "/States/A/Catch/0: States.ALL",
        "/States/B: Type \"Parallel\"",
        "/States/C: must have one of",
        "/States/D: must have either",
        "/States/D: Assign is not supported",
        "/States/E/Choices/0: Next is missing",
        "/States/F: has both",
    ] {
        assert!(found.iter().any(|mistake| mistake.contains(part)), "{part} in {found:#?}");
    }
}

#[test]
fn a_state_that_nothing_leads_to_is_a_mistake() {
    let found =
        mistakes(&json!({"StartAt": "A", "States": {"A": {"Type": "Succeed"}, "B": {"Type": "Succeed"}}}));
    assert_eq!(found, ["/States/B: no state leads to it"]);
}

#[test]
fn another_language_and_a_huge_definition_are_refused() {
    let states = json!({"A": {"Type": "Succeed"}});
    let found = mistakes(&json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": states}));
    assert!(found[0].contains("only JSONPath"), "{found:?}");
    let huge = json!({"Comment": "x".repeat(MAX_DEFINITION), "StartAt": "A", "States": states});
    assert!(mistakes(&huge)[0].contains("1048576 are allowed"));
    assert!(Machine::parse("{").is_err());
}
