//! Holds crates, state machine, template and docs together: what the contract tests have in common.

use rehearsal_cloud::template::{Options, Stack};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The workspace's folder.
pub fn workspace() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// A file of the workspace.
///
/// # Panics
/// If it cannot be read.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(workspace().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The state machine as it ships.
///
/// # Panics
/// If it is no JSON.
pub fn machine() -> Value {
    serde_json::from_str(&text("statemachine/deploy.asl.json")).expect("deploy.asl.json is JSON")
}

/// The states of the state machine of one type, by name.
///
/// # Panics
/// If there are none.
pub fn states(kind: &str) -> Vec<(String, Value)> {
    let machine = machine();
    let all = machine["States"].as_object().expect("States is a map");
    let found: Vec<_> = all
        .iter()
        .filter(|(_, state)| state["Type"] == kind)
        .map(|(name, state)| (name.clone(), state.clone()))
        .collect();
    assert!(!found.is_empty(), "no state is a {kind}");
    found
}

/// The template with its defaults.
///
/// # Panics
/// If it does not hold together, with every mistake.
pub fn stack() -> Stack {
    Stack::read(&workspace().join("template.yaml"), &Options::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The crates of functions.
///
/// # Panics
/// If the folder cannot be read.
pub fn function_crates() -> Vec<String> {
    let folder = std::fs::read_dir(workspace().join("functions")).expect("functions/ can be read");
    let mut names: Vec<String> =
        folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// `check-health` as the template and the state machine call it: `CheckHealth`.
pub fn pascal(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        let first = letters.next().map(|first| first.to_ascii_uppercase());
        first.into_iter().chain(letters).collect::<String>()
    };
    name.split('-').map(word).collect()
}
