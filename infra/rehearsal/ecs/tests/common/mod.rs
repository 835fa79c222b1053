//! What the tests share: an ECS with a load balancer in front, images that are real programs, and patience.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use parking_lot::Mutex;
use rehearsal_ecs::config::{Config, Lag, Lags};
use rehearsal_ecs::{Ecs, Image, Registry, ServiceSnapshot, Snapshot, TaskSnapshot};
use rehearsal_elb::Elb;
use rehearsal_wire::{Service, check_output, validate};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// How long anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(30);
pub const CLUSTER: &str = "main";
/// What one task takes.
pub const TASK_CPU: u32 = 128;
pub const TASK_MEMORY: u32 = 64;

/// Images by reference.
#[derive(Default)]
pub struct Images(Mutex<BTreeMap<String, Image>>);

impl Registry for Images {
    fn pull(&self, image: &str) -> Result<Image, String> {
        // What is named by a digest is that, whatever its tag.
        let reference = image.split_once('@').map_or(image, |(_, digest)| digest);
        self.0.lock().get(reference).cloned().ok_or_else(|| format!("{image}: not found"))
    }
}

/// A cluster with one roomy container instance, and a load balancer with one listener.
pub struct World {
    pub ecs: Ecs,
    pub elb: Elb,
    pub images: Arc<Images>,
    pub events: Arc<Mutex<Vec<Value>>>,
    pub instance: String,
    pub listener: String,
    pub address: SocketAddr,
}

/// Like AWS, but in a hurry.
pub fn quick() -> Config {
    let lag = Lag::millis(1, 10);
    Config {
        seed: 7,
        tick: Duration::from_millis(20),
        lags: Lags { provision: lag, pull: lag, start: lag, deprovision: lag },
        stop_timeout: Duration::from_secs(1),
        launch_backoff: Duration::from_millis(100),
        placement_retry: Duration::from_millis(50),
        ..Config::default()
    }
}

