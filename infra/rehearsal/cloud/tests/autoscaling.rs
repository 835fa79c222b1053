//! Auto Scaling groups: instances join their cluster some time after they are asked for, and go one by one.

use rehearsal_cloud::autoscaling::GroupSetting;
use rehearsal_cloud::{Cloud, CloudConfig};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};

/// The longest that an instance may take to join.
const DEADLINE: Duration = Duration::from_secs(20);

async fn cloud() -> Cloud {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/empty.yaml");
    let cloud = Cloud::start(CloudConfig { template, ..CloudConfig::default() }).await.expect("it starts");
    call(&cloud, Service::Ecs, "CreateCluster", json!({ "clusterName": "main" })).await;
    cloud
        .autoscaling()
        .create(GroupSetting {
            name: "workers".into(),
            cluster: "main".into(),
            size: (1024, 2048),
            least: 1,
            most: 3,
            desired: 1,
            tags: [("changeover:cluster".to_owned(), "main".to_owned())].into(),
        })
        .expect("the cluster is there");
    cloud.autoscaling().set_launch(Duration::from_millis(20));
    cloud
}

async fn call(cloud: &Cloud, service: Service, operation: &str, input: Value) -> Value {
    cloud.call(service, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

async fn group(cloud: &Cloud) -> Value {
    let filters = json!([{ "Name": "tag:changeover:cluster", "Values": ["main"] }]);
    let told =
        call(cloud, Service::AutoScaling, "DescribeAutoScalingGroups", json!({ "Filters": filters })).await;
    told["AutoScalingGroups"][0].clone()
}

async fn joined(cloud: &Cloud, number: usize) {
    let began = Instant::now();
    loop {
        let listed = call(cloud, Service::Ecs, "ListContainerInstances", json!({ "cluster": "main" })).await;
        if listed["containerInstanceArns"].as_array().map(Vec::len) == Some(number) {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{number} instances have not joined: {listed}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn instances_join_and_the_one_that_is_named_goes() {
    let cloud = cloud().await;
    joined(&cloud, 1).await;
    let wanted = json!({ "AutoScalingGroupName": "workers", "DesiredCapacity": 3 });
    call(&cloud, Service::AutoScaling, "SetDesiredCapacity", wanted).await;
    joined(&cloud, 3).await;
    let instances = group(&cloud).await["Instances"].clone();
    let second = instances[1]["InstanceId"].as_str().expect("an id").to_owned();
    let gone = json!({ "InstanceId": second, "ShouldDecrementDesiredCapacity": true });
    call(&cloud, Service::AutoScaling, "TerminateInstanceInAutoScalingGroup", gone.clone()).await;
    joined(&cloud, 2).await;
    let group = group(&cloud).await;
    let left: Vec<&Value> =
        group["Instances"].as_array().expect("a list").iter().map(|one| &one["InstanceId"]).collect();
    assert_eq!(
        (&group["DesiredCapacity"], left),
        (&json!(2), vec![&instances[0]["InstanceId"], &instances[2]["InstanceId"]])
    );
    let again =
        cloud.call(Service::AutoScaling, "TerminateInstanceInAutoScalingGroup", gone).await.unwrap_err();
    assert!(again.message.contains("No managed instance found"), "{again}");
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_group_keeps_to_its_bounds_and_loses_its_tag() {
    let cloud = cloud().await;
    let too_many = json!({ "AutoScalingGroupName": "workers", "DesiredCapacity": 4 });
    let refused = cloud.call(Service::AutoScaling, "SetDesiredCapacity", too_many).await.unwrap_err();
    assert_eq!(
        (refused.code.as_str(), refused.message.as_str()),
        ("ValidationError", "New SetDesiredCapacity value 4 is above max value 3 for the AutoScalingGroup.")
    );
    let only = group(&cloud).await["Instances"][0]["InstanceId"].clone();
    let gone = json!({ "InstanceId": only, "ShouldDecrementDesiredCapacity": true });
    let refused =
        cloud.call(Service::AutoScaling, "TerminateInstanceInAutoScalingGroup", gone).await.unwrap_err();
    assert!(refused.message.contains("desiredSize equals minSize (1)"), "{refused}");
    let tag =
        json!({ "ResourceId": "workers", "ResourceType": "auto-scaling-group", "Key": "changeover:cluster" });
    call(&cloud, Service::AutoScaling, "DeleteTags", json!({ "Tags": [tag] })).await;
    assert_eq!(group(&cloud).await, Value::Null, "it is not found by its tag any more");
    cloud.shutdown().await;
}
