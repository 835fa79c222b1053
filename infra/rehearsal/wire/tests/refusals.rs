//! What is refused before any handler, in the words and the bytes of the service that refuses.

use bytes::Bytes;
use http::request::Builder;
use http::{Request, Response};
use rehearsal_wire::decode;
use serde_json::{Value, json};

fn refused(request: Builder, body: &[u8]) -> Response<Bytes> {
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    decode(&parts, body).expect_err("a refusal")
}

fn signed(request: Builder, signing_name: &str) -> Builder {
    let credential =
        format!("AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/{signing_name}/aws4_request");
    request.header("authorization", credential)
}

fn target(service: &str, target: &str) -> Builder {
    signed(Request::post("/"), service)
        .header("x-amz-target", target)
        .header("content-type", "application/x-amz-json-1.0")
}

fn form(service: &str) -> Builder {
    signed(Request::post("/"), service).header("content-type", "application/x-www-form-urlencoded")
}

fn json_body(response: &Response<Bytes>) -> Value {
    serde_json::from_slice(response.body()).expect("JSON")
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).expect("text")
}

#[test]
fn each_service_has_its_code_for_broken_constraints() {
    let null = "failed to satisfy constraint: Member must not be null";
    let cases = [
        ("dynamodb", "DynamoDB_20120810.DescribeTable", "ValidationException", "tableName"),
        ("states", "AWSStepFunctions.DescribeExecution", "ValidationException", "executionArn"),
        ("events", "AWSEvents.EnableRule", "ValidationException", "name"),
        ("ecs", "AmazonEC2ContainerServiceV20141113.UpdateService", "InvalidParameterException", "service"),
        (
            "ecs",
            "AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition",
            "ClientException",
            "taskDefinition",
        ),
        (
            "ecr",
            "AmazonEC2ContainerRegistry_V20150921.ListImages",
            "InvalidParameterException",
            "repositoryName",
        ),
    ];
    for (service, operation, code, member) in cases {
        let response = refused(target(service, operation), b"{}");
        assert_eq!(response.status(), 400, "{operation}");
        assert_eq!(json_body(&response)["__type"], json!(code), "{operation}: {}", text(&response));
        let message = format!("1 validation error detected: Value null at '{member}' {null}");
        assert!(text(&response).contains(&message), "{operation}: {}", text(&response));
    }
}

#[test]
fn query_refusals_are_xml() {
    let response = refused(
        form("elasticloadbalancing"),
        b"Action=RegisterTargets&Version=2015-12-01&TargetGroupArn=a&Targets.member.1.Port=80",
    );
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "text/xml");
    let id = response.headers()["x-amzn-requestid"].to_str().expect("text");
    assert_eq!(
        text(&response),
        format!(
            "<ErrorResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"><Error>\
             <Type>Sender</Type><Code>ValidationError</Code><Message>1 validation error detected: Value null \
             at &apos;targets.1.member.id&apos; failed to satisfy constraint: Member must not be null</Message>\
             </Error><RequestId>{id}</RequestId></ErrorResponse>"
        )
    );
}

#[test]
fn other_types_are_serialization_exceptions() {
    let update = "AmazonEC2ContainerServiceV20141113.UpdateService";
    for body in [&b"{\"service\": 7}"[..], b"{\"service\"", b"[]", b"7", b"\xff"] {
        let response = refused(target("ecs", update), body);
        assert_eq!(json_body(&response)["__type"], json!("SerializationException"), "{}", text(&response));
    }
    let register = b"Action=RegisterTargets&Version=2015-12-01&Targets.member.1.Port=http";
    assert!(
        text(&refused(form("elasticloadbalancing"), register))
            .contains("<Code>SerializationException</Code>")
    );
    let deep = "[".repeat(100_000);
    let response = refused(target("ecs", update), deep.as_bytes());
    assert_eq!(json_body(&response)["__type"], json!("SerializationException"));
}

#[test]
fn what_is_not_known_is_said_to_be() {
    let response = refused(target("ecs", "AmazonEC2ContainerServiceV20141113.Nonsense"), b"{}");
    assert_eq!(json_body(&response)["__type"], json!("UnknownOperationException"));
    let response = refused(target("ecs", "DynamoDB_20120810.ListTables"), b"{}");
    assert_eq!(json_body(&response)["__type"], json!("UnknownOperationException"));
    let response = refused(form("elasticloadbalancing"), b"Action=Nonsense&Version=2015-12-01");
    assert!(text(&response).contains("<Code>InvalidAction</Code>"));
    let classic = refused(form("elasticloadbalancing"), b"Action=DescribeLoadBalancers&Version=2012-06-01");
    assert!(text(&classic).contains("Could not find operation DescribeLoadBalancers for version 2012-06-01"));
    let nobody = refused(Request::get("/"), b"");
    assert!(text(&nobody).starts_with("<ErrorResponse><Error>"), "{}", text(&nobody));
    let response = refused(signed(Request::get("/2015-03-31/nonsense"), "lambda"), b"");
    assert_eq!(response.headers()["x-amzn-errortype"], "UnknownOperationException");
    let response = refused(signed(Request::post("/service/Nonsense/operation/X"), "monitoring"), b"");
    assert_eq!(response.headers()["smithy-protocol"], "rpc-v2-cbor");
}

/// AWS has these, and whoever asks for them reads that they are not here, in a protocol of theirs.
#[test]
fn services_that_are_not_here_are_named() {
    let response = refused(target("ssm", "AmazonSSM.GetParameter"), b"{}");
    let said = json_body(&response);
    assert_eq!(said["__type"], json!("UnknownOperationException"));
    assert!(said["message"].as_str().unwrap().contains("'GetParameter' of ssm;"), "{said}");
    let response = refused(form("ec2"), b"Action=DescribeInstances&Version=2016-11-15");
    assert!(text(&response).contains("&apos;DescribeInstances&apos; of ec2;"), "{}", text(&response));
    let response = refused(signed(Request::get("/bucket?acl"), "s3"), b"");
    assert!(text(&response).contains("<Code>InvalidAction</Code>"), "{}", text(&response));
    assert!(text(&response).contains("&apos;GET /bucket&apos; of s3;"), "{}", text(&response));
    let response = refused(signed(Request::get("/clusters"), "eks"), b"");
    assert!(json_body(&response)["message"].as_str().unwrap().contains("'GET /clusters' of eks;"));
}

#[test]
fn size_and_compression_are_bounded() {
    let put = || target("monitoring", "GraniteServiceVersion20100801.PutMetricData");
    let response = refused(put(), &vec![b' '; rehearsal_wire::MAX_BODY + 1]);
    assert_eq!(response.status(), 413);
    let response = refused(put().header("content-encoding", "gzip"), b"\x1f\x8b");
    assert_eq!(json_body(&response)["__type"], json!("SerializationException"));
}
