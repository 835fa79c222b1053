//! The page of a served cloud: the command line that ships serves it, as a process of its own.

use crate::build::built;
use crate::stage::Stage;
use anyhow::{Context as _, ensure};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long the page may take to say where it is.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest that it says then, in bytes.
const MAX_SAID: u64 = 4096;

/// Builds the command line; where it is.
///
/// # Errors
/// If it does not build.
pub(super) fn build() -> anyhow::Result<PathBuf> {
    built(&["changeover"])?.remove("changeover").context("there is no program changeover")
}

/// The page, for as long as this lives.
#[derive(Debug)]
pub(super) struct Page {
    child: Child,
    /// The address that lets in.
    pub(super) address: String,
}

impl Page {
    /// Serves it for a stage, with the operator's keys.
    ///
    /// # Errors
    /// If it does not start, or does not say where it is.
    pub(super) async fn open(program: &Path, stage: &Stage) -> anyhow::Result<Self> {
        let key = stage.cloud.operator_key();
        let mut command = Command::new(program);
        command
            .args([
                "serve",
                "--until-stdin-ends",
                "--port",
                "0",
                "--output",
                "json",
                "--region",
                "us-east-1",
                "--endpoint-url",
            ])
            .arg(stage.cloud.endpoint())
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .env("AWS_ACCESS_KEY_ID", &key.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &key.secret_access_key)
            // It ends with us however we end: even one that is killed closes its end of this.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn().context("the page does not start")?;
        let said = child.stdout.take().context("the page has no standard output")?;
        // From here on it ends with what is returned, or with this.
        let mut page = Self { child, address: String::new() };
        let read = tokio::task::spawn_blocking(move || address(said));
        page.address =
            tokio::time::timeout(PATIENCE, read).await.context("the page does not say where it is")???;
        Ok(page)
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// Reads the document that the page begins with.
fn address(said: impl std::io::Read) -> anyhow::Result<String> {
    let mut text = String::new();
    for line in BufReader::new(said.take(MAX_SAID)).lines() {
        let line = line.context("the page")?;
        text.push_str(&line);
        if line == "}" {
            break;
        }
    }
    ensure!(!text.is_empty(), "the page has ended");
    let said: serde_json::Value = serde_json::from_str(&text).context("what the page says")?;
    Ok(said["address"].as_str().context("the page says no address")?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn the_address_is_read_from_what_the_command_line_prints() {
        let said =
            "{\n  \"address\": \"http://127.0.0.1:1/?token=a\",\n  \"stack\": \"changeover\"\n}\nmore\n";
        assert_eq!(address(said.as_bytes()).unwrap(), "http://127.0.0.1:1/?token=a");
        assert!(address(&b""[..]).unwrap_err().to_string().contains("has ended"));
    }
}
