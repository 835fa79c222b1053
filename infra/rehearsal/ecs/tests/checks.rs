//! Containers' own health checks, and tasks that nothing checks.

mod common;

use common::{World, quick};
use rehearsal_ecs::Status;
use rehearsal_ecs::config::Config;
use serde_json::{Value, json};
use std::time::Duration;

/// A health check as quick as ECS allows.
fn check(command: &[&str]) -> Value {
    json!({"healthCheck": {"command": command, "interval": 5, "timeout": 2, "retries": 1}})
}

async fn running(world: &World) -> Value {
    let up = |task: &&rehearsal_ecs::TaskSnapshot| task.status == Status::Running;
    world.until("a task runs", |seen| seen.tasks.iter().any(|task| up(&task))).await;
    world.task(&world.tasks("web")[0].arn).await
}

#[tokio::test]
async fn a_task_counts_once_its_containers_check_passes_in_the_containers_own_environment() {
    let world = World::new(quick()).await;
    let command = ["CMD-SHELL", "test -n \"$PORT\" && test \"$NAME\" = v1"];
    let definition = world.definition_with("web", "v1", check(&command)).await;
    world.create("web", &definition, 1, None, json!({})).await;
    let told = running(&world).await;
    assert_eq!(
        (&told["healthStatus"], &told["containers"][0]["healthStatus"]),
        (&json!("UNKNOWN"), &json!("UNKNOWN"))
    );
    assert_eq!(world.describe("web").await["deployments"][0]["rolloutState"], "IN_PROGRESS");
    world.until_steady("web").await;
    let told = world.task(&world.tasks("web")[0].arn).await;
    assert_eq!(
        (&told["healthStatus"], &told["containers"][0]["healthStatus"]),
        (&json!("HEALTHY"), &json!("HEALTHY"))
    );
}

#[tokio::test]
async fn a_task_whose_containers_check_fails_is_stopped_and_replaced_though_its_target_is_healthy() {
    let world = World::new(quick()).await;
    let group = world.group("web", 0).await;
    let definition = world.definition_with("web", "v1", check(&["CMD", "false"])).await;
    world.create("web", &definition, 1, Some(&group), json!({})).await;
    let stopped = |task: &&rehearsal_ecs::TaskSnapshot| task.status == Status::Stopped;
    world.until("it was stopped", |seen| seen.tasks.iter().any(|task| stopped(&task))).await;
    let told = world.task(&world.tasks("web")[0].arn).await;
    assert_eq!(told["stoppedReason"], "Task failed container health checks");
    assert_eq!(told["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(told["healthStatus"], "UNHEALTHY");
    let messages = world.messages("web").await;
    assert!(
        messages.iter().any(|message| message.ends_with("failed container health checks.")),
        "{messages:?}"
    );
    let service = world.describe("web").await;
    assert!(service["deployments"][0]["failedTasks"].as_u64() >= Some(1), "{service}");
    assert!(world.tasks("web").len() >= 2, "it was replaced");
}

#[tokio::test]
async fn a_task_that_nothing_checks_counts_when_it_has_run_for_a_while() {
    let world = World::new(Config { unchecked: Duration::from_secs(2), ..quick() }).await;
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    running(&world).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.describe("web").await["deployments"][0]["rolloutState"], "IN_PROGRESS");
    world.until_steady("web").await;
    assert_eq!(world.task(&world.tasks("web")[0].arn).await["healthStatus"], "UNKNOWN");
}

#[tokio::test]
async fn a_check_out_of_bounds_is_refused() {
    let world = World::new(quick()).await;
    let container =
        |check: Value| json!([{"name": "web", "image": "v1", "memory": 64, "healthCheck": check}]);
    for wrong in [json!({"command": ["curl"]}), json!({"command": ["CMD", "true"], "interval": 1})] {
        let input = json!({"family": "web", "containerDefinitions": container(wrong)});
        assert_eq!(world.refusal("RegisterTaskDefinition", input).await, "ClientException");
    }
}
