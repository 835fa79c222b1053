//! What real clients send, byte for byte, becomes what they were asked to say.

use http::Request;
use http::request::Parts;
use rehearsal_wire::decode;
use serde::Deserialize;
use serde_json::Value;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

#[derive(Deserialize)]
struct Recording {
    client: String,
    request: Recorded,
    expected: Expected,
}

#[derive(Deserialize)]
struct Recorded {
    method: String,
    uri: String,
    headers: std::collections::BTreeMap<String, String>,
    body: Body,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Body {
    Text(String),
    Base64(String),
}

#[derive(Deserialize)]
struct Expected {
    service: String,
    operation: String,
    input: Value,
}

fn recordings() -> Vec<Recording> {
    serde_json::from_str(include_str!("fixtures/requests.json")).expect("the recordings")
}

impl Recorded {
    fn request(&self, without: &[&str]) -> (Parts, Vec<u8>) {
        let mut request = Request::builder().method(self.method.as_str()).uri(&self.uri);
        for (name, value) in self.headers.iter().filter(|(name, _)| !without.contains(&name.as_str())) {
            request = request.header(name, value);
        }
        let body = match &self.body {
            Body::Text(text) => text.clone().into_bytes(),
            Body::Base64(text) => BASE64.decode(text).expect("base64"),
        };
        request.body(body).expect("a request").into_parts()
    }
}

#[test]
fn signed_requests() {
    let recordings = recordings();
    assert!(recordings.len() > 30);
    for Recording { client, request, expected } in recordings {
        let what = format!("{client}: {} {}", expected.service, expected.operation);
        let (parts, body) = request.request(&[]);
        let (call, _) =
            decode(&parts, &body).unwrap_or_else(|refusal| panic!("{what} is refused: {:?}", refusal.body()));
        assert_eq!(call.service.name(), expected.service, "{what}");
        assert_eq!(call.operation, expected.operation, "{what}");
        assert_eq!(call.input, expected.input, "{what}");
        assert_eq!(call.access_key.as_deref(), Some("AKIDEXAMPLE"), "{what}");
        assert_eq!(call.region, "eu-west-1", "{what}");
    }
}

#[test]
fn unsigned_requests_say_as_much() {
    for Recording { client, request, expected } in recordings() {
        let what = format!("{client}: {} {}", expected.service, expected.operation);
        let (parts, body) = request.request(&["authorization"]);
        let (call, _) =
            decode(&parts, &body).unwrap_or_else(|refusal| panic!("{what} is refused: {:?}", refusal.body()));
        assert_eq!((call.service.name(), call.operation), (expected.service.as_str(), expected.operation));
        assert_eq!((call.access_key, call.region.as_str()), (None, "us-east-1"), "{what}");
    }
}

/// Every way to write a request is among the recordings, CloudWatch in three of them.
#[test]
fn all_protocols_are_recorded() {
    let kinds: std::collections::BTreeSet<&str> = recordings()
        .iter()
        .filter(|recording| recording.expected.operation == "GetMetricData")
        .map(|recording| match recording.request.headers["content-type"].split(';').next() {
            Some("application/cbor") => "cbor",
            Some("application/x-amz-json-1.0") => "json",
            Some("application/x-www-form-urlencoded") => "query",
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["cbor", "json", "query"]);
}
