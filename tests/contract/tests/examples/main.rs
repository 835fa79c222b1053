//! The examples beside the state machine satisfy the types of the function that gets them and of the one that sends
//! them, and there is one for every Task.

use changeover_domain::state::{Baton, Ending, Finished, PlanInput, Planned};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads and writes a value: nothing may be lost on the way, and nothing may be unknown.
fn goes_through<T: DeserializeOwned + Serialize>(what: &str, value: &Value) {
    let read: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{what}: {error}"));
    let written = serde_json::to_value(read).expect("it is written");
    for (key, value) in value.as_object().expect("a map") {
        assert_eq!(written.get(key), Some(value), "{what}: {key} is lost");
    }
}

#[test]
fn every_task_has_an_example_that_fits() {
    for (state, _) in contract::states("Task") {
        let path = format!("statemachine/examples/{state}.json");
        let example: Value =
            serde_json::from_str(&contract::text(&path)).unwrap_or_else(|e| panic!("{path}: {e}"));
        let (input, output) = (&example["input"], &example["output"]);
        let said = |side: &str| format!("{path} {side}");
        match state.as_str() {
            "Plan" => {
                goes_through::<PlanInput>(&said("input"), input);
                goes_through::<Planned>(&said("output"), output);
            }
            "CheckHealth" | "Bake" => {
                goes_through::<check_health::Input>(&said("input"), input);
                goes_through::<Baton>(&said("output"), output);
            }
            "Rollback" => {
                goes_through::<Ending>(&said("input"), input);
                goes_through::<Baton>(&said("output"), output);
            }
            "Finish" => {
                goes_through::<Ending>(&said("input"), input);
                goes_through::<Finished>(&said("output"), output);
            }
            _ => {
                goes_through::<Baton>(&said("input"), input);
                goes_through::<Baton>(&said("output"), output);
            }
        }
    }
}
