//! Clusters that have room, have none, and get some.

mod common;

use common::{CLUSTER, TASK_CPU, TASK_MEMORY, World, quick};
use rehearsal_ecs::Status;
use rehearsal_ecs::config::Config;
use serde_json::{Value, json};

/// What CPU, MEMORY and PORTS an instance says it has left.
async fn left(world: &World, instance: &str) -> (u64, u64, Vec<String>) {
    let input = json!({"cluster": CLUSTER, "containerInstances": [instance]});
    let told = world.call("DescribeContainerInstances", input).await["containerInstances"][0].clone();
    assert_eq!((told["status"].as_str(), told["agentConnected"].as_bool()), (Some("ACTIVE"), Some(true)));
    let resources = told["remainingResources"].as_array().expect("resources").clone();
    let names: Vec<_> = resources.iter().map(|one| one["name"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["CPU", "MEMORY", "PORTS", "PORTS_UDP"]);
    let number = |index: usize| resources[index]["integerValue"].as_u64().expect("a number");
    (number(0), number(1), common::list(&resources[2]["stringSetValue"]))
}

async fn refused(world: &World, words: &str, resource: &str) {
    world.until("a placement has failed", |_| !placement_failures(world).is_empty()).await;
    let messages = world.messages("web").await;
    let unmet =
        "(service web) was unable to place a task because no container instance met all of its requirements.";
    let id = world.instance.rsplit('/').next().unwrap_or_default();
    let whole = format!(
        "{unmet} The closest matching (container-instance {id}) {words} For more information, see the \
         Troubleshooting section of the Amazon ECS Developer Guide."
    );
    assert!(messages.contains(&whole), "{messages:?}");
    let told = placement_failures(world);
    assert_eq!(told[0]["eventType"], "ERROR");
    assert_eq!(told[0]["reason"], resource);
    assert!(told[0]["clusterArn"].as_str().is_some_and(|arn| arn.ends_with(":cluster/main")));
}

fn placement_failures(world: &World) -> Vec<Value> {
    world.bridged("ECS Service Action", "SERVICE_TASK_PLACEMENT_FAILURE")
}

#[tokio::test]
async fn what_is_left_is_what_tasks_do_not_hold() {
    let world = World::new(quick()).await;
    let ports = json!({"portMappings": [{"containerPort": 8080, "hostPort": 18080}]});
    let definition = world.definition_with("web", "v1", ports).await;
    world.create("web", &definition, 1, None, json!({})).await;
    world.until_steady("web").await;
    let (cpu, memory, ports) = left(&world, &world.instance).await;
    assert_eq!((cpu, memory), (2048 - u64::from(TASK_CPU), 2048 - u64::from(TASK_MEMORY)));
    assert!(ports.contains(&"18080".to_owned()) && ports.contains(&"22".to_owned()), "{ports:?}");
    world.update("web", json!({"desiredCount": 2})).await;
    refused(&world, "is already using a port required by your task.", "RESOURCE:PORTS").await;
    world.update("web", json!({"desiredCount": 0})).await;
    world.until_steady("web").await;
    assert_eq!(left(&world, &world.instance).await.0, 2048);
}

#[tokio::test]
async fn want_of_cpu_is_told_in_awss_words_until_there_is_some() {
    let world = World::new(quick()).await;
    assert!(world.ecs.resize_container_instance(&world.instance, 2 * TASK_CPU, 2048, &[]));
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 3, None, json!({})).await;
    refused(&world, "has insufficient CPU units available.", "RESOURCE:CPU").await;
    assert_eq!(world.tasks("web").len(), 2, "what fits is placed");
    assert!(world.ecs.resize_container_instance(&world.instance, 3 * TASK_CPU, 2048, &[]));
    world.until_steady("web").await;
    let instances = world.ecs.snapshot().instances;
    assert_eq!((instances[0].cpu, instances[0].cpu_left), (3 * TASK_CPU, 0));
}

