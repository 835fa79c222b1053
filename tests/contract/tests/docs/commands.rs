//! Every command in the documents exists, with its options: `cargo rehearse` by its own parser, `aws` by the API models
//! that the rehearsal is made from.

use crate::markdown::{all, blocks, code, prose};
use crate::shell::commands;
use changeover_domain::state::Request;
use clap::Parser as _;
use contract::{text, workspace};
use serde_json::Value;

/// Blocks with these words after the fence are commands.
const SHELLS: [&str; 2] = ["sh", "console"];
/// What else the documents run.
const PROGRAMS: [&str; 11] =
    ["export", "git", "docker", "pip", "printf", "infra/package", "curl", "while", "for", "do", "done"];
/// SAM's verbs that the documents use, with their options.
const SAM: [(&str, &[&str]); 3] =
    [("build", &["--beta-features"]), ("deploy", &["--guided"]), ("delete", &["--stack-name"])];
/// Operations of services that the rehearsal does not have, or of the CLI itself.
const FOREIGN: [(&str, &str); 9] = [
    ("ecs", "wait"),
    ("cloudformation", "describe-stacks"),
    ("cloudformation", "describe-stack-resource"),
    ("cloudformation", "deploy"),
    ("cloudformation", "update-stack"),
    ("cloudformation", "delete-stack"),
    ("cloudformation", "wait"),
    ("ecr", "get-login-password"),
    ("sns", "subscribe"),
];
/// Options that the AWS CLI has of its own, or calls otherwise than the API does.
const GLOBAL: [&str; 5] = ["query", "output", "region", "max-items", "cli-binary-format"];

/// Options whose values have a language of their own.
const NO_JSON: [&str; 2] = ["query", "filter-pattern"];

/// Every command: where it stands, and its words.
fn everywhere() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for document in all() {
        let inline = code(&prose(&document.text));
        for command in
            inline.iter().filter(|code| code.starts_with("cargo rehearse") || code.starts_with("changeover "))
        {
            found.extend(commands(command).into_iter().map(|words| (document.path.clone(), words)));
        }
        for block in blocks(&document).iter().filter(|block| SHELLS.contains(&block.language.as_str())) {
            let place = format!("{}:{}", document.path, block.line);
            found.extend(commands(&block.body).into_iter().map(|words| (place.clone(), words)));
        }
    }
    found
}

#[test]
fn every_command_exists() {
    let (mut aws, mut cargo, mut ours) = (0, 0, 0);
    for (place, words) in everywhere() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["aws", service, operation, rest @ ..] => {
                aws += 1;
                check_aws(&place, service, operation, rest);
            }
            ["cargo", "rehearse", ..] => {
                cargo += 1;
                let parsed = rehearsal::cli::Cli::try_parse_from(&words[1..]);
                assert!(parsed.is_ok(), "{place}: {}: {}", words.join(" "), parsed.expect_err("it is"));
            }
            ["cargo", "run", "--release", "-p", "changeover-domain", "--example", name] => {
                let example = workspace().join("shared/domain/examples").join(name).join("main.rs");
                assert!(example.is_file(), "{place}: there is no example {name}");
            }
            ["changeover", ..] => {
                ours += 1;
                let parsed = changeover_cli::args::Cli::try_parse_from(&words);
                let why = parsed.as_ref().err().filter(|error| error.use_stderr());
                assert!(why.is_none(), "{place}: {}: {why:?}", words.join(" "));
            }
            ["cargo", "test" | "build" | "install", ..] => {}
            ["sam", verb, rest @ ..] => {
                let known = SAM.iter().find(|(name, _)| name == verb);
                let (_, options) = known.unwrap_or_else(|| panic!("{place}: sam {verb}"));
                for option in rest.iter().filter(|word| word.starts_with("--")) {
                    assert!(options.contains(option), "{place}: sam {verb} {option}");
                }
            }
            [program, ..] => assert!(PROGRAMS.contains(program), "{place}: {}", words.join(" ")),
            [] => {}
        }
    }
    assert!(
        aws > 15 && cargo > 3 && ours > 15,
        "only {aws} commands of aws, {cargo} of cargo rehearse and {ours} of changeover were seen"
    );
}

fn check_aws(place: &str, service: &str, operation: &str, rest: &[&str]) {
    if FOREIGN.contains(&(service, operation)) {
        return;
    }
    let path = format!("infra/rehearsal/wire/models/{service}.json");
    assert!(workspace().join(&path).is_file(), "{place}: nothing is known of aws {service} {operation}");
    let model: Value = serde_json::from_str(&text(&path)).expect("a model");
    let found = model["operations"].as_object().expect("operations").iter();
    let found = found.into_iter().find(|(name, _)| same(name, operation));
    let (_, known) = found.unwrap_or_else(|| panic!("{place}: aws {service} has no {operation}"));
    let shape = known["input"]["shape"].as_str().expect("an input");
    let members = model["shapes"][shape]["members"].as_object().expect("members");
    for pair in rest.windows(2).chain(rest.last().map(std::slice::from_ref)) {
        let Some(option) = pair[0].strip_prefix("--") else { continue };
        let is_member = |option: &str| members.keys().any(|member| same(member, option));
        let negated = option.strip_prefix("no-").is_some_and(is_member);
        assert!(
            is_member(option) || negated || GLOBAL.contains(&option),
            "{place}: aws {service} {operation} has no --{option}"
        );
        let value = pair.get(1).copied().unwrap_or_default();
        if value.starts_with(['{', '[']) && !NO_JSON.contains(&option) {
            check_json(place, operation, option, value);
        }
    }
}

fn check_json(place: &str, operation: &str, option: &str, value: &str) {
    let json: Value = serde_json::from_str(value).unwrap_or_else(|error| panic!("{place}: {value}: {error}"));
    if (operation, option) == ("start-execution", "input") {
        Request::read(&json).unwrap_or_else(|error| panic!("{place}: {value}: {error}"));
    }
}

/// Whether a name of the API, `RuleArn`, is that of the command line, `rule-arn`.
fn same(api: &str, command_line: &str) -> bool {
    api.eq_ignore_ascii_case(&command_line.replace('-', ""))
}

#[test]
fn json_in_the_documents_is_json_and_inputs_are_inputs() {
    let mut seen = 0;
    for document in all() {
        for block in blocks(&document).iter().filter(|block| block.language == "json") {
            let place = format!("{}:{}", document.path, block.line);
            let json: Value = serde_json::from_str(&block.body).unwrap_or_else(|e| panic!("{place}: {e}"));
            // What else has a service is what came of one.
            if json.get("service").is_some() && json.get("deployment").is_none() {
                Request::read(&json).unwrap_or_else(|error| panic!("{place}: {error}"));
            }
            seen += 1;
        }
    }
    assert!(seen > 4, "only {seen} blocks of JSON were seen");
}
