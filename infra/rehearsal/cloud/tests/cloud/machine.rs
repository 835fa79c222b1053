//! The template's state machine: started by hand and by a push, through to its end on the bus.

use crate::support::{call_json, start, until};
use rehearsal_cloud::{Cloud, ecr};
use rehearsal_wire::Service;
use serde_json::{Value, json};

async fn call(cloud: &Cloud, service: Service, operation: &str, input: Value) -> Value {
    cloud.call(service, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

async fn ended(cloud: &Cloud, execution: &Value) -> Value {
    let input = json!({ "executionArn": execution });
    let mut told = Value::Null;
    until("the execution has ended", async || {
        told = call(cloud, Service::StepFunctions, "DescribeExecution", input.clone()).await;
        told["status"] != "RUNNING"
    })
    .await;
    told
}

#[tokio::test]
async fn an_execution_runs_the_templates_functions() {
    let cloud = start().await;
    let machine = cloud.stack().state_machine_arn();
    let body = json!({ "stateMachineArn": machine, "name": "by-hand", "input": "{\"n\":1}" }).to_string();
    let started = call_json(&cloud, "states", "AWSStepFunctions.StartExecution", &body).await.unwrap().json();
    let told = ended(&cloud, &started["executionArn"]).await;
    assert_eq!(told["status"], "SUCCEEDED", "{told}");
    let output: Value = serde_json::from_str(told["output"].as_str().unwrap()).unwrap();
    assert_eq!((&output["poll"], &output["event"]["n"]), (&json!("7"), &json!(1)));
    let function = cloud.stack().function("ListenFunction").unwrap().name.clone();
    until("the bus has heard of it", async || {
        cloud.lambda().logs(&function).iter().any(|line| line.text == "got {\"died\":true}")
    })
    .await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_push_starts_an_execution_with_what_the_transformer_makes_of_it() {
    let cloud = start().await;
    call(&cloud, Service::Ecr, "CreateRepository", json!({ "repositoryName": "web" })).await;
    let image = json!({ "repositoryName": "web", "imageTag": "v1", "imageManifest": ecr::manifest(&["true".to_owned()], &[]) });
    call(&cloud, Service::Ecr, "PutImage", image).await;
    let list = json!({ "stateMachineArn": cloud.stack().state_machine_arn() });
    let mut execution = Value::Null;
    until("there is an execution", async || {
        let all = call(&cloud, Service::StepFunctions, "ListExecutions", list.clone()).await;
        execution = all["executions"][0]["executionArn"].clone();
        !execution.is_null()
    })
    .await;
    let told = ended(&cloud, &execution).await;
    assert_eq!((&told["status"], &told["input"]), (&json!("SUCCEEDED"), &json!("{\"repository\":\"web\"}")));
    cloud.shutdown().await;
}
