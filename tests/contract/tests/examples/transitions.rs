//! What the state machine makes of an example's output on every way to the next function, as `deploy.asl.json` says it.

use crate::{example, is_received};
use contract::{machine, states};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// More states than lie between two functions.
const MOST_BETWEEN: usize = 5;

/// Follows a document from a state on, along every choice, to whatever functions and ends it may come to.
struct Walk {
    states: Map<String, Value>,
    /// From which example to which state.
    came: BTreeSet<(String, String)>,
}

impl Walk {
    fn new() -> Self {
        Self { states: machine()["States"].as_object().expect("States").clone(), came: BTreeSet::new() }
    }

    fn go(&mut self, from: &str, name: &str, document: &Value, left: usize) {
        assert!(left > 0, "{from}: too many states between two functions, at {name}");
        let state = self.states.get(name).unwrap_or_else(|| panic!("no state {name}")).clone();
        let what = format!("{from} to {name}");
        match state["Type"].as_str().expect("a type") {
            "Task" => {
                self.came.insert((from.to_owned(), name.to_owned()));
                is_received(name, &what, &payload(&state, document));
            }
            "Fail" => {
                self.came.insert((from.to_owned(), name.to_owned()));
                for path in ["CausePath", "ErrorPath"].iter().filter_map(|member| state[*member].as_str()) {
                    let is_text = path.starts_with("States.JsonToString") || at(document, path).is_string();
                    assert!(is_text, "{what}: {path} is no text of {document}");
                }
            }
            "Succeed" => drop(self.came.insert((from.to_owned(), name.to_owned()))),
            "Choice" => {
                for rule in state["Choices"].as_array().expect("Choices") {
                    let mut chosen = document.clone();
                    says(&mut chosen, rule);
                    self.go(from, next(rule), &chosen, left - 1);
                }
                self.go(from, state["Default"].as_str().expect("a default"), document, left - 1);
            }
            "Wait" => {
                let seconds = at(document, state["SecondsPath"].as_str().expect("a path"));
                assert!(seconds.is_u64(), "{what}: how long to wait is {seconds}");
                self.go(from, next(&state), document, left - 1);
            }
            "Pass" => {
                let mut changed = document.clone();
                assert_eq!(state["ResultPath"], "$.error", "{name} writes elsewhere than this test knows of");
                changed["error"] = filled(&state["Parameters"], document);
                self.go(from, next(&state), &changed, left - 1);
            }
            other => panic!("{name} is a {other}, which this test does not know"),
        }
    }
}

fn next(state: &Value) -> &str {
    state["Next"].as_str().expect("a next state")
}

/// Puts into a document what a rule asks for, so that it would be chosen.
fn says(document: &mut Value, rule: &Value) {
    let own = std::slice::from_ref(rule);
    for one in rule["And"].as_array().map_or(own, Vec::as_slice) {
        let path = one["Variable"].as_str().and_then(|path| path.strip_prefix("$.")).expect("a path");
        // A function of that name has to say it at all.
        assert!(document.get(path).is_some(), "{rule}: nobody has said {path}: {document}");
        let constant = ["StringEquals", "BooleanEquals"].iter().find_map(|operator| one.get(*operator));
        document[path] = constant.expect("a comparison that this test knows").clone();
    }
}

/// What a function is given.
fn payload(task: &Value, document: &Value) -> Value {
    filled(&task["Parameters"], document)["Payload"].clone()
}

/// Parameters with their paths filled in; one that leads nowhere fails, as it does in AWS.
fn filled(template: &Value, document: &Value) -> Value {
    let Value::Object(fields) = template else { return template.clone() };
    let field = |(name, value): (&String, &Value)| match name.strip_suffix(".$") {
        Some(name) => (name.to_owned(), computed(value.as_str().expect("a path"), document)),
        None => (name.clone(), filled(value, document)),
    };
    Value::Object(fields.iter().map(field).collect())
}

fn computed(expression: &str, document: &Value) -> Value {
    match expression.strip_prefix("States.StringToJson(").and_then(|rest| rest.strip_suffix(')')) {
        Some(path) => {
            serde_json::from_str(at(document, path).as_str().expect("text")).expect("a JSON document")
        }
        None => at(document, expression).clone(),
    }
}

fn at<'a>(document: &'a Value, path: &str) -> &'a Value {
    let pointer = path.strip_prefix('$').expect("a path").replace('.', "/");
    document.pointer(&pointer).unwrap_or_else(|| panic!("{path} leads nowhere in {document}"))
}

#[test]
fn what_a_function_answers_is_what_the_next_one_gets() {
    let mut walk = Walk::new();
    for (name, state) in states("Task") {
        assert_eq!(state["OutputPath"], "$.Payload", "{name}");
        walk.go(&name, next(&state), &example(&name)["output"], MOST_BETWEEN);
    }
    let came = |from: &str, to: &str| walk.came.contains(&(from.to_owned(), to.to_owned()));
    assert!(
        came("Plan", "RegisterRevision") && came("Swap", "Bake") && came("Bake", "AfterStep"),
        "{:?}",
        walk.came
    );
    assert!(
        came("AfterStep", "Swap") && came("BeforeDrain", "Drain") && came("BeforeTraffic", "CheckHealth")
    );
    assert!(came("Drain", "AfterSuccess") && came("AfterSuccess", "Finish") && came("Finish", "Succeeded"));
    assert!(came("Bake", "Rollback") && came("Rollback", "AfterRollback") && came("AfterRollback", "Finish"));
}

#[test]
fn what_a_function_was_given_and_its_error_are_what_the_next_one_gets() {
    let mut walk = Walk::new();
    for (name, state) in states("Task") {
        for catch in state["Catch"].as_array().expect("Catch") {
            // An error after the outcome is no error of the deployment: `Finish` is not told of one.
            let is_after = ["AfterSuccess", "AfterRollback"].contains(&name.as_str());
            let is_told = !is_after || catch["Next"] != "Finish";
            assert_eq!(catch["ResultPath"], if is_told { json!("$.error") } else { Value::Null }, "{name}");
            // What it is given is the whole state, or the baton that it is made from.
            let mut document = example(&name)["input"].clone();
            let error = catch["ErrorEquals"][0].as_str().expect("an error");
            let said = json!({"errorType": error, "errorMessage": "in words"}).to_string();
            let cause = if error == "States.ALL" { "no document".to_owned() } else { said };
            if is_told {
                document["error"] = json!({"Error": error, "Cause": cause});
            }
            if let Some(fields) = document.as_object_mut() {
                fields.remove("purpose");
                fields.remove("point");
            }
            walk.go(&name, next(catch), &document, MOST_BETWEEN);
        }
    }
    let came = |from: &str, to: &str| walk.came.contains(&(from.to_owned(), to.to_owned()));
    assert!(
        came("Plan", "BadInput") && came("Swap", "Rollback") && came("Rollback", "Finish"),
        "{:?}",
        walk.came
    );
    assert!(came("Finish", "Unfinished") && came("Drain", "LeaseLost"));
}
