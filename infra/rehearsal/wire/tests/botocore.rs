//! botocore's own parsers read our answers. Where there is no Python with botocore, this says so and passes, unless
//! `CHANGEOVER_CLIENTS` is `required`, as in `.ci/run`; the same answers are held byte for byte in `answers.rs`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use http::Request;
use http::request::Builder;
use rehearsal_wire::{ApiError, decode};
use serde_json::{Value, json};

struct Case {
    protocol: &'static str,
    request: Builder,
    body: &'static str,
    answer: Result<Value, ApiError>,
    /// What botocore is to make of it.
    parsed: Value,
}

fn form() -> Builder {
    Request::post("/").header("content-type", "application/x-www-form-urlencoded")
}

fn target(target: &str) -> Builder {
    Request::post("/").header("x-amz-target", target).header("content-type", "application/x-amz-json-1.0")
}

fn same(protocol: &'static str, request: Builder, body: &'static str, answer: Value) -> Case {
    Case { protocol, request, body, parsed: answer.clone(), answer: Ok(answer) }
}

fn successes() -> Vec<Case> {
    let metrics = json!({"Metrics": [{"Namespace": "N", "Dimensions": [{"Name": "a", "Value": "b & <c>\r\n"}]}],
        "NextToken": "t"});
    let alarms = json!({"MetricAlarms": [{"AlarmName": "a", "Threshold": 5.0, "ActionsEnabled": true,
        "EvaluationPeriods": 3, "StateUpdatedTimestamp": 1_767_261_600.25}]});
    let list = "Action=ListMetrics&Version=2010-08-01";
    let operation = |name: &str| {
        Request::post(format!("/service/GraniteServiceVersion20100801/operation/{name}"))
            .header("smithy-protocol", "rpc-v2-cbor")
    };
    vec![
        same("query", form(), list, metrics.clone()),
        same("json", target("GraniteServiceVersion20100801.ListMetrics"), "{}", metrics.clone()),
        same("smithy-rpc-v2-cbor", operation("ListMetrics"), "", metrics),
        same("smithy-rpc-v2-cbor", operation("DescribeAlarms"), "", alarms.clone()),
        same("query", form(), "Action=DescribeAlarms&Version=2010-08-01", alarms),
        same(
            "query",
            form(),
            "Action=DescribeRules&Version=2015-12-01",
            json!({"Rules": [{"RuleArn": "r", "IsDefault": false, "Conditions": [], "Actions": [{"Type": "forward",
                "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}]}}]}]}),
        ),
        same(
            "query",
            form(),
            "Action=DescribeLoadBalancers&Version=2015-12-01",
            json!({"LoadBalancers": [{"CreatedTime": 1_767_261_600.5, "State": {"Code": "active"}}]}),
        ),
        same(
            "query",
            form(),
            "Action=GetCallerIdentity&Version=2011-06-15",
            json!({"Account": "123456789012"}),
        ),
        same(
            "json",
            target("AmazonEC2ContainerServiceV20141113.DescribeServices"),
            r#"{"services":["web"]}"#,
            json!({"services": [{"createdAt": 1_767_261_600.25, "desiredCount": 2}], "failures": []}),
        ),
        same(
            "json",
            target("DynamoDB_20120810.GetItem"),
            r#"{"TableName":"t","Key":{}}"#,
            json!({"Item": {"b": {"B": "AAH/"}, "n": {"N": "1"}, "m": {"M": {"x": {"BOOL": false}}}}}),
        ),
        same(
            "rest-json",
            Request::get("/schedules/nightly"),
            "",
            json!({"Name": "nightly", "StartDate": 1_767_261_600.0, "Target": {"Arn": "a", "RoleArn": "r"}}),
        ),
        Case {
            protocol: "rest-json",
            request: Request::post("/2015-03-31/functions/plan/invocations"),
            body: "{}",
            answer: Ok(json!({"StatusCode": 200, "FunctionError": "Unhandled", "Payload": "e30="})),
            parsed: json!({"StatusCode": 200, "FunctionError": "Unhandled", "Payload": "{}"}),
        },
    ]
}

fn errors() -> Vec<Case> {
    let refused = |protocol, request, body, code: &str, parsed_code: &str| Case {
        protocol,
        request,
        body,
        answer: Err(ApiError::new(code, "it is <so>")),
        parsed: json!({"Error": {"Code": parsed_code, "Message": "it is <so>"}}),
    };
    let cbor = Request::post("/service/GraniteServiceVersion20100801/operation/ListMetrics")
        .header("x-amzn-query-mode", "true");
    vec![
        refused(
            "query",
            form(),
            "Action=DescribeRules&Version=2015-12-01",
            "RuleNotFoundException",
            "RuleNotFound",
        ),
        refused("json", target("AWSStepFunctions.ListStateMachines"), "{}", "InvalidToken", "InvalidToken"),
        refused("smithy-rpc-v2-cbor", cbor, "", "InvalidParameterValueException", "InvalidParameterValue"),
        refused(
            "rest-json",
            Request::get("/schedules/none"),
            "",
            "ResourceNotFoundException",
            "ResourceNotFoundException",
        ),
    ]
}

#[test]
fn botocore_reads_our_answers() {
    let available = Command::new("python3").args(["-c", "import botocore"]).stderr(Stdio::null()).status();
    if !available.is_ok_and(|status| status.success()) {
        let required = std::env::var("CHANGEOVER_CLIENTS").is_ok_and(|value| value == "required");
        assert!(
            !required,
            "there is no python3 with botocore, and CHANGEOVER_CLIENTS says that there has to be"
        );
        eprintln!("skipped: no python3 with botocore");
        return;
    }
    let cases: Vec<Case> = successes().into_iter().chain(errors()).collect();
    let (lines, expected): (Vec<String>, Vec<Value>) = cases.into_iter().map(line).unzip();
    let mut parser = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/parse.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let mut input = parser.stdin.take().expect("a pipe");
    input.write_all(lines.join("\n").as_bytes()).expect("written");
    drop(input);
    let output = parser.wait_with_output().expect("it ends");
    let parsed: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
        .into_iter()
        .collect::<Result<_, _>>()
        .expect("JSON");
    assert_eq!(parsed.len(), expected.len());
    for (parsed, expected) in parsed.iter().zip(&expected) {
        for (name, value) in expected.as_object().expect("an object") {
            match value.as_object().filter(|_| name == "Error") {
                Some(error) => {
                    for (name, value) in error {
                        assert_eq!(&parsed["Error"][name], value);
                    }
                }
                None => assert_eq!(&parsed[name], value, "{name} of {parsed}"),
            }
        }
    }
}

/// The line for the parser, and what it is to answer.
fn line(case: Case) -> (String, Value) {
    let (parts, ()) = case.request.body(()).expect("a request").into_parts();
    let (call, reply) = decode(&parts, case.body.as_bytes()).expect("decoded");
    let response = reply.encode(case.answer);
    let headers: serde_json::Map<String, Value> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(value.to_str().expect("text"))))
        .collect();
    let line = json!({"service": call.service.name(), "operation": call.operation, "protocol": case.protocol,
        "status": response.status().as_u16(), "headers": headers, "body": BASE64.encode(response.body())});
    (line.to_string(), case.parsed)
}
