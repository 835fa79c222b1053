//! A function for the tests, written straight on the Runtime API: it does what its event says.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

fn main() {
    match std::env::var("TEST_INIT").as_deref() {
        Ok("exit") => std::process::exit(3),
        Ok("error") => {
            let body = json!({ "errorType": "Config.Missing", "errorMessage": "no table" }).to_string();
            request("POST", "init/error", &body);
            std::process::exit(1);
        }
        _ => {}
    }
    let mut served = 0;
    loop {
        let (headers, event) = request("GET", "invocation/next", "");
        let id = header(&headers, "lambda-runtime-aws-request-id");
        let event: Value = serde_json::from_str(&event).expect("an event in JSON");
        served += 1;
        println!("serving {event}");
        let (kind, body) = answer(&event, &headers, served);
        request("POST", &format!("invocation/{id}/{kind}"), &body);
        if event["do"] == "answer-then-exit" {
            std::process::exit(1);
        }
    }
}

fn answer(event: &Value, headers: &[String], served: u32) -> (&'static str, String) {
    let argument = event["argument"].as_str().unwrap_or_default();
    let body = match event["do"].as_str().unwrap_or_default() {
        "fail" => {
            let error = json!({ "errorType": argument, "errorMessage": "as told", "stackTrace": [] });
            return ("error", error.to_string());
        }
        "exit" => std::process::exit(argument.parse().expect("an exit status")),
        "hang" => loop {
            std::thread::park();
        },
        "write" => {
            std::fs::write(argument, "done").expect("a file to write");
            Value::Null
        }
        "fork" => json!(fork()),
        "large" => "x".repeat(7 * 1024 * 1024).into(),
        "headers" => json!(headers),
        "variables" => std::env::vars().map(|(name, value)| (name, Value::from(value))).collect(),
        _ => json!({ "pid": std::process::id(), "served": served, "event": event }),
    };
    ("response", body.to_string())
}

/// Starts a process and never waits for it: whoever ends this process has to end that one too.
fn fork() -> u32 {
    std::process::Command::new("sleep").arg("600").spawn().expect("sleep").id()
}

fn header(headers: &[String], name: &str) -> String {
    let found = headers.iter().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    });
    found.unwrap_or_default()
}

/// One request on a connection of its own: headers and body of the answer.
fn request(method: &str, path: &str, body: &str) -> (Vec<String>, String) {
    let place = std::env::var("AWS_LAMBDA_RUNTIME_API").expect("AWS_LAMBDA_RUNTIME_API");
    let (host, base) = place.split_once('/').expect("host, port and a path");
    let mut stream = TcpStream::connect(host).expect("the Runtime API");
    let head = format!(
        "{method} /{base}/2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).expect("a request sent");
    // The answer to a body that is too large comes before all of it has been sent.
    let _ = stream.write_all(body.as_bytes());
    let mut reader = BufReader::new(stream);
    let mut headers = Vec::new();
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        headers.push(line.trim_end().to_owned());
        line.clear();
    }
    let mut answer = String::new();
    let _ = reader.read_to_string(&mut answer);
    (headers, answer)
}
