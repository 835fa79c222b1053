//! A cloud to test with, and ways to call it and to wait for it.

use http::Request;
use http::request::{Builder, Parts};
use rehearsal_cloud::{Cloud, CloudConfig};
use rehearsal_wire::sign;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};
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

/// A request to the cloud, as its operator signs it.
pub fn signed(cloud: &Cloud, signed_for: &str, request: Builder, body: &str) -> String {
    let endpoint = cloud.endpoint();
    let request = request.header("host", endpoint.trim_start_matches("http://"));
    let mut parts = request.body(()).unwrap().into_parts().0;
    sign(&mut parts, body.as_bytes(), cloud.operator_key(), ("us-east-1", signed_for), SystemTime::now())
        .unwrap();
    raw(&parts, body)
}

/// The bytes of a request; its connection is for it alone.
pub fn raw(parts: &Parts, body: &str) -> String {
    let mut text = format!("{} {} HTTP/1.1\r\nconnection: close\r\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    text
}

/// A call in AWS JSON 1.1, before it is signed.
pub fn json_call(target: &str) -> Builder {
    Request::post("/").header("content-type", "application/x-amz-json-1.1").header("x-amz-target", target)
}

/// A form, before it is signed.
pub fn form_call() -> Builder {
    Request::post("/").header("content-type", "application/x-www-form-urlencoded")
}

/// A call in AWS JSON 1.1, signed by the operator for this service.
pub async fn call_json(cloud: &Cloud, signed_for: &str, target: &str, body: &str) -> Option<Answer> {
    let request = signed(cloud, signed_for, json_call(target), body);
    send(cloud.endpoint().trim_start_matches("http://"), &request).await
}

/// Waits until it holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain until {what}");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
