//! The template's policies, enforced: functions, state machines, rules and schedules may what they are granted, and
//! are told in AWS's words what they are not.

use crate::support::{config, until};
use bytes::Bytes;
use rehearsal_cloud::{Cloud, CloudConfig};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::path::Path;

const USER: &str = "User: arn:aws:sts::123456789012:assumed-role/step-role/guarded-step";
const HOME: &str = "us-east-1:123456789012";

async fn start() -> Cloud {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/guarded.yaml");
    let config =
        CloudConfig { template, stack_name: "guarded".to_owned(), enforce_policies: true, ..config() };
    Cloud::start(config).await.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Lets the function call an API; status line and body of the answer.
async fn from_function(cloud: &Cloud, target: &str, body: Value) -> (String, Value) {
    let event = json!({ "target": target, "body": body });
    let answer = cloud.lambda().invoke("guarded-step", Bytes::from(event.to_string())).await;
    let answer: Value = serde_json::from_slice(&answer.unwrap_or_else(|error| panic!("{error}"))).unwrap();
    let body = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    (answer["status"].as_str().unwrap().to_owned(), body)
}

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

#[tokio::test]
async fn what_is_granted_passes_and_what_is_not_is_refused_in_awss_words() {
    let cloud = start().await;
    let (status, _) = from_function(&cloud, &format!("{ECS}.ListTaskDefinitions"), json!({})).await;
    assert_eq!(status, "HTTP/1.1 200 OK");
    let list = json!({ "cluster": "shop" });
    let (status, body) = from_function(&cloud, &format!("{ECS}.ListTasks"), list).await;
    assert_eq!(status, "HTTP/1.1 400 Bad Request");
    assert_eq!(body["__type"], "AccessDeniedException");
    let expected = format!(
        "{USER} is not authorized to perform: ecs:ListTasks on resource: * because no identity-based policy allows \
         the ecs:ListTasks action"
    );
    assert_eq!(body["message"], expected.as_str());
    let (_, body) = from_function(&cloud, &format!("{ECS}.CreateCluster"), json!({})).await;
    assert!(body["message"].as_str().unwrap().contains("does not know what it needs"), "{body}");
    assert_eq!(cloud.iam().denied().len(), 1, "what is not listed was not judged");
    cloud.shutdown().await;
}

#[tokio::test]
async fn tags_of_the_resource_count_as_they_are_now() {
    let cloud = start().await;
    let call = async |operation: &str, input: Value| {
        cloud
            .call(Service::Ecs, operation, input)
            .await
            .unwrap_or_else(|error| panic!("{operation}: {error}"))
    };
    call("CreateCluster", json!({ "clusterName": "shop" })).await;
    let container = json!({ "name": "web", "image": "x", "memory": 64 });
    call("RegisterTaskDefinition", json!({ "family": "web", "containerDefinitions": [container] })).await;
    let service =
        json!({ "cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 0 });
    call("CreateService", service).await;
    let update = async || {
        let input = json!({ "cluster": "shop", "service": "web", "desiredCount": 0 });
        from_function(&cloud, &format!("{ECS}.UpdateService"), input).await
    };
    let (_, body) = update().await;
    let arn = format!("arn:aws:ecs:{HOME}:service/shop/web");
    assert!(
        body["message"].as_str().unwrap().contains(&format!("ecs:UpdateService on resource: {arn}")),
        "{body}"
    );
    call("TagResource", json!({ "resourceArn": arn, "tags": [{ "key": "may", "value": "yes" }] })).await;
    assert_eq!(update().await.0, "HTTP/1.1 200 OK");
    assert!(cloud.iam().withdraw("StepRole", "ecs:UpdateService"));
    assert_eq!(update().await.1["__type"], "AccessDeniedException");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_state_machine_invokes_in_the_name_of_its_role() {
    let cloud = start().await;
    let run = async |name: &str| {
        let input =
            json!({ "stateMachineArn": cloud.stack().state_machine_arn(), "name": name, "input": "{}" });
        let started = cloud.call(Service::StepFunctions, "StartExecution", input).await.unwrap();
        let input = json!({ "executionArn": started["executionArn"] });
        let mut told = Value::Null;
        until("the execution has ended", async || {
            told = cloud.call(Service::StepFunctions, "DescribeExecution", input.clone()).await.unwrap();
            told["status"] != "RUNNING"
        })
        .await;
        told
    };
    assert_eq!(run("allowed").await["status"], "SUCCEEDED");
    assert!(cloud.iam().withdraw("MachineRole", "lambda:InvokeFunction"));
    let told = run("refused").await;
    assert_eq!(told["error"], "Lambda.AWSLambdaException", "{told}");
    let cause = told["cause"].as_str().unwrap();
    let function = format!("arn:aws:lambda:{HOME}:function:guarded-step");
    assert!(
        cause.contains(&format!("not authorized to perform: lambda:InvokeFunction on resource: {function}"))
    );
    cloud.shutdown().await;
}

#[tokio::test]
async fn rules_and_schedules_need_somebodys_permission() {
    let cloud = start().await;
    let got = |part: &str| cloud.lambda().logs("guarded-step").iter().any(|line| line.text.contains(part));
    let queue = cloud.stack().queues[0].arn.clone();
    let buried = |part: &str| cloud.sqs().messages(&queue).iter().any(|message| message.body.contains(part));
    let event =
        |source: &str, id: &str| json!({ "source": source, "id": id, "detail-type": "x", "detail": {} });

    cloud.events().publish(event("allowed", "first"));
    until("the allowed event has come", async || got("first")).await;
    cloud.events().publish(event("other", "second"));
    until("the other rule's event is refused twice", async || cloud.iam().denied().len() == 2).await;
    assert!(!got("second") && !buried("second"), "neither function nor queue let it in");

    assert!(cloud.iam().withdraw("StepFunction", "lambda:InvokeFunction"));
    cloud.events().publish(event("allowed", "third"));
    until("the event that is not allowed any more is buried", async || buried("third")).await;

    assert!(cloud.scheduler().fire("tick"));
    until("the tick has come", async || got("{\"tick\":true}")).await;
    assert!(cloud.iam().withdraw("TickRole", "lambda:InvokeFunction"));
    assert!(cloud.scheduler().fire("tick"));
    until("the tick is buried in the role's name", async || buried("tick")).await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn what_was_used_is_told_with_what_the_services_do() {
    let cloud = start().await;
    let used = || -> Vec<String> {
        cloud
            .grants_used()
            .into_iter()
            .map(|used| format!("{} {}", used.grant.holder, used.grant.action))
            .collect()
    };
    assert_eq!(used(), [""; 0]);
    from_function(&cloud, &format!("{ECS}.ListTaskDefinitions"), json!({})).await;
    assert_eq!(
        used(),
        ["StepRole ecs:ListTaskDefinitions", "StepRole logs:CreateLogStream", "StepRole logs:PutLogEvents"]
    );
    let untraced = cloud.iam().denied().iter().any(|denied| denied.need.action == "xray:PutTraceSegments");
    assert!(untraced, "it is traced, and its role may not");
    let lines = json!({ "logGroupName": "/guarded/step", "filterPattern": "REPORT" });
    let read = async || cloud.call(Service::Logs, "FilterLogEvents", lines.clone()).await.unwrap();
    until("its lines are kept", async || {
        read().await["events"].as_array().is_some_and(|all| !all.is_empty())
    })
    .await;
    assert!(cloud.iam().withdraw("StepRole", "logs:PutLogEvents"));
    assert_eq!(read().await["events"], json!([]), "and lost without the permission");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_role_that_the_service_may_not_take_on_is_refused_at_once() {
    let small = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/small.yaml");
    let refused = Cloud::start(CloudConfig { template: small, enforce_policies: true, ..config() }).await;
    let told = format!("{:#}", refused.err().expect("StepRole trusts nobody"));
    assert!(told.contains("StepFunction: lambda.amazonaws.com may not take on its role"), "{told}");
}
