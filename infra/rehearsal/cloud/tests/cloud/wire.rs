//! Requests as bytes: every protocol, refusals, limits and faults.

use crate::support::{call_json, config, form_call, send, signed, start};
use http::Request;
use rehearsal_cloud::{ApiFault, ApiFaultRule, Cloud, CloudConfig};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;

const ECS: &str = "AmazonEC2ContainerServiceV20141113";

#[tokio::test]
async fn every_protocol_is_answered_in_kind() {
    let cloud = start().await;
    let endpoint = cloud.endpoint();
    let host = endpoint.trim_start_matches("http://");

    let json =
        call_json(&cloud, "ecs", &format!("{ECS}.CreateCluster"), r#"{"clusterName":"shop"}"#).await.unwrap();
    assert_eq!((json.status, &json.json()["cluster"]["clusterName"]), (200, &Value::from("shop")));
    assert!(json.head.contains("x-amzn-requestid:") && json.head.contains("application/x-amz-json-1.1"));

    let form = "Action=DescribeTargetGroups&Version=2015-12-01";
    let query = send(host, &signed(&cloud, "elasticloadbalancing", form_call(), form)).await.unwrap();
    assert_eq!(query.status, 200);
    assert!(query.body.contains("<DescribeTargetGroupsResponse"), "{}", query.body);

    let rest = signed(&cloud, "lambda", Request::get("/2015-03-31/functions"), "");
    let functions = send(host, &rest).await.unwrap().json();
    assert!(functions["Functions"].as_array().unwrap().iter().any(|one| one["FunctionName"] == "small-step"));

    let identity = "Action=GetCallerIdentity&Version=2011-06-15";
    let sts = send(host, &signed(&cloud, "sts", form_call(), identity)).await.unwrap();
    assert!(sts.body.contains("arn:aws:iam::123456789012:user/rehearsal"));
    cloud.shutdown().await;
}

#[tokio::test]
async fn refusals_have_awss_codes_and_shapes() {
    let cloud = start().await;
    let unknown = call_json(&cloud, "ecs", &format!("{ECS}.Nonsense"), "{}").await.unwrap();
    assert_eq!((unknown.status, &unknown.json()["__type"]), (400, &Value::from("UnknownOperationException")));
    let invalid = call_json(&cloud, "dynamodb", "DynamoDB_20120810.GetItem", r#"{"Key":{}}"#).await.unwrap();
    assert_eq!(invalid.status, 400);
    assert!(invalid.json().to_string().contains("Value null at 'tableName'"), "{}", invalid.body);
    let missing =
        call_json(&cloud, "ecs", &format!("{ECS}.ListServices"), r#"{"cluster":"nope"}"#).await.unwrap();
    assert_eq!(missing.json()["__type"], "ClusterNotFoundException");
    let inside = cloud.call(Service::DynamoDb, "GetItem", json!({})).await.unwrap_err();
    assert_eq!(inside.code, "ValidationException");
    cloud.shutdown().await;
}

#[tokio::test]
async fn the_stack_is_there_before_anyone_asks() {
    let cloud = start().await;
    let table = cloud.stack().table_name().to_owned();
    let described =
        cloud.call(Service::DynamoDb, "DescribeTable", json!({ "TableName": table })).await.unwrap();
    assert_eq!(described["Table"]["KeySchema"][0]["AttributeName"], "service");
    let ttl =
        cloud.call(Service::DynamoDb, "DescribeTimeToLive", json!({ "TableName": table })).await.unwrap();
    assert_eq!(ttl["TimeToLiveDescription"]["AttributeName"], "expires_at");
    let rules = cloud.call(Service::EventBridge, "ListRules", json!({})).await.unwrap();
    assert_eq!(rules["Rules"].as_array().unwrap().len(), 3);
    let topics = cloud.call(Service::Sns, "ListTopics", json!({})).await.unwrap();
    assert_eq!(topics["Topics"].as_array().unwrap().len(), 1);
    let alarms = cloud.call(Service::CloudWatch, "DescribeAlarms", json!({})).await.unwrap();
    assert_eq!(alarms["MetricAlarms"][0]["Threshold"], 1);
    let groups = json!({ "logGroupNamePrefix": "/small" });
    let groups = cloud.call(Service::Logs, "DescribeLogGroups", groups).await.unwrap();
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 7);
    cloud.shutdown().await;
}

#[tokio::test]
async fn limits_and_faults_are_met_on_the_wire() {
    let cloud = start().await;
    let list = || call_json(&cloud, "ecs", "AmazonEC2ContainerServiceV20141113.ListClusters", "{}");
    let fault = |fault| ApiFaultRule {
        caller: None,
        service: Some(Service::Ecs),
        operation: Some("ListClusters".to_owned()),
        skip: 0,
        times: 1,
        fault,
    };
    cloud.inject(fault(ApiFault::ActThenDrop));
    assert!(list().await.is_none(), "the connection is closed without an answer");
    cloud.inject(fault(ApiFault::Throttle));
    let throttled = list().await.unwrap();
    assert_eq!((throttled.status, &throttled.json()["__type"]), (400, &Value::from("ThrottlingException")));
    assert_eq!(list().await.unwrap().status, 200);

    let register = format!("{ECS}.DeregisterTaskDefinition");
    let mut refused = 0;
    for _ in 0..25 {
        let answer = call_json(&cloud, "ecs", &register, r#"{"taskDefinition":"a:1"}"#).await.unwrap();
        refused += usize::from(answer.json()["__type"] == "ThrottlingException");
    }
    assert!((1..=5).contains(&refused), "20 at once, 1 a second: {refused}");
    let calls = cloud.calls();
    let of = |operation: &str| calls.counts.iter().find(|count| count.operation == operation).unwrap();
    assert_eq!((of("ListClusters").calls, of("ListClusters").throttled), (3, 1));
    assert_eq!(of("DeregisterTaskDefinition").throttled, refused as u64);
    cloud.shutdown().await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let refused = |config: CloudConfig| async {
        match Cloud::start(config).await {
            Ok(_) => panic!("it started"),
            Err(error) => format!("{error:#}"),
        }
    };
    let told = refused(CloudConfig { binaries: BTreeMap::new(), ..config() }).await;
    assert!(told.contains("StepFunction needs the binary step") && told.contains("listen"), "{told}");
    let binaries = ["step", "listen"].map(|name| (name.to_owned(), PathBuf::from("/nowhere"))).into();
    assert!(refused(CloudConfig { binaries, ..config() }).await.contains("/nowhere is no file"));
    let parameters = [("Typo".to_owned(), "1".to_owned())].into();
    assert!(refused(CloudConfig { parameters, ..config() }).await.contains("no such parameter"));
    let cloud = start().await;
    let port = cloud.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    assert!(refused(CloudConfig { port, ..config() }).await.contains("cannot listen on 127.0.0.1"));
    cloud.shutdown().await;
}
