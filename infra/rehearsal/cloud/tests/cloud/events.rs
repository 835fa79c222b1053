//! Functions: their environment, who they are to the APIs, and what events bring to them.

use crate::support::{start, until};
use bytes::Bytes;
use rehearsal_cloud::{Access, Caller, Cloud};
use rehearsal_wire::{ApiError, Call, Service};
use serde_json::{Value, json};
use std::pin::Pin;
use std::sync::Arc;

async fn invoke(cloud: &Cloud, name: &str, event: Value) -> Value {
    let answer = cloud.lambda().invoke(name, Bytes::from(event.to_string())).await;
    serde_json::from_slice(&answer.unwrap_or_else(|error| panic!("{error}"))).unwrap()
}

fn got(cloud: &Cloud, name: &str, part: &str) -> bool {
    cloud.lambda().logs(name).iter().any(|line| line.text.starts_with("got ") && line.text.contains(part))
}

#[tokio::test]
async fn functions_have_the_templates_environment_and_keys_of_their_own() {
    let cloud = start().await;
    let answer = invoke(&cloud, "small-step", json!({ "n": 1 })).await;
    assert_eq!((&answer["table"], &answer["poll"]), (&json!(cloud.stack().table_name()), &json!("7")));
    let list = json!({ "target": "AmazonEC2ContainerServiceV20141113.ListClusters", "body": {} });
    let listed = invoke(&cloud, "small-step", list.clone()).await;
    assert_eq!(listed["status"], "HTTP/1.1 200 OK");
    let calls = cloud.calls();
    let counted = calls.counts.iter().find(|count| count.operation == "ListClusters").unwrap();
    assert_eq!((counted.caller.as_str(), counted.calls), ("small-step", 1));

    struct OnlyOperators;
    impl Access for OnlyOperators {
        fn check<'a>(
            &'a self,
            caller: &'a Caller,
            _: &'a Call,
        ) -> Pin<Box<dyn Future<Output = Result<(), ApiError>> + Send + 'a>> {
            Box::pin(std::future::ready(match caller {
                Caller::Operator => Ok(()),
                Caller::Function { role_arn, .. } => Err(ApiError::new("AccessDeniedException", role_arn)),
            }))
        }
    }
    cloud.set_access(Some(Arc::new(OnlyOperators)));
    let denied = invoke(&cloud, "small-step", list).await;
    assert_eq!(denied["status"], "HTTP/1.1 400 Bad Request");
    assert!(denied["body"].as_str().unwrap().contains("role/small-step-role"), "{denied}");
    cloud.shutdown().await;
}

#[tokio::test]
async fn events_and_ticks_reach_the_functions_of_the_template() {
    let cloud = start().await;
    let function = cloud.stack().function("ListenFunction").unwrap().name.clone();
    let machine = cloud.stack().state_machine_arn();
    let died = json!({
        "version": "0", "id": "1", "source": "aws.states", "detail-type": "Step Functions Execution Status Change",
        "account": "123456789012", "region": "us-east-1", "resources": [], "time": "2026-01-31T00:00:00Z",
        "detail": { "stateMachineArn": machine },
    });
    cloud.events().publish(died);
    until("the event has come", async || got(&cloud, &function, "{\"died\":true}")).await;
    assert!(cloud.scheduler().fire("ListenFunctionNightly"));
    until("the tick has come", async || got(&cloud, &function, "aws.scheduler")).await;
    let rule = &cloud.stack().rules["ListenFunctionTick"].name;
    assert!(!cloud.events().fire(rule), "it is disabled");
    cloud.call(Service::EventBridge, "EnableRule", json!({ "Name": rule })).await.unwrap();
    assert!(cloud.events().fire(rule));
    until("the rule's tick has come", async || got(&cloud, &function, "{\"tick\":true}")).await;

    let group = format!("/aws/lambda/{function}");
    let input = json!({ "logGroupName": group, "filterPattern": "REPORT" });
    let reports = cloud.call(Service::Logs, "FilterLogEvents", input).await.unwrap();
    assert!(!reports["events"].as_array().unwrap().is_empty());
    cloud.shutdown().await;
}
