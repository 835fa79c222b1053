//! Tasks that no service wants: started once, with another command, and told of as ECS does.

mod common;

use common::{CLUSTER, World, quick};
use rehearsal_ecs::Status;
use serde_json::{Value, json};

fn run(definition: &str, command: &[&str]) -> Value {
    json!({
        "cluster": CLUSTER,
        "taskDefinition": definition,
        "clientToken": "token-1",
        "startedBy": "d-1",
        "tags": [{"key": "changeover:deployment", "value": "d-1"}],
        "overrides": {"containerOverrides": [{"name": "web", "command": command}]},
    })
}

#[tokio::test]
async fn a_task_runs_once_with_another_command_and_its_exit_code_is_told() {
    let world = World::new(quick()).await;
    world.shell("v1", "sleep 60");
    let definition = world.definition_with("web", "v1", json!({})).await;
    let input = run(&definition, &["/bin/sh", "-c", "exit 3"]);
    let started = world.call("RunTask", input.clone()).await;
    assert_eq!(started["failures"], json!([]));
    let task = &started["tasks"][0];
    let arn = task["taskArn"].as_str().expect("an ARN").to_owned();
    assert_eq!((&task["startedBy"], &task["group"]), (&json!("d-1"), &json!("family:web")));
    assert_eq!(task["overrides"]["containerOverrides"][0]["command"], json!(["/bin/sh", "-c", "exit 3"]));
    let again = world.call("RunTask", input).await;
    assert_eq!(again["tasks"][0]["taskArn"], task["taskArn"], "the same token is the same task");
    world.until("it has ended", |seen| seen.tasks.iter().any(|task| task.status == Status::Stopped)).await;
    let told = world.task(&arn).await;
    assert_eq!(
        (&told["stopCode"], &told["containers"][0]["exitCode"]),
        (&json!("EssentialContainerExited"), &json!(3))
    );
    let tags = world.call("ListTagsForResource", json!({"resourceArn": arn})).await;
    assert_eq!(tags["tags"][0]["key"], "changeover:deployment");
}

#[tokio::test]
async fn what_has_no_room_is_a_failure_and_what_cannot_be_is_refused() {
    let world = World::new(quick()).await;
    world.shell("v1", "sleep 60");
    let big = world
        .definition_with("big", "v1", json!({"memory": 1_000_000, "memoryReservation": 1_000_000}))
        .await;
    let answer = world.call("RunTask", json!({"cluster": CLUSTER, "taskDefinition": big})).await;
    assert_eq!((&answer["tasks"], &answer["failures"][0]["reason"]), (&json!([]), &json!("RESOURCE:MEMORY")));
    let definition = world.definition_with("web", "v1", json!({})).await;
    let mut other = run(&definition, &["true"]);
    other["overrides"]["containerOverrides"][0]["name"] = json!("other");
    assert_eq!(world.refusal("RunTask", other).await, "ClientException");
    let roles = json!({"cluster": CLUSTER, "taskDefinition": definition, "overrides": {"taskRoleArn": "arn:aws:iam::1:role/x"}});
    assert_eq!(world.refusal("RunTask", roles).await, "UnsupportedFeatureException");
    let many = json!({"cluster": CLUSTER, "taskDefinition": definition, "count": 11});
    assert_eq!(world.refusal("RunTask", many).await, "InvalidParameterException");
}
