//! A program for the tests: a function on the Runtime API, or with `serve` a task that answers on `PORT`.

use http::Request;
use rehearsal_wire::{Key, sign};
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::SystemTime;

fn main() {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    let place = variable("AWS_LAMBDA_RUNTIME_API");
    let (runtime, base) = place.split_once('/').expect("host, port and a path");
    loop {
        let (headers, event) =
            request(runtime, "GET", &format!("/{base}/2018-06-01/runtime/invocation/next"), &[], "");
        let id = header(&headers, "lambda-runtime-aws-request-id");
        println!("got {event}");
        let event: Value = serde_json::from_str(&event).expect("an event in JSON");
        let answer = match event.get("target").and_then(Value::as_str) {
            Some(target) => call(target, &event["body"].to_string()),
            None => json!({ "table": variable("TABLE"), "poll": variable("POLL"), "event": event }),
        };
        let path = format!("/{base}/2018-06-01/runtime/invocation/{id}/response");
        request(runtime, "POST", &path, &[], &answer.to_string());
    }
}

/// Calls an AWS API, signed as this function, and tells status and body.
fn call(target: &str, body: &str) -> Value {
    let endpoint = variable("AWS_ENDPOINT_URL");
    let host = endpoint.trim_start_matches("http://");
    let key = Key {
        access_key_id: variable("AWS_ACCESS_KEY_ID"),
        secret_access_key: variable("AWS_SECRET_ACCESS_KEY"),
        session_token: Some(variable("AWS_SESSION_TOKEN")),
    };
    let request_to_sign = Request::post("/")
        .header("host", host)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", target);
    let mut parts = request_to_sign.body(()).expect("a request").into_parts().0;
    let scope = (variable("AWS_REGION"), "ecs");
    sign(&mut parts, body.as_bytes(), &key, (&scope.0, scope.1), SystemTime::now()).expect("signed");
    let headers: Vec<(&str, &str)> = (parts.headers.iter())
        .filter(|(name, _)| *name != "host")
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
        .collect();
    let (head, body) = request(host, "POST", "/", &headers, body);
    json!({ "status": head.first(), "body": body })
}

/// Answers everything with 200 until it is killed.
fn serve() {
    let listener = TcpListener::bind(format!("127.0.0.1:{}", variable("PORT"))).expect("the port");
    println!("serving");
    for stream in listener.incoming() {
        let mut stream = stream.expect("a connection");
        let mut reader = BufReader::new(stream.try_clone().expect("a connection"));
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
            line.clear();
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok");
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is missing"))
}

fn header(headers: &[String], name: &str) -> String {
    let found = headers.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    found.unwrap_or_default()
}

/// One request on a connection of its own: head and body of the answer.
fn request(
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (Vec<String>, String) {
    let mut stream = TcpStream::connect(host).expect("a connection");
    let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(head.as_bytes()).expect("a request sent");
    let mut reader = BufReader::new(stream);
    let mut answered = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        answered.push(line.trim_end().to_owned());
        line.clear();
    }
    let mut answer = String::new();
    let _ = reader.read_to_string(&mut answer);
    (answered, answer)
}
