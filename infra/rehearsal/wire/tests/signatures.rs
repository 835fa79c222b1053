//! Signatures as botocore and our own client make them hold, and nothing else does.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Request, Response};
use jiff::{SignedDuration, Timestamp};
use rehearsal_wire::{Key, Lock, authenticate, sign};
use serde::Deserialize;
use std::collections::BTreeMap;

const ECS: &str = "AmazonEC2ContainerServiceV20141113.ListClusters";
const FORM: &str = "application/x-www-form-urlencoded";

/// What botocore was given and made of it; `fixtures/sign.py` writes them.
#[derive(Deserialize)]
struct Recorded {
    method: String,
    uri: String,
    headers: BTreeMap<String, String>,
    body: String,
}

fn recorded() -> Vec<Recorded> {
    serde_json::from_str(include_str!("fixtures/signed.json")).expect("the recordings")
}

/// A door with one key.
struct Door(Key);

impl Lock for Door {
    fn key(&self, access_key_id: &str) -> Option<&Key> {
        (self.0.access_key_id == access_key_id).then_some(&self.0)
    }

    fn region(&self) -> &str {
        "us-east-1"
    }
}

fn door(token: Option<&str>) -> Door {
    Door(Key {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: token.map(str::to_owned),
    })
}

fn noon() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().expect("a time")
}

fn parts(recorded: &Recorded) -> Parts {
    let request = Request::builder().method(recorded.method.as_str()).uri(&recorded.uri);
    let request = recorded.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
    request.body(()).expect("a request").into_parts().0
}

/// A request that is signed and holds, to be spoiled: for ECS in JSON, or for a load balancer as a form.
fn signed(service: &str) -> (Parts, &'static [u8]) {
    let request = Request::post("/").header("host", "127.0.0.1:4566");
    let (request, body): (_, &[u8]) = match service {
        "ecs" | "ecr" => {
            (request.header("content-type", "application/x-amz-json-1.1").header("x-amz-target", ECS), b"{}")
        }
        _ => (request.header("content-type", FORM), b"Action=DescribeRules&Version=2015-12-01"),
    };
    let mut parts = request.body(()).expect("a request").into_parts().0;
    sign(&mut parts, body, &door(None).0, ("us-east-1", service), noon().into()).expect("it can be signed");
    (parts, body)
}

fn refused(parts: &Parts, body: &[u8], door: &Door, now: Timestamp) -> (u16, String) {
    let response: Response<Bytes> = authenticate(parts, body, door, now).expect_err("a refusal");
    (response.status().as_u16(), String::from_utf8_lossy(response.body()).into_owned())
}

fn set(parts: &mut Parts, name: &'static str, value: &str) {
    parts.headers.insert(name, HeaderValue::from_str(value).expect("a header"));
}

fn authorization(parts: &Parts) -> String {
    parts.headers["authorization"].to_str().expect("text").to_owned()
}

#[test]
fn what_botocore_signs_holds_until_a_byte_of_it_is_another() {
    let all = recorded();
    assert_eq!(all.len(), 6);
    for one in all {
        let door = door(one.headers.get("x-amz-security-token").map(String::as_str));
        let (parts, body) = (parts(&one), one.body.as_bytes());
        let what = format!("{} {} {}", one.method, one.uri, authorization(&parts));
        assert!(authenticate(&parts, body, &door, noon()).is_ok(), "{what}");
        let mut other = body.to_vec();
        other.push(b' ');
        assert!(refused(&parts, &other, &door, noon()).1.contains("signature we calculated"), "{what}");
        for name in
            one.headers.keys().filter(|name| !["authorization", "x-amz-date"].contains(&name.as_str()))
        {
            let mut spoiled = parts.clone();
            let name = http::HeaderName::from_bytes(name.as_bytes()).expect("a name");
            spoiled.headers.insert(&name, HeaderValue::from_static("another"));
            assert!(authenticate(&spoiled, body, &door, noon()).is_err(), "{what}: {name}");
            spoiled.headers.remove(&name);
            assert!(authenticate(&spoiled, body, &door, noon()).is_err(), "{what}: without {name}");
        }
        let mut spoiled = parts.clone();
        let separator = if one.uri.contains('?') { '&' } else { '?' };
        spoiled.uri = format!("{}{separator}more=1", one.uri).parse().expect("a URI");
        assert!(authenticate(&spoiled, body, &door, noon()).is_err(), "{what}: another query");
        spoiled.method = http::Method::PUT;
        spoiled.uri = parts.uri.clone();
        assert!(authenticate(&spoiled, body, &door, noon()).is_err(), "{what}: another method");
    }
}

