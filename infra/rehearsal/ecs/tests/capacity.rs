//! Capacity providers: where tasks go, what is told of it, what is refused, and what Fargate Spot takes back.

mod common;

use common::{CLUSTER, World, quick, text};
use parking_lot::Mutex;
use rehearsal_ecs::config::Config;
use rehearsal_ecs::{Ecs, GroupSizes, ScalingGroups, Status, TaskSnapshot};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

fn network() -> Value {
    json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}})
}

/// A definition that Fargate takes as well.
async fn definition(world: &World, family: &str) -> String {
    let container =
        json!({"name": "web", "image": "v1", "portMappings": [{"containerPort": 8080}], "stopTimeout": 2});
    let input = json!({"family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "256", "memory": "512", "containerDefinitions": [container]});
    text(&world.call("RegisterTaskDefinition", input).await["taskDefinition"]["taskDefinitionArn"])
}

async fn with_fargate() -> World {
    let world = World::new(quick()).await;
    let both = json!(["FARGATE", "FARGATE_SPOT"]);
    let input = json!({"cluster": CLUSTER, "capacityProviders": both, "defaultCapacityProviderStrategy": []});
    let told = world.call("PutClusterCapacityProviders", input).await;
    assert_eq!(told["cluster"]["capacityProviders"], both);
    world
}

/// Creates a service without `launchType`, unless `members` has one; or says why not.
async fn create(
    world: &World,
    name: &str,
    definition: &str,
    count: u32,
    members: Value,
) -> Result<Value, String> {
    let mut input = json!({"cluster": CLUSTER, "serviceName": name, "taskDefinition": definition,
        "desiredCount": count, "networkConfiguration": network()});
    for (member, value) in members.as_object().expect("members") {
        input[member] = value.clone();
    }
    world.ecs.call("CreateService", input).await.map_err(|error| error.message)
}

fn spot() -> Value {
    json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]})
}

#[tokio::test]
async fn a_strategy_spreads_tasks_and_answers_have_no_launch_type() {
    let world = with_fargate().await;
    let definition = definition(&world, "web").await;
    let strategy = json!([{"capacityProvider": "FARGATE", "weight": 1, "base": 1},
        {"capacityProvider": "FARGATE_SPOT", "weight": 3, "base": 0}]);
    create(&world, "web", &definition, 5, json!({"capacityProviderStrategy": strategy}))
        .await
        .expect("it is made");
    world.until_steady("web").await;
    let told = world.describe("web").await;
    assert_eq!((&told["launchType"], &told["capacityProviderStrategy"]), (&Value::Null, &strategy));
    assert_eq!(told["deployments"][0]["launchType"], Value::Null);
    let mut on = Vec::new();
    for task in world.tasks("web") {
        let told = world.task(&task.arn).await;
        assert_eq!(told["launchType"], "FARGATE");
        on.push(text(&told["capacityProviderName"]));
    }
    assert_eq!(on.iter().filter(|name| *name == "FARGATE").count(), 2, "{on:?}");

    let other = json!([{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]);
    let change = json!({"cluster": CLUSTER, "service": "web", "capacityProviderStrategy": other});
    assert_eq!(world.refusal("UpdateService", change).await, "InvalidParameterException");
    let told =
        world.update("web", json!({"capacityProviderStrategy": other, "forceNewDeployment": true})).await;
    assert_eq!(told["capacityProviderStrategy"], other);
    let told = world.update("web", json!({"capacityProviderStrategy": [], "forceNewDeployment": true})).await;
    assert_eq!((&told["launchType"], &told["capacityProviderStrategy"]), (&json!("FARGATE"), &Value::Null));
}

#[tokio::test]
async fn what_aws_refuses_of_a_new_service_is_refused() {
    let world = with_fargate().await;
    let (fargate, bridge) = (definition(&world, "web").await, world.definition("bridge", "v1").await);
    let mut both = spot();
    both["launchType"] = "FARGATE".into();
    let unknown = json!({"capacityProviderStrategy": [{"capacityProvider": "workers", "weight": 1}]});
    let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/none/1";
    let nowhere =
        json!({"loadBalancers": [{"targetGroupArn": arn, "containerName": "web", "containerPort": 8080}]});
    for (definition, members, why) in [
        (&fargate, both, "both a launch type and capacity provider strategy"),
        (&fargate, unknown, "not associated with the cluster"),
        (&fargate, json!({"networkConfiguration": null}), "must be provided when networkMode 'awsvpc'"),
        (&bridge, json!({}), "is not valid for the given networkMode"),
        (
            &bridge,
            json!({"launchType": "FARGATE", "networkConfiguration": null}),
            "does not support launch_type FARGATE",
        ),
        (&fargate, nowhere, "does not exist"),
    ] {
        let said = create(&world, "no", definition, 1, members).await.expect_err("refused");
        assert!(said.contains(why), "{said}");
    }
    let group = world.group("web", 0).await;
    world.group("other", 0).await;
    let apart = json!({"loadBalancers": [{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}],
        "launchType": "FARGATE"});
    let said = create(&world, "no", &fargate, 1, apart).await.expect_err("nothing forwards to it any more");
    assert!(said.contains("does not have an associated load balancer"), "{said}");
}

#[tokio::test]
async fn spot_takes_a_task_back_and_the_service_starts_another_once_there_is_room() {
    let world = with_fargate().await;
    let group = world.group("web", 0).await;
    let definition = definition(&world, "web").await;
    let mut members = spot();
    members["loadBalancers"] =
        json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 8080}]);
    create(&world, "web", &definition, 1, members).await.expect("it is made");
    world.until_steady("web").await;
    let first = world.tasks("web")[0].arn.clone();
    world.ecs.set_spot_capacity(false);
    assert!(world.ecs.interrupt_spot(&first));
    assert!(!world.ecs.interrupt_spot(&first), "once");
    world
        .until("it has stopped", |_| {
            world.tasks("web").iter().any(|task| task.arn == first && task.status == Status::Stopped)
        })
        .await;
    let told = world.task(&first).await;
    assert_eq!(
        (text(&told["stopCode"]), text(&told["stoppedReason"])),
        ("SpotInterruption".to_owned(), "Your Spot Task was interrupted.".to_owned())
    );
    let seen: TaskSnapshot = world.tasks("web").into_iter().find(|task| task.arn == first).expect("it");
    let (asked, left) = (seen.sigterm_at.expect("SIGTERM"), seen.deregistered_at.expect("it left its group"));
    assert!(left >= asked, "it is deregistered only once it has stopped");
    let unavailable = "Reason: Capacity is unavailable at this time.";
    world
        .until("there is no room", |_| {
            !world.bridged("ECS Service Action", "SERVICE_TASK_PLACEMENT_FAILURE").is_empty()
        })
        .await;
    let messages = world.messages("web").await;
    assert!(messages.iter().any(|message| message.contains(unavailable)), "{messages:?}");
    world.ecs.set_spot_capacity(true);
    world.until_steady("web").await;
}

