//! The template's state machine: started by hand and by a push, through to its end on the bus.

use crate::support::{PROGRAM, call_json, start, until};
use rehearsal_cloud::{Cloud, CloudConfig, ecr};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::path::Path;

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

/// With the test's program in place of every function: all that ships but the functions is accepted.
#[tokio::test]
async fn what_ships_starts() {
    let functions = [
        "dispatch",
        "plan",
        "register-revision",
        "update-service",
        "check-health",
        "gate",
        "swap",
        "drain",
        "rollback",
        "finish",
    ];
    let config = CloudConfig {
        template: Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../template.yaml"),
        binaries: functions.map(|name| (name.to_owned(), PROGRAM.into())).into(),
        ..CloudConfig::default()
    };
    let cloud = Cloud::start(config).await.unwrap_or_else(|error| panic!("{error:#}"));
    let machine = json!({ "stateMachineArn": cloud.stack().state_machine_arn() });
    let told = call(&cloud, Service::StepFunctions, "DescribeStateMachine", machine).await;
    let definition = told["definition"].as_str().unwrap();
    assert!(definition.contains(&cloud.stack().function("PlanFunction").unwrap().arn));
    let rules = call(&cloud, Service::EventBridge, "ListRules", json!({})).await;
    assert_eq!(rules["Rules"].as_array().unwrap().len(), cloud.stack().rules.len());
    let schedules = call(&cloud, Service::Scheduler, "ListSchedules", json!({})).await;
    assert_eq!(schedules["Schedules"].as_array().unwrap().len(), cloud.stack().schedules.len());
    cloud.shutdown().await;
}
