//! Ways through a machine: every one leads to a state, every state is on one, and one of them ends.
//!
//! Works on the document, so that a state with other mistakes still counts as the state that it is.

use super::mistake::{Mistake, under};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Adds what is wrong with the ways, in AWS's order and words.
pub(super) fn check_ways(document: &Map<String, Value>, mistakes: &mut Vec<Mistake>) {
    let Some(states) = document.get("States").and_then(Value::as_object) else { return };
    let start = document.get("StartAt").and_then(Value::as_str);
    let mut ways: Vec<(String, &str)> =
        start.map(|start| ("/StartAt".to_owned(), start)).into_iter().collect();
    for (name, state) in states {
        ways.extend(ways_out(state, &under("/States", name)));
    }
    for (pointer, target) in &ways {
        if !states.contains_key(*target) {
            // AWS says `Next` wherever the way is written.
            let why = format_args!("Missing 'Next' target: {target}");
            mistakes.push(Mistake::transition(pointer, why));
        }
    }
    if !states.is_empty() && !states.values().any(is_terminal) {
        mistakes.push(Mistake::whole("MISSING_END_STATE", "Workflow has no terminal state"));
        return;
    }
    if let Some(start) = start.filter(|start| states.contains_key(*start)) {
        let reached = reached(states, start);
        for name in states.keys().filter(|name| !reached.contains(name.as_str())) {
            let why = format_args!("State \"{name}\" is not reachable.");
            mistakes.push(Mistake::transition(&under("/States", name), why));
        }
    }
}

fn reached<'a>(states: &'a Map<String, Value>, start: &'a str) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        let Some(state) = states.get(name) else { continue };
        let next = ways_out(state, "").into_iter().map(|(_, target)| target);
        open.extend(next.filter(|target| reached.insert(target)));
    }
    reached
}

/// The states that may follow, each with the place where it is named.
fn ways_out<'a>(state: &'a Value, pointer: &str) -> Vec<(String, &'a str)> {
    let mut ways: Vec<(String, &str)> = ["Next", "Default"]
        .into_iter()
        .filter_map(|field| Some((format!("{pointer}/{field}"), state[field].as_str()?)))
        .collect();
    for list in ["Choices", "Catch"] {
        for (index, element) in state[list].as_array().into_iter().flatten().enumerate() {
            let way = element["Next"].as_str();
            ways.extend(way.map(|target| (format!("{pointer}/{list}/{index}/Next"), target)));
        }
    }
    ways
}

fn is_terminal(state: &Value) -> bool {
    state["End"] == Value::Bool(true) || matches!(state["Type"].as_str(), Some("Succeed" | "Fail"))
}