/// An Auto Scaling group whose instances join at once.
struct Group {
    ecs: Mutex<Option<Ecs>>,
    sizes: Mutex<GroupSizes>,
    joined: Mutex<Vec<(String, String)>>,
}

impl ScalingGroups for Group {
    fn sizes(&self, group: &str) -> Option<GroupSizes> {
        (group == "workers").then(|| *self.sizes.lock())
    }

    fn set_desired(&self, group: &str, desired: u32) {
        self.sizes.lock().desired = desired;
        let mut joined = self.joined.lock();
        while joined.len() < desired as usize {
            let ec2 = format!("i-{:017}", joined.len());
            let arn = self
                .ecs
                .lock()
                .as_ref()
                .expect("an ECS")
                .join(CLUSTER, (&ec2, group), 512, 1024)
                .expect("it joins");
            joined.push((ec2, arn));
        }
    }

    fn end(&self, ec2_id: &str) {
        let mut joined = self.joined.lock();
        let at = joined.iter().position(|(ec2, _)| ec2 == ec2_id).expect("one of its own");
        let (_, arn) = joined.remove(at);
        self.sizes.lock().desired -= 1;
        self.ecs.lock().as_ref().expect("an ECS").remove_container_instance(&arn);
    }
}

#[tokio::test]
async fn managed_scaling_makes_room_for_tasks_that_wait_and_gives_it_back() {
    let world = World::new(Config { scale_in: Duration::from_millis(100), ..quick() }).await;
    let sizes = GroupSizes { least: 0, most: 3, desired: 0, each: (512, 1024) };
    let group = Arc::new(Group { ecs: Mutex::default(), sizes: Mutex::new(sizes), joined: Mutex::default() });
    *group.ecs.lock() = Some(world.ecs.clone());
    world.ecs.set_scaling_groups(group.clone());
    let provider = json!({"name": "workers", "autoScalingGroupProvider": {
        "autoScalingGroupArn": "workers", "managedScaling": {"status": "ENABLED"}}});
    let made = world.call("CreateCapacityProvider", provider).await;
    assert_eq!(made["capacityProvider"]["autoScalingGroupProvider"]["managedScaling"]["targetCapacity"], 100);
    let strategy = json!([{"capacityProvider": "workers", "weight": 1, "base": 0}]);
    let input = json!({"cluster": CLUSTER, "capacityProviders": ["workers"], "defaultCapacityProviderStrategy": strategy});
    world.call("PutClusterCapacityProviders", input).await;
    let definition = definition(&world, "web").await;
    create(&world, "web", &definition, 4, json!({})).await.expect("by the cluster's own strategy");
    world.until_steady("web").await;
    assert_eq!(group.sizes.lock().desired, 2, "two tasks to an instance");
    let task = world.task(&world.tasks("web")[0].arn).await;
    assert_eq!((&task["capacityProviderName"], &task["launchType"]), (&json!("workers"), &json!("EC2")));
    assert!(world.tasks("web").iter().all(|task| task.instance.as_ref() != Some(&world.instance)));
    world.update("web", json!({"desiredCount": 0})).await;
    common::until("the group is empty", || group.sizes.lock().desired == 0).await;
    // Let go, so that the last handle of the ECS can go as well.
    group.ecs.lock().take();
}
