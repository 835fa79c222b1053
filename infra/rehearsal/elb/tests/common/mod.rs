//! What the tests share: a load balancer with its groups, real backends, and real clients.

#![allow(dead_code, reason = "each test file uses its own part of this")]

pub mod backend;
pub mod client;

use rehearsal_elb::{Config, Elb, Snapshot};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

/// How long anything is waited for.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// One load balancer with one listener.
pub struct World {
    pub elb: Elb,
    pub balancer: String,
    pub listener: String,
    pub address: SocketAddr,
}

/// No lag, one node, and health checks as often as whole seconds allow.
pub fn quick() -> Config {
    Config { nodes: 1, seed: 7, health_check_interval_floor: Duration::from_secs(1), ..Config::default() }
        .without_lag()
}

impl World {
    /// A world whose listener answers 404 until it is given a group.
    pub async fn new(config: Config) -> Self {
        let elb = Elb::new(config);
        let made =
            ok(&elb, "CreateLoadBalancer", json!({"Name": "web", "Subnets": ["subnet-1", "subnet-2"]})).await;
        let balancer = text(&made["LoadBalancers"][0]["LoadBalancerArn"]);
        let fixed = json!([{"Type": "fixed-response",
            "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain", "MessageBody": "nothing here"}}]);
        let made = ok(
            &elb,
            "CreateListener",
            json!({"LoadBalancerArn": balancer, "Protocol": "HTTP", "Port": 0, "DefaultActions": fixed}),
        )
        .await;
        let listener = text(&made["Listeners"][0]["ListenerArn"]);
        let address = elb.listener_address(&listener).expect("an address");
        Self { elb, balancer, listener, address }
    }

    pub async fn call(&self, operation: &str, input: Value) -> Value {
        ok(&self.elb, operation, input).await
    }

    /// A target group whose targets drain for `delay` seconds.
    pub async fn group(&self, name: &str, delay: u32) -> String {
        let input = json!({"Name": name, "Protocol": "HTTP", "Port": 80, "VpcId": "vpc-1", "TargetType": "ip",
            "HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 1, "HealthCheckTimeoutSeconds": 1,
            "HealthyThresholdCount": 2});
        let arn = text(&self.call("CreateTargetGroup", input).await["TargetGroups"][0]["TargetGroupArn"]);
        let delay = json!([{"Key": "deregistration_delay.timeout_seconds", "Value": delay.to_string()}]);
        self.call("ModifyTargetGroupAttributes", json!({"TargetGroupArn": arn, "Attributes": delay})).await;
        arn
    }

    /// Forwards everything to the groups by these weights.
    pub async fn forward(&self, weights: &[(&str, u32)]) {
        let actions = forward(weights);
        self.call("ModifyListener", json!({"ListenerArn": self.listener, "DefaultActions": actions})).await;
    }

    /// A group behind the listener with these backends, all of them healthy to every node.
    pub async fn serving(&self, name: &str, delay: u32, backends: &[SocketAddr]) -> String {
        let group = self.group(name, delay).await;
        self.forward(&[(&group, 1)]).await;
        for backend in backends {
            self.register(&group, *backend);
        }
        for backend in backends {
            self.until_state(&group, *backend, Some("healthy")).await;
        }
        self.until("all news have arrived", |world| world.elb.snapshot().pending == 0).await;
        group
    }

    pub fn register(&self, group: &str, backend: SocketAddr) {
        self.elb.register(group, &backend.ip().to_string(), backend.port()).expect("registered");
    }

    pub fn deregister(&self, group: &str, backend: SocketAddr) {
        self.elb.deregister(group, &backend.ip().to_string(), backend.port()).expect("deregistered");
    }

    pub fn state(&self, group: &str, backend: SocketAddr) -> Option<String> {
        let health = self.elb.target_health(group, &backend.ip().to_string(), backend.port());
        health.map(|health| health.state)
    }

    pub fn in_flight(&self, group: &str, backend: SocketAddr) -> usize {
        self.elb.in_flight(group, &backend.ip().to_string(), backend.port())
    }

    pub async fn until_state(&self, group: &str, backend: SocketAddr, state: Option<&str>) {
        self.until(&format!("{backend} is {state:?}"), |world| {
            world.state(group, backend).as_deref() == state
        })
        .await;
    }

    pub async fn until(&self, what: &str, mut holds: impl FnMut(&Self) -> bool) {
        until(what, || holds(self)).await;
    }

    pub fn metrics(&self, group: &str) -> rehearsal_elb::MetricWindow {
        self.elb.metrics(group, 0, u64::MAX)
    }

    pub fn errors(&self) -> rehearsal_elb::LoadBalancerWindow {
        self.elb.load_balancer_metrics(&self.balancer, 0, u64::MAX)
    }
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

/// A forward action by weights.
pub fn forward(weights: &[(&str, u32)]) -> Value {
    let tuples: Vec<Value> =
        weights.iter().map(|(group, weight)| json!({"TargetGroupArn": group, "Weight": weight})).collect();
    json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}])
}

pub async fn ok(elb: &Elb, operation: &str, input: Value) -> Value {
    elb.call(operation, input).await.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// The code of an operation's refusal.
pub async fn code(elb: &Elb, operation: &str, input: Value) -> String {
    match elb.call(operation, input.clone()).await {
        Ok(answer) => panic!("{operation} {input} was answered {answer}"),
        Err(error) => error.code,
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The weights that each node applies for one rule.
pub fn weights_by_node(snapshot: &Snapshot, rule: &str) -> Vec<Vec<u32>> {
    let weights = |rules: &[rehearsal_elb::RuleSnapshot]| {
        let found = rules.iter().find(|known| known.rule_arn == rule);
        found.map(|rule| rule.groups.iter().map(|group| group.weight).collect()).unwrap_or_default()
    };
    snapshot.nodes.iter().map(|node| weights(&node.rules)).collect()
}
