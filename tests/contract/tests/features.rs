//! What is compiled for one command is compiled for the next: every dependency has the same features with and without
//! the dependencies of tests.

use std::collections::BTreeMap;
use std::process::Command;

/// Every package with its features, as `cargo tree` resolves them over these kinds of edges.
fn features(edges: &str) -> BTreeMap<String, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tree = Command::new(cargo);
    tree.args(["tree", "--workspace", "--locked", "--prefix", "none", "--edges", edges]);
    tree.args(["--format", "{p}|{f}"]).current_dir(contract::workspace());
    let told = tree.output().expect("cargo tree runs");
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).expect("UTF-8");
    // What was told before is marked.
    let lines = text.lines().filter_map(|line| line.trim_end_matches(" (*)").split_once('|'));
    lines.map(|(package, features)| (package.to_owned(), features.to_owned())).collect()
}

#[test]
fn tests_need_no_other_features_than_programs() {
    let (programs, tests) = (features("normal,build"), features("normal,build,dev"));
    assert!(programs.len() > 200, "{} packages", programs.len());
    let differ: Vec<String> = programs
        .iter()
        .filter_map(|(package, without)| {
            let with = tests.get(package).filter(|with| *with != without)?;
            Some(format!("{package}: {without} for programs, {with} for tests"))
        })
        .collect();
    assert!(
        differ.is_empty(),
        "`cargo test` would compile these again; give the dependency that brings the features to tests/contract as \
         well:\n{}",
        differ.join("\n")
    );
}
