//! The state machine as it ships: which state follows an answer or an error. Notes every edge that is walked.

use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

/// An edge: from a state to a state.
pub type Edge = (String, String);

/// `statemachine/deploy.asl.json`.
pub struct Machine {
    names: Vec<String>,
    states: Vec<Value>,
    walked: Mutex<BTreeSet<Edge>>,
}

/// What a state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A function is called.
    Task,
    /// The execution ends, green.
    Succeed,
    /// It ends, red.
    Fail,
    /// It goes on by itself.
    Between,
}

impl Machine {
    /// Reads it.
    ///
    /// # Panics
    /// If it cannot be read.
    pub fn load() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../statemachine/deploy.asl.json");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let machine: Value = serde_json::from_str(&text).expect("the state machine is JSON");
        let states = machine["States"].as_object().expect("it has states");
        let (names, states) = states.iter().map(|(name, state)| (name.clone(), state.clone())).unzip();
        Self { names, states, walked: Mutex::default() }
    }

    /// The index of a state.
    ///
    /// # Panics
    /// If there is none of that name.
    pub fn index(&self, name: &str) -> usize {
        let found = self.names.iter().position(|one| one == name);
        found.unwrap_or_else(|| panic!("there is no state {name}"))
    }

    /// A state's name.
    pub fn name(&self, index: usize) -> &str {
        &self.names[index]
    }

    /// What a state is.
    pub fn kind(&self, index: usize) -> Kind {
        match self.states[index]["Type"].as_str() {
            Some("Task") => Kind::Task,
            Some("Succeed") => Kind::Succeed,
            Some("Fail") => Kind::Fail,
            _ => Kind::Between,
        }
    }

    /// Where an execution begins: the first state that calls a function.
    pub fn start(&self) -> usize {
        self.settle(self.index("Begin"), &Value::Null)
    }

    /// Where a state's answer leads.
    pub fn after(&self, state: usize, word: &str, more_steps: bool, is_pair: bool) -> usize {
        let strategy = if is_pair { "blue-green" } else { "rolling" };
        let answer =
            json!({"verdict": word, "outcome": word, "more_steps": more_steps, "strategy": strategy});
        let next = self.states[state]["Next"].as_str().expect("a task has a next state");
        self.settle(self.walk(state, next), &answer)
    }

    /// Where an error leads that is not tried again.
    pub fn caught(&self, state: usize, error: &str) -> usize {
        let catches = self.states[state]["Catch"].as_array().expect("a task catches");
        let catch = catches.iter().find(|catch| names(catch, error)).expect("every error is caught");
        let next = catch["Next"].as_str().expect("a catch has a next state");
        self.settle(self.walk(state, next), &Value::Null)
    }

    /// Whether an error is tried again: the first retrier that names it says.
    pub fn is_retried(&self, state: usize, error: &str) -> bool {
        let mut retries = self.states[state]["Retry"].as_array().into_iter().flatten();
        let first = retries.find(|retry| names(retry, error));
        first.is_some_and(|retry| retry["MaxAttempts"] != 0)
    }

    /// Goes on until a function is called or the execution ends.
    fn settle(&self, mut state: usize, answer: &Value) -> usize {
        while self.kind(state) == Kind::Between {
            let definition = &self.states[state];
            let next = match definition["Type"].as_str() {
                Some("Choice") => {
                    let choices = definition["Choices"].as_array().expect("a choice has choices");
                    let chosen = choices.iter().find(|rule| holds(rule, answer));
                    chosen.map_or(&definition["Default"], |rule| &rule["Next"])
                }
                _ => &definition["Next"],
            };
            state = self.walk(state, next.as_str().expect("a name"));
        }
        state
    }

    fn walk(&self, from: usize, to: &str) -> usize {
        let edge = (self.names[from].clone(), to.to_owned());
        self.walked.lock().expect("not poisoned").insert(edge);
        self.index(to)
    }

    /// Every edge that was walked so far.
    ///
    /// # Panics
    /// If a thread of the checker has panicked.
    pub fn walked(&self) -> BTreeSet<Edge> {
        self.walked.lock().expect("not poisoned").clone()
    }

    /// Every edge that there is.
    pub fn edges(&self) -> BTreeSet<Edge> {
        let mut edges = BTreeSet::new();
        for (name, state) in self.names.iter().zip(&self.states) {
            let branches = ["Choices", "Catch"].into_iter().flat_map(|key| state[key].as_array()).flatten();
            let targets =
                [&state["Next"], &state["Default"]].into_iter().chain(branches.map(|one| &one["Next"]));
            edges.extend(targets.filter_map(Value::as_str).map(|to| (name.clone(), to.to_owned())));
        }
        edges
    }
}

/// Whether a retrier or a catcher is about an error.
fn names(rule: &Value, error: &str) -> bool {
    let errors = rule["ErrorEquals"].as_array().expect("a list");
    errors.iter().any(|one| one == error || one == "States.ALL")
}

/// The comparisons that the state machine uses; another one stops the model.
fn holds(rule: &Value, answer: &Value) -> bool {
    if let Some(all) = rule["And"].as_array() {
        return all.iter().all(|one| holds(one, answer));
    }
    let path =
        rule["Variable"].as_str().and_then(|path| path.strip_prefix("$.")).expect("a path such as $.verdict");
    match (&rule["StringEquals"], &rule["BooleanEquals"]) {
        (Value::String(wanted), Value::Null) => answer[path] == **wanted,
        (Value::Null, Value::Bool(wanted)) => answer[path] == *wanted,
        _ => panic!("the model does not know the comparison of {rule}"),
    }
}

/// Whether a state is a point, or what only follows one.
pub fn is_of_a_point(state: &str) -> bool {
    crate::functions::point(state).is_some()
        || ["MayStart?", "WaitForStart", "MayShift?", "MayGoOn?", "MayDrain?"].contains(&state)
        || ["ToldOfSuccess?", "WaitForAfterSuccess", "ToldOfRollback?", "WaitForAfterRollback"]
            .contains(&state)
}
