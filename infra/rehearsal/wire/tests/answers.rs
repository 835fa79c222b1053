//! Answers, byte for byte, in the protocol of their request.

use bytes::Bytes;
use http::{Request, Response};
use rehearsal_wire::{ApiError, Reply, Service, check_output, decode};
use serde_json::{Value, json};

fn reply(request: http::request::Builder, body: &str) -> Reply {
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    match decode(&parts, body.as_bytes()) {
        Ok((_, reply)) => reply,
        Err(refusal) => panic!("refused: {:?}", refusal.body()),
    }
}

fn target(target: &str, version: &str) -> http::request::Builder {
    Request::post("/")
        .header("x-amz-target", target)
        .header("content-type", format!("application/x-amz-json-{version}"))
}

fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).expect("text")
}

#[test]
fn json_says_only_what_the_model_knows() {
    let reply = reply(
        target("AmazonEC2ContainerServiceV20141113.DescribeServices", "1.1"),
        "{\"services\":[\"web\"]}",
    );
    let output = json!({"services": [{"serviceName": "web", "createdAt": 1_767_261_600.25, "desiredCount": 2.0,
        "roleArn": null, "invented": 1}]});
    assert_eq!(
        check_output(Service::Ecs, "DescribeServices", &output),
        ["services[0].invented is not a member"]
    );
    let response = reply.encode(Ok(output));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.1");
    assert_eq!(response.headers()["x-amzn-requestid"].to_str().ok(), Some(reply.request_id()));
    assert_eq!(
        text(&response),
        r#"{"services":[{"createdAt":1767261600.25,"desiredCount":2,"serviceName":"web"}]}"#
    );
}

#[test]
fn json_errors_carry_type_message_and_members() {
    let reply = reply(target("DynamoDB_20120810.TransactWriteItems", "1.0"), r#"{"TransactItems":[{}]}"#);
    let error = ApiError::new("TransactionCanceledException", "Transaction cancelled")
        .with_field("CancellationReasons", json!([{"Code": "ConditionalCheckFailed"}]));
    let response = reply.encode(Err(error));
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()["content-type"], "application/x-amz-json-1.0");
    let body: Value = serde_json::from_slice(response.body()).expect("JSON");
    assert_eq!(
        body,
        json!({"__type": "TransactionCanceledException", "Message": "Transaction cancelled",
            "CancellationReasons": [{"Code": "ConditionalCheckFailed"}]})
    );
}

#[test]
fn query_wraps_results_and_names_errors_by_their_code() {
    let form = || Request::post("/").header("content-type", "application/x-www-form-urlencoded");
    let describe = reply(form(), "Action=DescribeTargetGroups&Version=2015-12-01");
    let response = describe.encode(Ok(json!({"TargetGroups": [{"TargetGroupName": "a&b", "Port": 80}]})));
    assert_eq!(
        text(&response),
        format!(
            "<DescribeTargetGroupsResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\">\
             <DescribeTargetGroupsResult><TargetGroups><member><Port>80</Port>\
             <TargetGroupName>a&amp;b</TargetGroupName></member></TargetGroups></DescribeTargetGroupsResult>\
             <ResponseMetadata><RequestId>{}</RequestId></ResponseMetadata></DescribeTargetGroupsResponse>",
            describe.request_id()
        )
    );
    let error = describe
        .encode(Err(ApiError::new("TargetGroupNotFoundException", "One or more target groups not found")));
    assert!(text(&error).contains("<Code>TargetGroupNotFound</Code>"), "{}", text(&error));
    let desired = reply(
        form(),
        "Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=g&DesiredCapacity=1",
    );
    let contention = desired.encode(Err(ApiError::new("ResourceContentionFault", "busy")));
    assert_eq!(contention.status(), 500, "the model's status");
    assert!(text(&contention).contains("<Type>Receiver</Type><Code>ResourceContention</Code>"));
    let done = desired.encode(Ok(json!({})));
    assert!(text(&done).starts_with("<SetDesiredCapacityResponse xmlns="), "{}", text(&done));
}

#[test]
fn cbor_errors_tell_query_codes_to_those_who_ask() {
    let request = || {
        Request::post("/service/GraniteServiceVersion20100801/operation/ListMetrics")
            .header("smithy-protocol", "rpc-v2-cbor")
    };
    let error = || ApiError::new("InvalidParameterValueException", "no such metric");
    let plain = reply(request(), "").encode(Err(error()));
    assert_eq!(plain.headers()["content-type"], "application/cbor");
    assert_eq!(plain.headers()["smithy-protocol"], "rpc-v2-cbor");
    assert_eq!(plain.headers().get("x-amzn-query-error"), None);
    let body: Value = ciborium::from_reader(plain.body().as_ref()).expect("CBOR");
    assert_eq!(body, json!({"__type": "InvalidParameterValueException", "message": "no such metric"}));
    let asked = reply(request().header("x-amzn-query-mode", "true"), "").encode(Err(error()));
    assert_eq!(asked.headers()["x-amzn-query-error"], "InvalidParameterValue;Sender");
}

#[test]
fn cbor_timestamps_carry_tag_one() {
    let request = Request::post("/service/GraniteServiceVersion20100801/operation/GetMetricStatistics");
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    let refusal = decode(&parts, b"\xa0").expect_err("required members are missing");
    assert_eq!(refusal.status(), 400);
    let input = r#"{"Namespace":"N","MetricName":"M","StartTime":0,"EndTime":60,"Period":60}"#;
    let mut bytes = Vec::new();
    let value: Value = serde_json::from_str(input).expect("JSON");
    ciborium::into_writer(&value, &mut bytes).expect("a vector takes all");
    let (call, reply) = decode(&parts, &bytes).expect("decoded");
    assert_eq!(call.input["EndTime"], json!(60.0));
    let response = reply.encode(Ok(json!({"Datapoints": [{"Timestamp": 0, "Sum": 1}]})));
    // {"Datapoints": [{"Sum": 1.0, "Timestamp": 1(0.0)}]}, both floats as halves.
    let expected = b"\xa1\x6aDatapoints\x81\xa2\x63Sum\xf9\x3c\x00\x69Timestamp\xc1\xf9\x00\x00";
    assert_eq!(response.body().as_ref(), expected.as_slice());
}

#[test]
fn lambda_answers_with_the_payload_itself() {
    let reply = reply(Request::post("/2015-03-31/functions/plan/invocations"), "{}");
    let response = reply
        .encode(Ok(json!({"StatusCode": 200, "FunctionError": "Unhandled", "ExecutedVersion": "$LATEST",
        "Payload": "eyJvayI6dHJ1ZX0="})));
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-amz-function-error"], "Unhandled");
    assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
    assert_eq!(text(&response), r#"{"ok":true}"#);
    let queued = reply.encode(Ok(json!({"StatusCode": 202})));
    assert_eq!((queued.status().as_u16(), queued.body().len()), (202, 0));
    let missing = reply.encode(Err(ApiError::new("ResourceNotFoundException", "Function not found")));
    assert_eq!(missing.status(), 404);
    assert_eq!(missing.headers()["x-amzn-errortype"], "ResourceNotFoundException");
    assert_eq!(text(&missing), r#"{"Message":"Function not found","Type":"User"}"#);
}
