//! A cloud to test with, and ways to call it and to wait for it.

use rehearsal_cloud::{Cloud, CloudConfig};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Long enough for anything here on a busy machine.
const PATIENCE: Duration = Duration::from_secs(40);

/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The program that functions and tasks run.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_rehearsal-cloud-test-program");

pub fn config() -> CloudConfig {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/small.yaml");
    let binaries = ["step", "listen"].map(|name| (name.to_owned(), PROGRAM.into())).into();
    let elb = rehearsal_elb::Config {
        health_check_interval_floor: Duration::from_secs(1),
        ..rehearsal_elb::Config::default().without_lag()
    };
    CloudConfig {
        template,
        stack_name: "small".to_owned(),
        binaries,
        elb,
        enforce_policies: false,
        ..CloudConfig::default()
    }
}

pub async fn start() -> Cloud {
    Cloud::start(config()).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// An HTTP answer.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// Sends these bytes and reads to the end; none if the connection was closed without an answer.
pub async fn send(address: &str, request: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A connection closed in mid-request may be reset.
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head: head.to_ascii_lowercase(), body: body.to_owned() })
}

/// A call in AWS JSON 1.1, signed by nobody in particular for this service.
pub async fn call_json(cloud: &Cloud, signed_for: &str, target: &str, body: &str) -> Option<Answer> {
    let endpoint = cloud.endpoint();
    let host = endpoint.trim_start_matches("http://");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-type: application/x-amz-json-1.1\r\n\
         x-amz-target: {target}\r\nauthorization: AWS4-HMAC-SHA256 Credential=AKIDUSER/20260101/us-east-1/\
         {signed_for}/aws4_request, SignedHeaders=host, Signature=00\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    send(host, &request).await
}

/// Waits until it holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
