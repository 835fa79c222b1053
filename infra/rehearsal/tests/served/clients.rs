//! Other people's clients: which of them this machine has, and how they are told where the cloud is.

use crate::server::{DEADLINE, Served};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tokio::process::Command;

/// What a user may have set, and what must not play a part in a test.
const NOT_OURS: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_OUTPUT",
    "AWS_CA_BUNDLE",
    "http_proxy",
    "HTTP_PROXY",
    "ALL_PROXY",
];

/// A shell in which the cloud's exports have been typed.
pub struct Shell {
    variables: BTreeMap<String, String>,
    folder: Option<PathBuf>,
}

impl Shell {
    pub fn of(served: &Served) -> Self {
        let mut variables = served.exports();
        for (name, value) in [
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_PAGER", ""),
        ] {
            variables.insert(name.to_owned(), value.to_owned());
        }
        Self { variables, folder: None }
    }

    /// The same in a folder where files may be left.
    pub fn in_folder(self, folder: &Path) -> Self {
        Self { folder: Some(folder.to_path_buf()), ..self }
    }

    /// Exports a variable for all that follows.
    pub fn export(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), value.to_owned());
    }

    /// What a command did.
    pub async fn run(&self, command: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).envs(&self.variables).stdin(Stdio::null()).kill_on_drop(true);
        if let Some(folder) = &self.folder {
            shell.current_dir(folder);
        }
        for name in NOT_OURS {
            shell.env_remove(name);
        }
        let output = tokio::time::timeout(DEADLINE, shell.output()).await;
        output.unwrap_or_else(|_| panic!("{DEADLINE:?} are over: {command}")).expect("a shell runs")
    }

    /// What a command said, which has to go well.
    pub async fn text(&self, command: &str) -> String {
        let output = self.run(command).await;
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{command}: {} {said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        said.trim().to_owned()
    }

    /// The same in JSON; no output is null.
    pub async fn json(&self, command: &str) -> Value {
        let text = self.text(command).await;
        if text.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{command}: {error}: {text}"))
    }
}

/// Set to `required`, a client that is missing fails its test: `.ci/run` has them all. On another machine the test says so
/// and passes.
const CLIENTS: &str = "CHANGEOVER_CLIENTS";

/// Whether this command goes well here; if not, that is said.
pub async fn there_is(command: &str) -> bool {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(DEADLINE, shell.output()).await;
    let there = matches!(output, Ok(Ok(output)) if output.status.success());
    if !there {
        let required = std::env::var(CLIENTS).is_ok_and(|value| value == "required");
        assert!(!required, "`{command}` does not go well, and {CLIENTS} says that it has to");
        eprintln!("not tested: `{command}` does not go well on this machine");
    }
    there
}

/// A script beside these tests.
fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients").join(name)
}

/// Paginators, waiters and errors of an SDK that is not Rust's.
#[tokio::test(flavor = "multi_thread")]
async fn boto3_pages_and_waits() {
    if !there_is("python3 -c 'import boto3'").await {
        return;
    }
    let served = Served::start().await;
    let said = Shell::of(&served).text(&format!("python3 {}", script("boto.py").display())).await;
    assert!(said.lines().count() > 30, "{said}");
    served.close().await;
}

/// What ECS is told by those who know all of it.
#[tokio::test(flavor = "multi_thread")]
async fn ecs_keeps_what_it_is_given() {
    if !there_is("python3 -c 'import boto3'").await {
        return;
    }
    let served = Served::start().await;
    Shell::of(&served).text(&format!("python3 {}", script("fields.py").display())).await;
    served.close().await;
}
