//! The state machine, the error enum, the verdicts and the functions hold together, in both directions.

use changeover_domain::StepError;
use changeover_domain::plan::MAX_EXECUTION;
use changeover_domain::record::Outcome;
use changeover_domain::settings::Strategy;
use changeover_domain::state::Verdict;
use contract::{function_crates, machine, pascal, stack, states};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What Step Functions calls an error that no other name is meant by.
const ANY: &str = "States.ALL";

fn errors_in(rules: &Value) -> BTreeSet<String> {
    let rules = rules.as_array().into_iter().flatten();
    rules.flat_map(|rule| rule["ErrorEquals"].as_array().into_iter().flatten()).map(word).collect()
}

fn word(value: &Value) -> String {
    value.as_str().expect("a word").to_owned()
}

#[test]
fn every_error_named_exists() {
    let known: BTreeSet<&str> = StepError::NAMES.into_iter().chain([ANY]).collect();
    for (name, state) in states("Task") {
        for error in errors_in(&state["Retry"]).union(&errors_in(&state["Catch"])) {
            assert!(known.contains(error.as_str()), "{name} knows {error}, nothing else does");
        }
    }
}

#[test]
fn every_error_is_caught() {
    for (name, state) in states("Task") {
        let catch = state["Catch"].as_array().expect("Catch");
        let all = catch.last().expect("a catcher");
        assert_eq!(all["ErrorEquals"], serde_json::json!([ANY]), "{name}");
        let next = match name.as_str() {
            "Finish" | "Rollback" => "UnfinishedAsTold",
            // There is nothing to take back any more, and the outcome is on record.
            "AfterSuccess" | "AfterRollback" => "Finish",
            _ => "Rollback",
        };
        assert_eq!(all["Next"], next, "{name} catches everything else");
        assert!(errors_in(&state["Catch"]).contains("LeaseLost"), "{name} goes on without the lease");
    }
}

/// The cause of a function's own error is a JSON document with the words inside, so it is taken apart before an end tells
/// it; any other cause is text as it stands, which taking apart would fail on.
#[test]
fn every_end_tells_an_error_in_words() {
    let passes: BTreeMap<String, Value> = states("Pass").into_iter().collect();
    let mut told = BTreeSet::new();
    for (name, state) in states("Task") {
        for catch in state["Catch"].as_array().expect("Catch") {
            let next = word(&catch["Next"]);
            let Some(pass) = passes.get(&next) else { continue };
            let is_ours = errors_in(&serde_json::json!([catch]))
                .iter()
                .all(|one| StepError::NAMES.contains(&one.as_str()));
            let said = &pass["Parameters"];
            let taken_apart = said["Said.$"] == "States.StringToJson($.error.Cause)";
            let as_it_stands = said["Said"]["errorMessage.$"] == "$.error.Cause";
            assert_eq!((taken_apart, as_it_stands), (is_ours, !is_ours), "{name}: {next}");
            assert_eq!(pass["ResultPath"], "$.error", "{next}");
            told.insert(word(&pass["Next"]));
        }
    }
    let ends = states("Fail");
    let of_errors = ends.iter().filter(|(_, end)| word(&end["CausePath"]).starts_with("$.error"));
    let of_errors: BTreeSet<String> = of_errors
        .map(|(name, end)| {
            assert_eq!(end["CausePath"], "$.error.Said.errorMessage", "{name}");
            name.clone()
        })
        .collect();
    assert_eq!(told, of_errors);
    let (_, finish) = states("Task").into_iter().find(|(name, _)| name == "Finish").expect("Finish");
    let caught = errors_in(&finish["Catch"]);
    for error in StepError::NAMES {
        assert!(caught.contains(error), "{error} of Finish is not told in words");
    }
}

#[test]
fn everything_ends_in_time() {
    assert_eq!(machine()["TimeoutSeconds"], MAX_EXECUTION.0, "what Plan holds deployments to");
    let stack = stack();
    // It gives up on none before its function ends.
    for (name, state) in states("Task") {
        let function = word(&state["Parameters"]["FunctionName"]);
        let function = function.trim_start_matches("${").trim_end_matches("Arn}");
        let longest = stack.function(function).map(|one| one.timeout.as_secs());
        let longest = longest.unwrap_or_else(|| panic!("{name} calls {function}, which there is not"));
        let timeout = state["TimeoutSeconds"].as_u64().unwrap_or_else(|| panic!("{name} has no timeout"));
        assert!(timeout > longest, "{name} gives up after {timeout} s, the function may take {longest} s");
    }
}

