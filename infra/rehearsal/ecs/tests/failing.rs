//! Images that cannot be had, crash, or never become healthy; and what the circuit breaker does about it.

mod common;

use common::{CLUSTER, World, quick, text};
use rehearsal_ecs::Status;
use rehearsal_ecs::config::{Config, Lag};
use serde_json::{Value, json};
use std::time::Duration;

/// An image that exits at once does so before its task is RUNNING.
fn slow_to_run() -> Config {
    let mut config = quick();
    config.lags.start = Lag::millis(400, 400);
    config
}

fn breaker(rollback: bool) -> Value {
    json!({"deploymentConfiguration": {"minimumHealthyPercent": 100, "maximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": true, "rollback": rollback}}})
}

#[tokio::test]
async fn a_crashing_image_is_told_with_its_exit_code_and_last_words_and_tried_ever_later() {
    let world = World::new(slow_to_run()).await;
    let log = json!({"logConfiguration": {"logDriver": "awslogs", "options": {
        "awslogs-group": "/ecs/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "ecs"}}});
    let definition = world.definition_with("web", "crash", log).await;
    world.create("web", &definition, 1, None, json!({})).await;
    let ended = |task: &&rehearsal_ecs::TaskSnapshot| task.status == Status::Stopped;
    world.until("four have crashed", |seen| seen.tasks.iter().filter(ended).count() >= 4).await;
    let told = world.task(&world.tasks("web")[0].arn).await;
    assert_eq!(told["stoppedReason"], "Essential container in task exited");
    assert_eq!(told["stopCode"], "EssentialContainerExited");
    assert_eq!(told["containers"][0]["exitCode"], 3);
    assert!(told["startedAt"].is_null(), "it never ran: {told}");
    let id = text(&told["taskArn"]).rsplit('/').next().unwrap_or_default().to_owned();
    let stream = world.ecs.log_stream("/ecs/web", &format!("ecs/web/{id}")).expect("its log stream");
    let lines: Vec<_> = stream.lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(
        (stream.task_arn.as_str(), lines),
        (text(&told["taskArn"]).as_str(), vec!["no configuration"])
    );
    assert!(stream.lines[0].timestamp > 1_600_000_000_000, "{:?}", stream.lines);
    assert!(world.ecs.log_stream("/ecs/other", &stream.stream).is_none());
    assert_eq!(world.ecs.log_streams().len(), world.tasks("web").len());
    let mut made = Vec::new();
    for task in world.tasks("web") {
        let told = world.task(&task.arn).await;
        made.push((told["createdAt"].as_f64().expect("a time"), task.stopping_at));
    }
    // From a failure to the next try: 100 ms, 200 ms, 400 ms.
    for (round, least) in [0.1, 0.2, 0.4].into_iter().enumerate() {
        let waited = made[round + 1].0 - made[round].1.expect("it failed");
        assert!(waited >= least - 0.002, "try {round} came after {waited} s");
    }
    let messages = world.messages("web").await;
    let impaired = "(service web) is unable to consistently start tasks successfully.";
    assert!(messages.iter().any(|message| message.starts_with(impaired)), "{messages:?}");
    assert_eq!(world.bridged("ECS Service Action", "SERVICE_TASK_START_IMPAIRED").len(), 1);
    let service = world.describe("web").await;
    assert!(service["deployments"][0]["failedTasks"].as_u64() >= Some(3), "{service}");
    assert_eq!(service["deployments"][0]["rolloutState"], "IN_PROGRESS", "no breaker, no end");
}

#[tokio::test]
async fn an_image_that_is_not_there_cannot_be_pulled() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v9").await;
    world.create("web", &definition, 1, None, json!({})).await;
    world.until("one has failed", |seen| seen.tasks.iter().any(|task| task.status == Status::Stopped)).await;
    let told = world.task(&world.tasks("web")[0].arn).await;
    assert_eq!(told["stopCode"], "TaskFailedToStart");
    assert_eq!(told["stoppedReason"], "CannotPullContainerError: v9: not found");
    assert_eq!(told["containers"][0]["reason"], "CannotPullContainerError: v9: not found");
}

#[tokio::test]
async fn the_breaker_rolls_back_to_the_last_completed_deployment() {
    let world = World::new(slow_to_run()).await;
    world.serving("web", 2, 0).await;
    let good = world.describe("web").await["deployments"][0].clone();
    let bad = world.definition("web", "crash").await;
    let mut change = breaker(true);
    change["taskDefinition"] = bad.clone().into();
    let failing = world.update("web", change).await["deployments"][0]["id"].clone();
    world
        .until("it is rolled back", |seen| {
            let healthy = seen.tasks_of(CLUSTER, "web").filter(|task| task.healthy).count();
            assert!(healthy >= 2, "the old tasks stay: {seen:#?}");
            seen.services[0].steady && seen.services[0].rollout_state == "COMPLETED"
        })
        .await;
    let service = world.describe("web").await;
    assert_eq!(service["taskDefinition"], good["taskDefinition"]);
    assert_eq!(service["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(service["deployments"][0]["id"], good["id"]);
    let failed = world.bridged("ECS Deployment State Change", "SERVICE_DEPLOYMENT_FAILED");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["deploymentId"], failing);
    assert_eq!(failed[0]["reason"], "ECS deployment circuit breaker: tasks failed to start.");
    let id = text(&failing);
    let messages = world.messages("web").await;
    let failure = format!("(service web) (deployment {id}) deployment failed: tasks failed to start.");
    assert!(messages.contains(&failure), "{messages:?}");
    assert!(messages.contains(&format!("(service web) rolling back to (deployment {}).", text(&good["id"]))));
    let listed = world.call("ListServiceDeployments", json!({"cluster": CLUSTER, "service": "web"})).await;
    let newest = &listed["serviceDeployments"][0];
    assert_eq!(newest["status"], "ROLLBACK_SUCCESSFUL");
    let input = json!({"serviceDeploymentArns": [newest["serviceDeploymentArn"]]});
    let told = world.call("DescribeServiceDeployments", input).await["serviceDeployments"][0].clone();
    assert_eq!(told["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert_eq!(told["deploymentCircuitBreaker"]["threshold"], 3);
    assert!(told["rollback"]["reason"].is_string(), "{told}");
}

#[tokio::test]
async fn without_a_completed_deployment_the_breaker_leaves_it_failed() {
    let world = World::new(slow_to_run()).await;
    let definition = world.definition("web", "crash").await;
    world.create("web", &definition, 1, None, breaker(true)).await;
    world.until("it has failed", |seen| seen.services[0].rollout_state == "FAILED").await;
    let service = world.describe("web").await;
    let primary = &service["deployments"][0];
    assert_eq!(primary["rolloutStateReason"], "ECS deployment circuit breaker: tasks failed to start.");
    assert_eq!(primary["failedTasks"], 3);
    let tasks = world.tasks("web").len();
    world.until("all have ended", |seen| seen.tasks.iter().all(|task| task.status == Status::Stopped)).await;
    // It launches nothing more, even long after the longest back-off so far.
    let longest = Duration::from_millis(1_000);
    let more = world.until("another starts", |seen| seen.tasks.len() > tasks);
    assert!(tokio::time::timeout(longest, more).await.is_err());
}

#[tokio::test]
async fn a_task_that_fails_its_health_checks_is_replaced_after_its_grace_period() {
    let world = World::new(quick()).await;
    let group = world.group("web", 0).await;
    let definition = world.definition("web", "sick").await;
    let grace = json!({"healthCheckGracePeriodSeconds": 3});
    world.create("web", &definition, 1, Some(&group), grace).await;
    world.until("it is replaced", |seen| seen.tasks.iter().any(|task| task.status == Status::Stopped)).await;
    let task = world.tasks("web").remove(0);
    let lasted = task.stopping_at.expect("a time") - task.started_at.expect("a time");
    assert!(lasted >= 2.9, "its grace period is 3 s, but it was stopped after {lasted} s");
    let reason = format!("Task failed ELB health checks in (target-group {group})");
    assert_eq!(task.stopped_reason.as_deref(), Some(reason.as_str()));
    assert!(task.stopped_by_scheduler() && !task.scaled_away());
    let (id, port) = (task.arn.rsplit('/').next().unwrap_or_default(), task.port);
    let unhealthy = format!(
        "(service web) (task {id}) (port {port}) is unhealthy in (target-group {group}) due to (reason Health \
         checks failed with these codes: [500])."
    );
    let messages = world.messages("web").await;
    assert!(messages.contains(&unhealthy), "{messages:?}");
    assert!(world.describe("web").await["deployments"][0]["failedTasks"].as_u64() >= Some(1));
}

#[tokio::test]
async fn the_breaker_counts_tasks_that_never_become_healthy() {
    let world = World::new(quick()).await;
    world.serving("web", 1, 0).await;
    let bad = world.definition("web", "sick").await;
    let mut change = breaker(true);
    change["taskDefinition"] = bad.into();
    world.update("web", change).await;
    world.until("it is given up", |seen| seen.services[0].task_definition.ends_with("/web:1")).await;
    world.until_steady("web").await;
    let sick = world.tasks("web").into_iter().filter(|task| task.image.starts_with("sick"));
    let failed = sick.filter(|task| {
        task.stopped_reason.as_deref().is_some_and(|it| it.starts_with("Task failed ELB health checks"))
    });
    assert!(failed.count() >= 3);
}

#[tokio::test]
async fn a_deployment_can_be_stopped_by_hand() {
    let world = World::new(quick()).await;
    world.serving("web", 1, 0).await;
    let bad = world.definition("web", "sick").await;
    let change = json!({"taskDefinition": bad, "healthCheckGracePeriodSeconds": 600});
    let record = world.update("web", change).await["currentServiceDeployment"].clone();
    let stop = json!({"serviceDeploymentArn": record, "stopType": "ROLLBACK"});
    assert_eq!(world.call("StopServiceDeployment", stop.clone()).await["serviceDeploymentArn"], record);
    world.until_steady("web").await;
    assert!(world.service("web").task_definition.ends_with("/web:1"));
    assert_eq!(world.refusal("StopServiceDeployment", stop).await, "ConflictException");
}
