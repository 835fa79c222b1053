//! A service from pushed image to counted request: registry, ECS, load balancer, metrics, logs, tags.

use crate::support::{PROGRAM, send, start, until};
use rehearsal_cloud::{Cloud, ecr};
use rehearsal_wire::Service;
use serde_json::{Value, json};

const REQUESTS: usize = 5;

async fn call(cloud: &Cloud, service: Service, operation: &str, input: Value) -> Value {
    cloud.call(service, operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// A target group with a service of one task behind a listener: the group, the balancer, the listener.
async fn serve(cloud: &Cloud) -> (String, String, String) {
    call(cloud, Service::Ecr, "CreateRepository", json!({ "repositoryName": "web" })).await;
    let manifest = ecr::manifest(&[PROGRAM.to_owned(), "serve".to_owned()], &[]);
    let image = json!({ "repositoryName": "web", "imageTag": "v1", "imageManifest": manifest });
    call(cloud, Service::Ecr, "PutImage", image).await;
    let group = json!({
        "Name": "web", "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-0a1b2c3d", "TargetType": "ip",
        "HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2,
    });
    let group = call(cloud, Service::Elbv2, "CreateTargetGroup", group).await;
    let group = group["TargetGroups"][0]["TargetGroupArn"].as_str().unwrap().to_owned();
    let balancer = call(
        cloud,
        Service::Elbv2,
        "CreateLoadBalancer",
        json!({ "Name": "web", "Subnets": ["subnet-1", "subnet-2"] }),
    )
    .await;
    let balancer = balancer["LoadBalancers"][0]["LoadBalancerArn"].as_str().unwrap().to_owned();
    let listener = json!({
        "LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 0,
        "DefaultActions": [{ "Type": "forward", "TargetGroupArn": group }],
    });
    let listener = cloud.elb().call("CreateListener", listener).await.unwrap();
    let listener = listener["Listeners"][0]["ListenerArn"].as_str().unwrap().to_owned();

    call(cloud, Service::Ecs, "CreateCluster", json!({ "clusterName": "shop" })).await;
    cloud.ecs().add_container_instance("shop", 1024, 1024, &[]).unwrap();
    let container = json!({
        "name": "web", "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/web:v1", "essential": true,
        "portMappings": [{ "containerPort": 80 }],
        "logConfiguration": { "logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs" } },
    });
    let definition = json!({
        "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "256", "containerDefinitions": [container],
    });
    call(cloud, Service::Ecs, "RegisterTaskDefinition", definition).await;
    let service = json!({
        "cluster": "shop", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1, "launchType": "EC2",
        "tags": [{ "key": "changeover:repository", "value": "web" }],
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-0a1b2c3d"] } },
        "loadBalancers": [{ "targetGroupArn": group, "containerName": "web", "containerPort": 80 }],
    });
    call(cloud, Service::Ecs, "CreateService", service).await;
    (group, balancer, listener)
}

fn tail(arn: &str, from: &str) -> String {
    arn[arn.find(from).unwrap()..].to_owned()
}

#[tokio::test]
async fn a_push_becomes_a_service_whose_requests_are_counted() {
    let cloud = start().await;
    let (group, balancer, listener) = serve(&cloud).await;
    assert!(cloud.events().kept().iter().any(|event| event["source"] == "aws.ecr"), "the push is on the bus");
    until("the service is steady", async || {
        cloud.ecs().snapshot().services.iter().all(|service| service.steady)
    })
    .await;
    let address = cloud.elb().listener_address(&listener).unwrap().to_string();
    for _ in 0..REQUESTS {
        let request = format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        assert_eq!(send(&address, &request).await.unwrap().status, 200);
    }

    let dimensions = json!([
        { "Name": "TargetGroup", "Value": tail(&group, "targetgroup/") },
        { "Name": "LoadBalancer", "Value": tail(&balancer, "app/") },
    ]);
    let query = |id: &str, name: &str, stat: &str| {
        let metric =
            json!({ "Namespace": "AWS/ApplicationELB", "MetricName": name, "Dimensions": dimensions });
        json!({ "Id": id, "MetricStat": { "Metric": metric, "Period": 1, "Stat": stat } })
    };
    let queries = [
        query("requests", "RequestCount", "Sum"),
        query("errors", "HTTPCode_Target_5XX_Count", "Sum"),
        query("time", "TargetResponseTime", "p90"),
        query("healthy", "HealthyHostCount", "Minimum"),
    ];
    let now = jiff::Timestamp::now().as_second();
    let input = json!({ "StartTime": now - 30, "EndTime": now + 30, "MetricDataQueries": queries });
    until("the requests can be seen", async || {
        let answer = call(&cloud, Service::CloudWatch, "GetMetricData", input.clone()).await;
        let values = |n: usize| -> Vec<f64> {
            let values = answer["MetricDataResults"][n]["Values"].as_array().unwrap();
            values.iter().filter_map(Value::as_f64).collect()
        };
        assert!(values(1).is_empty(), "no error is no point");
        let requests: f64 = values(0).iter().sum();
        let seen = (requests - REQUESTS as f64).abs() < f64::EPSILON;
        seen && values(2).iter().all(|time| *time > 0.0) && values(3).first() == Some(&1.0)
    })
    .await;

    let filters =
        json!({ "TagFilters": [{ "Key": "changeover:repository" }], "ResourceTypeFilters": ["ecs:service"] });
    let tagged = call(&cloud, Service::Tagging, "GetResources", filters).await;
    let arn = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
    assert_eq!(tagged["ResourceTagMappingList"][0]["ResourceARN"], arn);
    let task = cloud.ecs().snapshot().tasks[0].clone();
    let stream = format!("ecs/web/{}", task.arn.rsplit('/').next().unwrap());
    let lines = json!({ "logGroupName": "/ecs/web", "logStreamName": stream });
    let lines = call(&cloud, Service::Logs, "GetLogEvents", lines).await;
    assert_eq!(lines["events"][0]["message"], "serving");

    cloud.shutdown().await;
    let process = format!("/proc/{}", task.pid.unwrap());
    assert!(!std::path::Path::new(&process).exists(), "no process is left");
}
