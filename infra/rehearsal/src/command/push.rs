//! `cargo rehearse push`

use super::keys::{self, ENDPOINT, USUAL_PORT};
use crate::binaries::Binaries;
use crate::stage::Image;
use anyhow::{Context as _, bail};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use rehearsal_wire::{Key, sign};
use serde_json::{Value, json};
use std::time::Duration;

/// The longest that the cloud may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Characters of a tag.
const MAX_TAG: usize = 128;
/// The largest answer that is read.
const MAX_ANSWER: usize = 1 << 20;

/// The service and the region that a push is signed for.
const SCOPE: (&str, &str) = ("us-east-1", "ecr");

/// What to push.
#[derive(Debug)]
pub struct Push {
    /// The tag.
    pub tag: String,
    /// The repository.
    pub repository: String,
    /// The port of the served cloud; none for the one of `AWS_ENDPOINT_URL`, or the usual one.
    pub port: Option<u16>,
    /// Options of the sample application, separated by spaces.
    pub sample: String,
    /// Annotations of the image, by key and value.
    pub annotations: Vec<(String, String)>,
    /// A command instead of the sample application.
    pub command: Vec<String>,
}

/// Pushes an image to a served cloud, by the registry's own API. Returns what there is to say.
///
/// # Errors
/// If no cloud is served there, or the registry refuses.
pub async fn push(push: &Push) -> anyhow::Result<String> {
    // Before anything is built, which takes minutes the first time.
    tag_fits(&push.tag)?;
    let port = match push.port {
        Some(port) => port,
        None => port_of(std::env::var(ENDPOINT).ok().as_deref())?,
    };
    let key = keys::find(port)?;
    let image = if push.command.is_empty() {
        let options: Vec<&str> = push.sample.split_whitespace().collect();
        Image::sample(&Binaries::build()?, &push.tag, &options)
    } else {
        Image { entry_point: Vec::new(), command: own_command(&push.command)?, annotations: Vec::new() }
    };
    let image = image.annotated(push.annotations.clone());
    let manifest = image.manifest();
    let input = json!({"repositoryName": push.repository, "imageTag": push.tag, "imageManifest": manifest});
    let answer = call(port, &key, "PutImage", &input).await?;
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

/// A tag as OCI's distribution specification has it; ECR refuses others, less clearly.
fn tag_fits(tag: &str) -> anyhow::Result<()> {
    let first = tag.chars().next().is_some_and(|first| first.is_ascii_alphanumeric() || first == '_');
    let rest = tag.chars().all(|one| one.is_ascii_alphanumeric() || "_.-".contains(one));
    if first && rest && tag.len() <= MAX_TAG {
        return Ok(());
    }
    bail!(
        "--tag {tag:?} is no tag of an image: 1 to {MAX_TAG} letters, digits, `_`, `.` and `-`, and neither `.` nor `-` first"
    )
}

/// The port of the served cloud that an endpoint means. An image here names a command of this machine, so no other
/// registry could run it.
fn port_of(endpoint: Option<&str>) -> anyhow::Result<u16> {
    let Some(endpoint) = endpoint.filter(|endpoint| !endpoint.is_empty()) else { return Ok(USUAL_PORT) };
    let uri: hyper::Uri = endpoint.parse().with_context(|| format!("{ENDPOINT}={endpoint} is no URL"))?;
    let here = matches!(uri.host(), Some("127.0.0.1" | "localhost" | "[::1]"));
    if !here || uri.scheme_str() != Some("http") {
        bail!(
            "{ENDPOINT}={endpoint} is no served cloud of this machine, and the images of `rehearse push` run nowhere else; \
             unset it, or say --port"
        );
    }
    Ok(uri.port_u16().unwrap_or(80))
}

async fn call(port: u16, key: &Key, operation: &str, input: &Value) -> anyhow::Result<Value> {
    let body = input.to_string();
    let request = Request::post(format!("http://127.0.0.1:{port}/"))
        .header("host", format!("127.0.0.1:{port}"))
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", format!("AmazonEC2ContainerRegistry_V20150921.{operation}"))
        .body(())?;
    let (mut parts, ()) = request.into_parts();
    sign(&mut parts, body.as_bytes(), key, SCOPE, rehearsal_world::system())?;
    let request = Request::from_parts(parts, Full::new(Bytes::from(body)));
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
    fn a_tag_that_no_registry_takes_is_refused_here() {
        for tag in ["v2", "_1.0-rc", &"a".repeat(MAX_TAG)] {
            assert!(tag_fits(tag).is_ok(), "{tag}");
        }
        for tag in ["", "bad tag!", ".v2", "-v2", "v@2", "ü", &"a".repeat(MAX_TAG + 1)] {
            assert!(tag_fits(tag).unwrap_err().to_string().contains("is no tag of an image"), "{tag}");
        }
    }

    #[test]
    fn an_endpoint_says_which_cloud_is_meant() {
        assert_eq!(port_of(None).unwrap(), USUAL_PORT);
        assert_eq!(port_of(Some("")).unwrap(), USUAL_PORT);
        assert_eq!(port_of(Some("http://127.0.0.1:5000")).unwrap(), 5000);
        assert_eq!(port_of(Some("http://localhost:5000/")).unwrap(), 5000);
        for other in ["https://ecr.us-east-1.amazonaws.com", "http://10.0.0.1:4566", "https://127.0.0.1:4566"]
        {
            assert!(port_of(Some(other)).unwrap_err().to_string().contains("no served cloud"), "{other}");
        }
    }

    #[test]
    fn programs_are_found_where_a_shell_would() {
        let found = own_command(&["sh".to_owned(), "-c".to_owned()]).unwrap();
        assert!(found[0].ends_with("/sh") && found[0].starts_with('/'), "{found:?}");
        assert!(own_command(&["no-such-program-here".to_owned()]).is_err());
    }
}