impl World {
    pub async fn new(config: Config) -> Self {
        let elb_config = rehearsal_elb::Config {
            nodes: 1,
            seed: 7,
            health_check_interval_floor: Duration::from_secs(1),
            ..rehearsal_elb::Config::default()
        };
        let elb = Elb::new(elb_config.without_lag());
        let images = Arc::new(Images::default());
        let events = Arc::new(Mutex::new(Vec::new()));
        let sink = events.clone();
        let take = Arc::new(move |event| sink.lock().push(event));
        let ecs = Ecs::new(config, images.clone(), Arc::new(elb.clone()), take);
        let balancer =
            elb_call(&elb, "CreateLoadBalancer", json!({"Name": "web", "Subnets": ["subnet-1", "subnet-2"]}))
                .await;
        let nothing = json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]);
        let input = json!({
            "LoadBalancerArn": balancer["LoadBalancers"][0]["LoadBalancerArn"], "Protocol": "HTTP", "Port": 0,
            "DefaultActions": nothing,
        });
        let listener = text(&elb_call(&elb, "CreateListener", input).await["Listeners"][0]["ListenerArn"]);
        let address = elb.listener_address(&listener).expect("an address");
        let world = Self { ecs, elb, images, events, instance: String::new(), listener, address };
        world.call("CreateCluster", json!({"clusterName": CLUSTER})).await;
        let instance = world.ecs.add_container_instance(CLUSTER, 2048, 2048, &[]).expect("an instance");
        for (name, status) in [("v1", "200"), ("v2", "200"), ("sick", "500")] {
            world.image(
                name,
                &[env!("CARGO_BIN_EXE_rehearsal-test-task")],
                &[("STATUS", status), ("NAME", name)],
            );
        }
        world.shell("crash", "echo no configuration; exit 3");
        world.shell(
            "stubborn",
            &format!("trap '' TERM; NAME=stubborn exec {}", env!("CARGO_BIN_EXE_rehearsal-test-task")),
        );
        Self { instance, ..world }
    }

    pub fn image(&self, name: &str, command: &[&str], environment: &[(&str, &str)]) {
        let image = Image {
            digest: format!("sha256:{name:0>64}"),
            entry_point: Vec::new(),
            command: command.iter().map(ToString::to_string).collect(),
            environment: environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        };
        let mut images = self.images.0.lock();
        images.insert(image.digest.clone(), image.clone());
        images.insert(name.to_owned(), image);
    }

    /// Moves a tag to another image.
    pub fn retag(&self, tag: &str, to: &str) {
        let mut images = self.images.0.lock();
        let other = images[to].clone();
        images.insert(tag.to_owned(), other);
    }

    pub fn shell(&self, name: &str, script: &str) {
        self.image(name, &["/bin/sh", "-c", script], &[]);
    }

    /// A call that must succeed, with input and output as AWS's model has them where the wire speaks it.
    pub async fn call(&self, operation: &str, input: Value) -> Value {
        let violations = validate(Service::Ecs, operation, &input);
        assert!(violations.is_empty(), "{operation} {input}: {violations:?}");
        let answer = self.ecs.call(operation, input.clone()).await;
        let answer = answer.unwrap_or_else(|error| panic!("{operation} {input}: {error}"));
        if Service::Ecs.operations().any(|known| known == operation) {
            let complaints = check_output(Service::Ecs, operation, &answer);
            assert!(complaints.is_empty(), "{operation}: {complaints:?}");
        }
        answer
    }

    /// The code of a call that must be refused.
    pub async fn refusal(&self, operation: &str, input: Value) -> String {
        match self.ecs.call(operation, input.clone()).await {
            Ok(answer) => panic!("{operation} {input} was answered {answer}"),
            Err(error) => error.code,
        }
    }

    /// A target group behind the listener, alone, whose targets drain for `delay` seconds.
    pub async fn group(&self, name: &str, delay: u32) -> String {
        let input = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", "TargetType": "ip",
            "HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 1, "HealthCheckTimeoutSeconds": 1,
            "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2});
        let made = elb_call(&self.elb, "CreateTargetGroup", input).await;
        let arn = text(&made["TargetGroups"][0]["TargetGroupArn"]);
        let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": delay.to_string()}]);
        let input = json!({"TargetGroupArn": arn, "Attributes": delay});
        elb_call(&self.elb, "ModifyTargetGroupAttributes", input).await;
        let forward = json!([{"Type": "forward", "TargetGroupArn": arn}]);
        let input = json!({"ListenerArn": self.listener, "DefaultActions": forward});
        elb_call(&self.elb, "ModifyListener", input).await;
        arn
    }

    /// Registers a task definition of one container with this image; answers its ARN.
    pub async fn definition(&self, family: &str, image: &str) -> String {
        self.definition_with(family, image, json!({})).await
    }

    /// The same with more members of the container.
    pub async fn definition_with(&self, family: &str, image: &str, members: Value) -> String {
        let mut container = json!({
            "name": "web", "image": image, "cpu": TASK_CPU, "memory": TASK_MEMORY,
            "portMappings": [{"containerPort": 8080}],
        });
        for (name, value) in members.as_object().expect("members") {
            container[name] = value.clone();
        }
        let input = json!({"family": family, "containerDefinitions": [container]});
        let answer = self.call("RegisterTaskDefinition", input).await;
        text(&answer["taskDefinition"]["taskDefinitionArn"])
    }

    /// Creates a service; `members` are added to the input.
    pub async fn create(
        &self,
        name: &str,
        definition: &str,
        desired: u32,
        group: Option<&str>,
        members: Value,
    ) {
        let mut input = json!({
            "cluster": CLUSTER, "serviceName": name, "taskDefinition": definition, "desiredCount": desired,
            "launchType": "EC2",
            "deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200},
        });
        if let Some(group) = group {
            input["loadBalancers"] =
                json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}]);
        }
        for (name, value) in members.as_object().expect("members") {
            input[name] = value.clone();
        }
        self.call("CreateService", input).await;
    }

    /// A service of `v1` tasks behind the listener, in a steady state.
    pub async fn serving(&self, name: &str, desired: u32, delay: u32) -> String {
        let group = self.group(name, delay).await;
        let definition = self.definition(name, "v1").await;
        self.create(name, &definition, desired, Some(&group), json!({})).await;
        self.until_steady(name).await;
        group
    }

    pub async fn update(&self, name: &str, members: Value) -> Value {
        let mut input = members;
        (input["cluster"], input["service"]) = (CLUSTER.into(), name.into());
        self.call("UpdateService", input).await["service"].clone()
    }

    pub async fn describe(&self, name: &str) -> Value {
        let input = json!({"cluster": CLUSTER, "services": [name], "include": ["TAGS"]});
        self.call("DescribeServices", input).await["services"][0].clone()
    }

    pub async fn task(&self, arn: &str) -> Value {
        let input = json!({"cluster": CLUSTER, "tasks": [arn]});
        self.call("DescribeTasks", input).await["tasks"][0].clone()
    }

    /// A service's events, oldest first.
    pub async fn messages(&self, name: &str) -> Vec<String> {
        let service = self.describe(name).await;
        service["events"]
            .as_array()
            .expect("events")
            .iter()
            .rev()
            .map(|event| text(&event["message"]))
            .collect()
    }

    /// The details of the EventBridge events of a kind and name, oldest first.
    pub fn bridged(&self, detail_type: &str, name: &str) -> Vec<Value> {
        let events = self.events.lock();
        let ours = events.iter().filter(|event| event["detail-type"] == detail_type);
        ours.map(|event| event["detail"].clone()).filter(|detail| detail["eventName"] == name).collect()
    }

    pub fn service(&self, name: &str) -> ServiceSnapshot {
        let services = self.ecs.snapshot().services;
        services.into_iter().find(|service| service.name == name).expect("the service")
    }

    /// A service's tasks, oldest first.
    pub fn tasks(&self, name: &str) -> Vec<TaskSnapshot> {
        self.ecs.snapshot().tasks_of(CLUSTER, name).cloned().collect()
    }

    pub async fn until_steady(&self, name: &str) {
        self.until(&format!("{name} is steady"), |_| self.service(name).steady).await;
    }

    /// Looks whenever something has changed, until it holds.
    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Snapshot) -> bool) {
        let mut changes = self.ecs.changes();
        let looking = async {
            while !holds(&self.ecs.snapshot()) {
                changes.changed().await.expect("an ECS");
            }
        };
        let seen = tokio::time::timeout(DEADLINE, looking).await;
        assert!(seen.is_ok(), "waited in vain until {what}: {:#?}", self.ecs.snapshot());
    }
}

async fn elb_call(elb: &Elb, operation: &str, input: Value) -> Value {
    elb.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The ids of ARNs or the strings of a list.
pub fn list(value: &Value) -> Vec<String> {
    value.as_array().unwrap_or_else(|| panic!("no list: {value}")).iter().map(text).collect()
}

/// Whether something listens there.
pub fn listens(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Looks again and again until something holds; panics when it takes too long.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let looking = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, looking).await.is_ok(), "waited in vain until {what}");
}