#[test]
fn each_protocol_has_its_own_code_for_what_is_wrong() {
    let codes = |service: &str, spoil: &dyn Fn(&mut Parts)| {
        let (mut parts, body) = signed(service);
        assert!(authenticate(&parts, body, &door(None), noon()).is_ok());
        spoil(&mut parts);
        refused(&parts, body, &door(None), noon())
    };
    let wrong_secret = |parts: &mut Parts| {
        let mut other = door(None).0;
        other.secret_access_key.push('x');
        let service = if parts.headers.contains_key("x-amz-target") { "ecs" } else { "elasticloadbalancing" };
        let body: &[u8] = if service == "ecs" { b"{}" } else { b"Action=DescribeRules&Version=2015-12-01" };
        sign(parts, body, &other, ("us-east-1", service), noon().into()).expect("signed");
    };
    let unsigned = |parts: &mut Parts| drop(parts.headers.remove("authorization"));
    let unknown = |parts: &mut Parts| {
        let text = authorization(parts).replace("AKIDEXAMPLE", "AKIDNOBODY");
        set(parts, "authorization", &text);
    };
    let incomplete = |parts: &mut Parts| {
        let text = authorization(parts).split(", Signature").next().unwrap_or_default().to_owned();
        set(parts, "authorization", &text);
    };
    let presigned = |parts: &mut Parts| parts.uri = "/?X-Amz-Signature=00".parse().expect("a URI");
    let cases: [(&dyn Fn(&mut Parts), &str, &str); 5] = [
        (&wrong_secret, "InvalidSignatureException", "<Code>SignatureDoesNotMatch</Code>"),
        (&unsigned, "MissingAuthenticationTokenException", "<Code>MissingAuthenticationToken</Code>"),
        (&unknown, "UnrecognizedClientException", "<Code>InvalidClientTokenId</Code>"),
        (&incomplete, "IncompleteSignatureException", "<Code>IncompleteSignature</Code>"),
        (&presigned, "takes no presigned requests", "takes no presigned requests"),
    ];
    for (spoil, json, query) in cases {
        let (status, body) = codes("ecs", spoil);
        assert!(status == 400 && body.contains(json), "{json}: {status} {body}");
        let (status, body) = codes("elasticloadbalancing", spoil);
        assert!(status == 403 && body.contains(query), "{query}: {status} {body}");
    }
}

#[test]
fn a_signature_ages() {
    let (ecs, body) = signed("ecs");
    let (ecr, _) = signed("ecr");
    let later = |minutes| noon() + SignedDuration::from_mins(minutes);
    for minutes in [-5, 5] {
        assert!(authenticate(&ecs, body, &door(None), later(minutes)).is_ok(), "{minutes}");
    }
    assert!(authenticate(&ecr, body, &door(None), later(15)).is_ok());
    let (_, told) = refused(&ecs, body, &door(None), later(6));
    let words = "Signature expired: 20260101T120000Z is now earlier than 20260101T120100Z (20260101T120600Z - 5 min.)";
    assert!(told.contains(words) && told.contains("InvalidSignatureException"), "{told}");
    let (_, told) = refused(&ecs, body, &door(None), later(-6));
    assert!(told.contains("Signature not yet current: 20260101T120000Z is still later than"), "{told}");
    assert!(refused(&ecr, body, &door(None), later(16)).1.contains("- 15 min."));
    let (mut odd, body) = signed("ecs");
    set(&mut odd, "x-amz-date", "20260101 noon");
    assert!(refused(&odd, body, &door(None), noon()).1.contains("ISO-8601"));
}

#[test]
fn a_role_shows_its_token_and_nobody_else_has_one() {
    let role = door(Some("token"));
    let (without, body) = signed("ecs");
    assert!(
        refused(&without, body, &role, noon())
            .1
            .contains("security token included in the request is invalid")
    );
    let mut with = without.clone();
    with.headers.remove("authorization");
    sign(&mut with, body, &role.0, ("us-east-1", "ecs"), noon().into()).expect("signed");
    assert!(authenticate(&with, body, &role, noon()).is_ok());
    assert!(authenticate(&with, body, &door(Some("another")), noon()).is_err());
    assert!(authenticate(&with, body, &door(None), noon()).is_err());
}

#[test]
fn another_region_and_an_unsigned_host_are_refused() {
    let (mut parts, body) = signed("ecs");
    parts.headers.remove("authorization");
    let mut elsewhere = parts.clone();
    sign(&mut elsewhere, body, &door(None).0, ("eu-west-1", "ecs"), noon().into()).expect("signed");
    assert!(
        refused(&elsewhere, body, &door(None), noon())
            .1
            .contains("scoped to a valid region, not 'eu-west-1'")
    );
    let (mut hostless, body) = signed("ecs");
    let text = authorization(&hostless).replace("host;", "");
    set(&mut hostless, "authorization", &text);
    assert!(refused(&hostless, body, &door(None), noon()).1.contains("'host' must be a 'SignedHeader'"));
}