#[tokio::test]
async fn want_of_memory_is_told_in_awss_words() {
    let world = World::new(quick()).await;
    assert!(world.ecs.resize_container_instance(&world.instance, 2048, TASK_MEMORY - 1, &[]));
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    refused(&world, "has insufficient memory available.", "RESOURCE:MEMORY").await;
}

#[tokio::test]
async fn a_lost_agent_takes_nothing_until_it_is_back() {
    let world = World::new(quick()).await;
    assert!(world.ecs.set_agent_connected(&world.instance, false));
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    refused(&world, "encountered error \"AGENT\".", "AGENT").await;
    assert!(world.ecs.set_agent_connected(&world.instance, true));
    world.until_steady("web").await;
}

#[tokio::test]
async fn a_cluster_without_instances_says_so() {
    let world = World::new(quick()).await;
    assert!(world.ecs.remove_container_instance(&world.instance));
    assert!(!world.ecs.remove_container_instance(&world.instance));
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    world.until("a placement has failed", |_| !placement_failures(&world).is_empty()).await;
    let messages = world.messages("web").await;
    assert!(
        messages[0].contains("Reason: No Container Instances were found in your cluster."),
        "{messages:?}"
    );
    world.ecs.add_container_instance(CLUSTER, TASK_CPU, TASK_MEMORY, &[]).expect("an instance");
    world.until_steady("web").await;
}

#[tokio::test]
async fn fargate_has_no_instances_but_a_quota() {
    let world = World::new(Config { fargate_vcpus: Some(1), ..quick() }).await;
    let container = json!({"name": "web", "image": "v1", "portMappings": [{"containerPort": 8080}]});
    let input = json!({"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"],
        "cpu": "512", "memory": "1024", "containerDefinitions": [container]});
    let definition =
        world.call("RegisterTaskDefinition", input).await["taskDefinition"]["taskDefinitionArn"].clone();
    let network = json!({"awsvpcConfiguration": {"subnets": ["subnet-1"]}});
    let fargate = json!({"launchType": "FARGATE", "networkConfiguration": network});
    world.create("web", &common::text(&definition), 3, None, fargate).await;
    world.until("a placement has failed", |_| !placement_failures(&world).is_empty()).await;
    let quota = "(service web) was unable to place a task. Reason: You've reached the limit on the number of vCPUs \
                 you can run concurrently.";
    assert!(world.messages("web").await.contains(&quota.to_owned()));
    assert_eq!(placement_failures(&world)[0]["reason"], "RESOURCE:FARGATE");
    world.until("two run", |seen| seen.services[0].running == 2).await;
    let task = world.tasks("web").remove(0);
    let told = world.task(&task.arn).await;
    assert_eq!(told["attachments"][0]["type"], "ElasticNetworkInterface");
    assert_eq!(told["containers"][0]["networkInterfaces"][0]["privateIpv4Address"], "127.0.0.1");
    assert_eq!(told["containers"][0]["networkBindings"][0]["hostPort"], task.port);
    assert_ne!(task.port, 8080, "interfaces share an address here, so each gets a port of its own");
    assert!(told["containerInstanceArn"].is_null());
}

#[tokio::test]
async fn a_draining_instance_gives_its_tasks_up_without_a_dip() {
    let world = World::new(quick()).await;
    world.serving("web", 2, 0).await;
    let other = world.ecs.add_container_instance(CLUSTER, 1024, 1024, &[]).expect("an instance");
    let input = json!({"cluster": CLUSTER, "containerInstances": [world.instance], "status": "DRAINING"});
    let told = world.call("UpdateContainerInstancesState", input).await;
    assert_eq!(told["containerInstances"][0]["status"], "DRAINING");
    let active = world.call("ListContainerInstances", json!({"cluster": CLUSTER, "status": "ACTIVE"})).await;
    assert_eq!(active["containerInstanceArns"], json!([other]));
    world
        .until("all tasks are on the other", |seen| {
            let tasks: Vec<_> = seen.tasks_of(CLUSTER, "web").collect();
            assert!(tasks.iter().filter(|task| task.healthy).count() >= 2, "{tasks:#?}");
            let live = || tasks.iter().filter(|task| task.status != Status::Stopped);
            live().count() == 2 && live().all(|task| task.instance.as_ref() == Some(&other))
        })
        .await;
    assert!(world.ecs.set_draining(&world.instance, false));
    assert_eq!(left(&world, &world.instance).await.0, 2048);
}