#[test]
fn every_task_has_its_function_and_every_function_its_task() {
    let called: BTreeSet<String> =
        states("Task").iter().map(|(_, state)| word(&state["Parameters"]["FunctionName"])).collect();
    let crates: BTreeSet<String> = function_crates()
        .into_iter()
        // The one that starts executions.
        .filter(|name| name != "dispatch")
        .map(|name| format!("${{{}FunctionArn}}", pascal(&name)))
        .collect();
    assert_eq!(called, crates);
    let stack = stack();
    // AWS in China and for governments has other ARNs.
    let arns = stack.state_machines[0].substitutions.iter().filter(|(name, _)| name != "Partition");
    let substituted: BTreeSet<String> = arns.clone().map(|(name, _)| format!("${{{name}}}")).collect();
    assert_eq!(called, substituted);
    for (name, arn) in arns {
        let function = name.strip_suffix("Arn").expect("an ARN");
        assert_eq!(stack.function(function).map(|found| &found.arn), Some(arn), "{name}");
    }
}

/// The state machine sees an error and acts on it. Nobody sees that of a function that is handed events.
#[test]
fn every_function_that_nobody_waits_for_keeps_what_it_could_not_deal_with() {
    let stack = stack();
    let waited_for: BTreeSet<&String> =
        stack.state_machines[0].substitutions.iter().map(|(_, arn)| arn).collect();
    for function in &stack.functions {
        let kept =
            function.dead_letters.as_ref().map(|arn| stack.queues.iter().any(|queue| queue.arn == *arn));
        let expected = (!waited_for.contains(&function.arn)).then_some(true);
        assert_eq!(kept, expected, "{}", function.logical_id);
    }
}

#[test]
fn every_function_in_the_template_is_a_crate() {
    let named: BTreeSet<String> =
        stack().functions.iter().filter_map(|function| function.binary.clone()).collect();
    assert_eq!(named, function_crates().into_iter().collect());
    for function in stack().functions {
        let binary = function.binary.expect("a binary");
        assert_eq!(function.logical_id, format!("{}Function", pascal(&binary)));
    }
}

#[test]
fn choices_are_made_between_words_that_functions_say() {
    let mut known: BTreeSet<String> = BTreeSet::new();
    let mut add = |value: Value| known.insert(word(&value));
    for verdict in
        [Verdict::Ready, Verdict::Wait, Verdict::Failed, Verdict::Refused, Verdict::Over, Verdict::Recover]
    {
        add(serde_json::to_value(verdict).expect("a word"));
    }
    for strategy in [Strategy::Rolling, Strategy::BlueGreen] {
        add(serde_json::to_value(strategy).expect("a word"));
    }
    let outcomes =
        [Outcome::Succeeded, Outcome::RolledBack, Outcome::Refused, Outcome::Superseded, Outcome::NeedsHuman];
    for outcome in outcomes {
        add(serde_json::to_value(outcome).expect("a word"));
    }
    for (name, state) in states("Choice") {
        assert!(state["Default"].is_string(), "{name} has no default");
        for constant in constants(&state["Choices"]) {
            assert!(known.contains(&constant), "{name} waits for {constant}, which nobody says");
        }
    }
    let (_, outcome) = states("Choice").into_iter().find(|(name, _)| name == "Outcome?").expect("Outcome?");
    let handled = constants(&outcome["Choices"]);
    for one in outcomes {
        assert!(handled.contains(&one.to_string()), "{one} has no end of its own");
    }
}

fn constants(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(constants).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match (key.as_str(), value) {
                ("StringEquals", Value::String(constant)) => BTreeSet::from([constant.clone()]),
                (_, value) => constants(value),
            })
            .collect(),
        _ => BTreeSet::new(),
    }
}
