//! Who may depend on whom (design §7).

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::BTreeSet;

/// The part of the house that a crate lives in.
fn part(manifest: &str) -> &'static str {
    let root = contract::workspace();
    let path = manifest.strip_prefix(root.to_str().expect("UTF-8")).unwrap_or(manifest);
    [
        "/shared/domain",
        "/shared/aws",
        "/shared/judge",
        "/shared/lambda",
        "/functions",
        "/cli",
        "/infra/rehearsal",
        "/infra/imagined",
        "/tests",
    ]
    .into_iter()
    .find(|part| path.starts_with(part))
    .unwrap_or("elsewhere")
}

/// The parts that a part's crates may link.
fn allowed(part: &str) -> &'static [&'static str] {
    match part {
        "/shared/aws" | "/shared/judge" => &["/shared/domain"],
        "/shared/lambda" => &["/shared/domain", "/shared/aws"],
        "/functions" => &["/shared/domain", "/shared/aws", "/shared/lambda"],
        // It drives a stack as anybody does who has credentials: neither a function nor the rehearsal is in it.
        "/cli" => &["/shared/domain", "/shared/aws", "/shared/judge"],
        // It starts the functions as processes and never links them.
        "/infra/rehearsal" => &["/shared/domain", "/shared/judge", "/infra/rehearsal"],
        // The only one besides tests that links the functions and the rehearsal together: in imagined time there are no
        // processes.
        "/infra/imagined" => {
            &["/shared/domain", "/shared/aws", "/shared/lambda", "/functions", "/infra/rehearsal"]
        }
        "/tests" => &[
            "/shared/domain",
            "/shared/aws",
            "/shared/lambda",
            "/functions",
            "/cli",
            "/infra/rehearsal",
            "/infra/imagined",
        ],
        _ => &[],
    }
}

#[test]
fn crates_depend_only_where_the_arrows_go() {
    let metadata = MetadataCommand::new()
        .manifest_path(contract::workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let mut arrows = 0;
    let mut wrong = BTreeSet::new();
    for package in &metadata.packages {
        let from = part(package.manifest_path.as_str());
        assert_ne!(from, "elsewhere", "{} lives nowhere in the house", package.name);
        for dependency in package.dependencies.iter().filter(|dependency| dependency.path.is_some()) {
            let to = part(&format!("{}/Cargo.toml", dependency.path.as_ref().expect("a path")));
            arrows += 1;
            let is_test = dependency.kind == DependencyKind::Development;
            let inside = is_test && from == to;
            if !inside && !allowed(from).contains(&to) {
                wrong.insert(format!("{} ({from}) -> {} ({to})", package.name, dependency.name));
            }
        }
    }
    assert!(arrows > 20, "only {arrows} arrows were seen");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rules_know_nothing_of_io() {
    let metadata = MetadataCommand::new()
        .manifest_path(contract::workspace().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let domain =
        metadata.packages.iter().find(|package| package.name == "changeover-domain").expect("the domain");
    for dependency in domain.dependencies.iter().filter(|one| one.kind == DependencyKind::Normal) {
        let name = dependency.name.as_str();
        assert!(!name.starts_with("aws") && !["tokio", "rand", "hyper", "reqwest"].contains(&name), "{name}");
    }
}
