//! `cargo rehearse push`

use crate::binaries::Binaries;
use crate::stage::Image;
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use std::time::Duration;

/// The longest that the cloud may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// What to push.
#[derive(Debug)]
pub struct Push {
    /// The tag.
    pub tag: String,
    /// The repository.
    pub repository: String,
    /// The port of the served cloud.
    pub port: u16,
    /// Options of the sample application, separated by spaces.
    pub sample: String,
    /// A command instead of the sample application.
    pub command: Vec<String>,
}

/// Pushes an image to a served cloud, by the registry's own API. Returns what there is to say.
///
/// # Errors
/// If no cloud is served there, or the registry refuses.
pub async fn push(push: &Push) -> anyhow::Result<String> {
    let image = if push.command.is_empty() {
        let options: Vec<&str> = push.sample.split_whitespace().collect();
        Image::sample(&Binaries::build()?, &push.tag, &options)
    } else {
        Image { command: own_command(&push.command)? }
    };
    let manifest = rehearsal_cloud::ecr::manifest(&image.command, &[]);
    let input = json!({"repositoryName": push.repository, "imageTag": push.tag, "imageManifest": manifest});
    let answer = call(push.port, "PutImage", &input).await?;
    let digest = answer["image"]["imageId"]["imageDigest"].as_str().unwrap_or_default();
    Ok(format!("pushed {}:{} as {digest}", push.repository, push.tag))
}

/// The command with its program found now: tasks run elsewhere and with no PATH of yours.
fn own_command(words: &[String]) -> anyhow::Result<Vec<String>> {
    let mut words = words.to_vec();
    let Some(program) = words.first_mut() else { bail!("the command is empty") };
    let found = which(program).with_context(|| format!("there is no program {program}"))?;
    *program = found;
    Ok(words)
}

fn which(program: &str) -> Option<String> {
    if program.contains('/') {
        let path = std::fs::canonicalize(program).ok()?;
        return Some(path.display().to_string());
    }
    let path = std::env::var_os("PATH")?;
    let found =
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())?;
    Some(found.display().to_string())
}

async fn call(port: u16, operation: &str, input: &Value) -> anyhow::Result<Value> {
    let request = Request::post(format!("http://127.0.0.1:{port}/"))
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{operation}"))
        .header(
            "authorization",
            "AWS4-HMAC-SHA256 Credential=operator/20260101/us-east-1/ecr/aws4_request, SignedHeaders=host, Signature=0",
        )
        .body(Full::new(Bytes::from(input.to_string())))?;
    let client = Client::builder(TokioExecutor::new()).build_http();
    let answer = tokio::time::timeout(TIMEOUT, client.request(request))
        .await
        .context("the cloud does not answer")?
        .with_context(|| {
            format!("no cloud is served on port {port}: start one with `cargo rehearse serve`")
        })?;
    let status = answer.status();
    let body = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("the answer breaks off: {error}"))?.to_bytes();
    let body: Value = serde_json::from_slice(&body).context("the answer is no JSON")?;
    if !status.is_success() {
        let code = body["__type"].as_str().unwrap_or("an error");
        let message = body["message"].as_str().or_else(|| body["Message"].as_str()).unwrap_or_default();
        bail!("{code}: {message}");
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_where_a_shell_would() {
        let found = own_command(&["sh".to_owned(), "-c".to_owned()]).unwrap();
        assert!(found[0].ends_with("/sh") && found[0].starts_with('/'), "{found:?}");
        assert!(own_command(&["no-such-program-here".to_owned()]).is_err());
    }
}