#[tokio::test]
async fn tasks_go_where_their_constraints_let_them() {
    let world = World::new(quick()).await;
    let other = world.ecs.add_container_instance(CLUSTER, 2048, 2048, &[]).expect("an instance");
    let attribute = json!({"name": "stack", "value": "prod", "targetId": other});
    let input = json!({"cluster": CLUSTER, "attributes": [attribute]});
    world.call("PutAttributes", input).await;
    let input = json!({"cluster": CLUSTER, "containerInstances": [other]});
    let told = world.call("DescribeContainerInstances", input).await["containerInstances"][0].clone();
    let attributes = told["attributes"].as_array().expect("attributes").clone();
    assert!(attributes.contains(&json!({"name": "stack", "value": "prod"})), "{attributes:?}");
    assert!(attributes.iter().any(|one| one["name"] == "ecs.availability-zone"), "{attributes:?}");
    let definition = world.definition("web", "v1").await;
    let only =
        json!({"placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == prod"}]});
    world.create("web", &definition, 2, None, only).await;
    world.until_steady("web").await;
    let all_there = |task: &rehearsal_ecs::TaskSnapshot| task.instance.as_ref() == Some(&other);
    assert!(world.tasks("web").iter().all(all_there));
    let nowhere =
        json!({"placementConstraints": [{"type": "memberOf", "expression": "attribute:stack == test"}]});
    world.create("lost", &definition, 1, None, nowhere).await;
    world.until("it finds no place", |_| !placement_failures(&world).is_empty()).await;
    let messages = world.messages("lost").await;
    let unsatisfied = "encountered error \"MemberOf placement constraint unsatisfied.\".";
    assert!(messages.iter().any(|message| message.contains(unsatisfied)), "{messages:?}");
}

#[tokio::test]
async fn distinct_tasks_of_old_and_new_cannot_share_an_instance() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    let distinct = json!({"placementConstraints": [{"type": "distinctInstance"}]});
    world.create("web", &definition, 1, None, distinct).await;
    world.until_steady("web").await;
    let next = world.definition("web", "v2").await;
    world.update("web", json!({"taskDefinition": next})).await;
    world.until("there is no place beside the old one", |_| !placement_failures(&world).is_empty()).await;
    let messages = world.messages("web").await;
    let unsatisfied = "encountered error \"DistinctInstance placement constraint unsatisfied.\".";
    assert!(messages.iter().any(|message| message.contains(unsatisfied)), "{messages:?}");
    world.ecs.add_container_instance(CLUSTER, 2048, 2048, &[]).expect("an instance");
    world.until_steady("web").await;
}

#[tokio::test]
async fn a_strategy_packs_or_spreads_and_what_is_not_played_is_refused() {
    let world = World::new(quick()).await;
    let small = world.ecs.add_container_instance(CLUSTER, 1024, 1024, &[]).expect("an instance");
    let definition = world.definition("web", "v1").await;
    let pack = json!({"placementStrategy": [{"type": "binpack", "field": "memory"}]});
    world.create("web", &definition, 3, None, pack).await;
    world.until_steady("web").await;
    assert!(world.tasks("web").iter().all(|task| task.instance.as_ref() == Some(&small)));
    for wrong in [
        json!({"placementStrategy": [{"type": "random"}]}),
        json!({"placementConstraints": [{"type": "memberOf", "expression": "task:group == service:web"}]}),
        json!({"launchType": "FARGATE", "placementConstraints": [{"type": "distinctInstance"}]}),
    ] {
        let mut input = json!({"cluster": CLUSTER, "serviceName": "no", "taskDefinition": definition});
        for (member, value) in wrong.as_object().expect("members") {
            input[member] = value.clone();
        }
        assert_eq!(world.refusal("CreateService", input).await, "InvalidParameterException", "{wrong}");
    }
}
