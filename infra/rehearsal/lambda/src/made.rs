//! Functions that somebody made: container images whose command takes an event on standard input and answers on standard
//! output. AWS's images speak the Runtime API instead; what a function is told and what it answers is the same.

use crate::code::{Answering, Code};
use crate::function::Function;
use bytes::Bytes;
use serde_json::json;
use std::process::Stdio;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Most of what a command says on standard error that is told with its failure, in characters.
const MOST_WORDS: usize = 1_000;

/// Says what an image runs, or why it cannot be had.
pub type Pull = Arc<dyn Fn(&str) -> Result<Vec<String>, String> + Send + Sync>;

/// Answers one event: by a process of the command, or by what stands for it.
pub(crate) fn answer<'a>(
    code: Option<&Arc<dyn Code>>,
    function: &'a Function,
    command: &'a [String],
    event: Bytes,
) -> Answering<'a> {
    match code {
        Some(code) => code.command(command, event),
        None => Box::pin(run(function, command, event)),
    }
}

async fn run(function: &Function, command: &[String], event: Bytes) -> Result<Bytes, Bytes> {
    let (program, arguments) =
        command.split_first().ok_or_else(|| failed("Runtime.InvalidEntrypoint", "no command"))?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", path)
        .envs(function.environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("Runtime.InvalidEntrypoint", &format!("{program}: {error}")))?;
    if let Some(mut input) = child.stdin.take() {
        // One that reads nothing of it closes its end, and its answer counts all the same.
        let _ = input.write_all(&event).await;
    }
    let done = child.wait_with_output().await;
    let done = done.map_err(|error| failed("Runtime.ExitError", &error.to_string()))?;
    if done.status.success() {
        return Ok(Bytes::from(done.stdout));
    }
    let words: String = String::from_utf8_lossy(&done.stderr).chars().take(MOST_WORDS).collect();
    Err(failed("Runtime.ExitError", &format!("{}: {}", done.status, words.trim())))
}

fn failed(kind: &str, message: &str) -> Bytes {
    Bytes::from(json!({ "errorType": kind, "errorMessage": message }).to_string())
}
