//! The examples beside the state machine satisfy the types of the function that gets them and of the one that sends
//! them, there is one for every Task, and what one function sends is what the next one gets.

mod transitions;

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

/// The example of a state.
fn example(state: &str) -> Value {
    let path = format!("statemachine/examples/{state}.json");
    serde_json::from_str(&contract::text(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Holds an input to the type of the function that a state calls.
fn is_received(state: &str, what: &str, input: &Value) {
    match state {
        "Plan" => goes_through::<PlanInput>(what, input),
        "CheckHealth" | "Bake" => goes_through::<check_health::Input>(what, input),
        _ if is_point(state) => goes_through::<gate::Input>(what, input),
        "Rollback" | "Finish" => goes_through::<Ending>(what, input),
        _ => goes_through::<Baton>(what, input),
    }
}

fn is_point(state: &str) -> bool {
    changeover_domain::gate::Point::ALL.iter().any(|point| point.state() == state)
}

#[test]
fn every_task_has_an_example_that_fits() {
    for (state, _) in contract::states("Task") {
        let example = example(&state);
        is_received(&state, &format!("input of {state}"), &example["input"]);
        let (what, output) = (format!("output of {state}"), &example["output"]);
        match state.as_str() {
            "Plan" => goes_through::<Planned>(&what, output),
            "Finish" => goes_through::<Finished>(&what, output),
            _ => goes_through::<Baton>(&what, output),
        }
    }
}
