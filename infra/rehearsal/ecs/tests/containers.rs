//! What a task's containers run, and in which order: tags and digests, `dependsOn`.

mod common;

use common::{CLUSTER, World, list, quick, text};
use rehearsal_ecs::{Status, TaskSnapshot};
use serde_json::{Value, json};

fn digest(name: &str) -> String {
    format!("sha256:{name:0>64}")
}

fn live(world: &World, name: &str) -> Vec<TaskSnapshot> {
    world.tasks(name).into_iter().filter(|task| task.status != Status::Stopped).collect()
}

#[tokio::test]
async fn a_tag_that_moves_changes_nothing_for_a_revision_that_has_its_digest() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    world.until_steady("web").await;
    world.retag("v1", "v2");
    let first = live(&world, "web")[0].arn.clone();
    world.ecs.crash_task(&first);
    let replaced = |seen: &rehearsal_ecs::Snapshot| {
        seen.tasks_of(CLUSTER, "web").any(|task| task.arn != first && task.image_digest.is_some())
    };
    world.until("it was replaced", replaced).await;
    let second = live(&world, "web")[0].clone();
    assert_eq!(second.image_digest, Some(digest("v1")), "the tag was resolved once for all tasks");
    let told = world.task(&second.arn).await;
    assert_eq!(told["containers"][0]["image"], format!("v1@{}", digest("v1")));
    let revision = text(&world.describe("web").await["currentServiceRevisions"][0]["arn"]);
    let told = world.call("DescribeServiceRevisions", json!({"serviceRevisionArns": [revision]})).await;
    let image = json!({"containerName": "web", "image": "v1", "imageDigest": digest("v1")});
    assert_eq!(told["serviceRevisions"][0]["containerImages"], json!([image]));

    world.update("web", json!({"forceNewDeployment": true})).await;
    world
        .until("the new revision runs", |seen| {
            seen.tasks_of(CLUSTER, "web").any(|task| task.image_digest == Some(digest("v2")))
        })
        .await;
}

#[tokio::test]
async fn without_version_consistency_each_task_asks_the_registry() {
    let world = World::new(quick()).await;
    let definition = world.definition_with("web", "v1", json!({"versionConsistency": "disabled"})).await;
    world.create("web", &definition, 1, None, json!({})).await;
    world.until_steady("web").await;
    world.retag("v1", "v2");
    world.ecs.crash_task(&live(&world, "web")[0].arn);
    world
        .until("the moved tag runs", |seen| {
            seen.tasks_of(CLUSTER, "web").any(|task| task.image_digest == Some(digest("v2")))
        })
        .await;
}

/// Registers a definition of these containers; answers its ARN.
async fn definition_of(world: &World, containers: Value) -> String {
    let mut containers = containers;
    for container in containers.as_array_mut().expect("containers") {
        container["memory"] = 16.into();
    }
    let input = json!({"family": "parts", "containerDefinitions": containers});
    text(&world.call("RegisterTaskDefinition", input).await["taskDefinition"]["taskDefinitionArn"])
}

/// Runs it once, until it has stopped; how it is told then, and what its containers printed in this order.
async fn run_to_the_end(world: &World, definition: &str) -> (Value, Vec<String>) {
    let ran = world.call("RunTask", json!({"cluster": CLUSTER, "taskDefinition": definition})).await;
    let arn = text(&ran["tasks"][0]["taskArn"]);
    world
        .until("it has ended", |seen| {
            seen.tasks.iter().any(|task| task.arn == arn && task.status == Status::Stopped)
        })
        .await;
    let mut lines = world.ecs.logs(&arn);
    lines.sort_by_key(|line| line.timestamp);
    (world.task(&arn).await, lines.into_iter().map(|line| line.message).collect())
}

/// A definition whose main container waits for another one to end well.
async fn main_after_init(world: &World) -> String {
    let containers = json!([
        {"name": "main", "image": "main", "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
        {"name": "init", "image": "init", "essential": false},
    ]);
    definition_of(world, containers).await
}

#[tokio::test]
async fn a_container_starts_once_what_it_depends_on_has_ended_well() {
    let world = World::new(quick()).await;
    world.shell("init", "sleep 0.05; echo init");
    world.shell("main", "echo main");
    let definition = main_after_init(&world).await;
    let (told, lines) = run_to_the_end(&world, &definition).await;
    assert_eq!(lines, ["init", "main"]);
    let codes: Vec<&Value> =
        told["containers"].as_array().expect("two").iter().map(|it| &it["exitCode"]).collect();
    assert_eq!(codes, [0, 0]);
}

#[tokio::test]
async fn what_depends_on_a_failure_is_never_started_and_the_task_ends() {
    let world = World::new(quick()).await;
    world.shell("init", "exit 4");
    world.shell("main", "echo main");
    let definition = main_after_init(&world).await;
    let (told, lines) = run_to_the_end(&world, &definition).await;
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!(told["stopCode"], "EssentialContainerExited");
    let codes: Vec<&Value> =
        told["containers"].as_array().expect("two").iter().map(|it| &it["exitCode"]).collect();
    assert_eq!(codes, [143, 4], "as the agent tells one that was not started");
}

#[tokio::test]
async fn containers_stop_the_other_way_round() {
    let world = World::new(quick()).await;
    let until_told = |name: &str| {
        format!("trap 'sleep 0.05; echo {name}; exit 0' TERM; echo up; while :; do sleep 0.01; done")
    };
    world.shell("proxy", &until_told("proxy"));
    world.shell("main", &until_told("main"));
    let definition = definition_of(
        &world,
        json!([
            {"name": "proxy", "image": "proxy"},
            {"name": "main", "image": "main", "dependsOn": [{"containerName": "proxy", "condition": "START"}]},
        ]),
    )
    .await;
    let ran = world.call("RunTask", json!({"cluster": CLUSTER, "taskDefinition": definition})).await;
    let arn = text(&ran["tasks"][0]["taskArn"]);
    common::until("both are up", || world.ecs.logs(&arn).len() == 2).await;
    world.call("StopTask", json!({"cluster": CLUSTER, "task": arn})).await;
    common::until("both have ended", || world.ecs.logs(&arn).len() == 4).await;
    let mut lines = world.ecs.logs(&arn);
    lines.sort_by_key(|line| line.timestamp);
    let last: Vec<&str> = lines[2..].iter().map(|line| line.message.as_str()).collect();
    assert_eq!(last, ["main", "proxy"]);
}

#[tokio::test]
async fn what_could_never_start_is_not_registered() {
    let world = World::new(quick()).await;
    let alone = json!([{"name": "a", "image": "v1", "memory": 16, "dependsOn": [
        {"containerName": "b", "condition": "START"}]}]);
    let input = json!({"family": "parts", "containerDefinitions": alone});
    assert_eq!(world.refusal("RegisterTaskDefinition", input).await, "ClientException");
    let families = world.call("ListTaskDefinitionFamilies", json!({})).await;
    assert!(list(&families["families"]).is_empty());
}
