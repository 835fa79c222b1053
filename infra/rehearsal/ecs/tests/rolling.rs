//! Services that reach a steady state, and roll from one revision to the next.

mod common;

use common::{CLUSTER, World, list, listens, quick, text};
use rehearsal_ecs::Status;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The body of one request, or what went wrong.
async fn request(address: SocketAddr) -> Result<String, String> {
    let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
    let head = b"GET / HTTP/1.1\r\nhost: web\r\nconnection: close\r\n\r\n";
    stream.write_all(head).await.map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.map_err(|error| error.to_string())?;
    if !answer.starts_with("HTTP/1.1 200") {
        return Err(answer);
    }
    Ok(answer.rsplit("\r\n").next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_service_reaches_a_steady_state_behind_its_load_balancer() {
    let world = World::new(quick()).await;
    let group = world.serving("web", 2, 0).await;
    let service = world.describe("web").await;
    assert_eq!((service["runningCount"].as_u64(), service["pendingCount"].as_u64()), (Some(2), Some(0)));
    assert_eq!(service["deployments"][0]["status"], "PRIMARY");
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    let arns =
        list(&world.call("ListTasks", json!({"cluster": CLUSTER, "serviceName": "web"})).await["taskArns"]);
    assert_eq!(arns.len(), 2);
    for arn in &arns {
        let task = world.task(arn).await;
        assert_eq!(
            (task["lastStatus"].as_str(), task["desiredStatus"].as_str()),
            (Some("RUNNING"), Some("RUNNING"))
        );
        assert_eq!(task["group"], "service:web");
        assert_eq!(task["startedBy"], service["deployments"][0]["id"]);
        assert_eq!(task["containerInstanceArn"], world.instance.as_str());
        let container = &task["containers"][0];
        assert_eq!(
            (container["lastStatus"].as_str(), container["image"].as_str()),
            (Some("RUNNING"), Some("v1"))
        );
        assert!(text(&container["imageDigest"]).starts_with("sha256:"));
        let port = container["networkBindings"][0]["hostPort"].as_u64().expect("a port");
        let port = u16::try_from(port).expect("a port");
        let health = world.elb.target_health(&group, "127.0.0.1", port).expect("a target");
        assert_eq!(health.state, "healthy");
    }
    let messages = world.messages("web").await;
    assert!(messages[0].starts_with("(service web) has started 2 tasks: (task "), "{messages:?}");
    assert!(messages.iter().any(|message| message.contains(" targets in (target-group ")), "{messages:?}");
    assert_eq!(messages.last().map(String::as_str), Some("(service web) has reached a steady state."));
    assert_eq!(world.bridged("ECS Service Action", "SERVICE_STEADY_STATE").len(), 1);
    assert_eq!(world.bridged("ECS Deployment State Change", "SERVICE_DEPLOYMENT_IN_PROGRESS").len(), 1);
    assert_eq!(world.bridged("ECS Deployment State Change", "SERVICE_DEPLOYMENT_COMPLETED").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_update_keeps_floor_and_ceiling_and_loses_no_request() {
    let world = World::new(quick()).await;
    world.serving("web", 2, 1).await;
    let next = world.definition("web", "v2").await;
    let done = Arc::new(AtomicBool::new(false));
    let (address, finished) = (world.address, done.clone());
    let client = tokio::spawn(async move {
        let mut versions = Vec::new();
        while !finished.load(Ordering::Relaxed) {
            versions.push(request(address).await);
        }
        versions
    });
    let updated = world.update("web", json!({"taskDefinition": next})).await;
    assert_eq!(updated["deployments"].as_array().map(Vec::len), Some(2));
    let mut most = 0;
    world
        .until("the new revision is steady", |seen| {
            let tasks: Vec<_> = seen.tasks_of(CLUSTER, "web").collect();
            let healthy = tasks.iter().filter(|task| task.healthy).count();
            let up = tasks.iter().filter(|task| !task.stopping && task.status != Status::Stopped).count();
            assert!(healthy >= 2, "below the floor: {tasks:#?}");
            assert!(up <= 4, "above the ceiling: {tasks:#?}");
            most = most.max(up);
            seen.services[0].steady && seen.services[0].task_definition == next
        })
        .await;
    assert_eq!(most, 4, "all new tasks start before any old one stops");
    done.store(true, Ordering::Relaxed);
    let answers = client.await.expect("a client");
    let failed: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {} requests failed: {:?}", failed.len(), answers.len(), failed[0]);
    assert_eq!(answers.first(), Some(&Ok("v1".to_owned())));
    assert_eq!(answers.last(), Some(&Ok("v2".to_owned())));
    let old: Vec<_> = world.tasks("web").into_iter().filter(|task| task.image == "v1").collect();
    assert_eq!(old.len(), 2);
    for task in old {
        assert!(task.scaled_away(), "{task:?}");
        let reason = task.stopped_reason.expect("a reason");
        assert!(reason.starts_with("Scaling activity initiated by (deployment ecs-svc/"), "{reason}");
        assert!(!listens(task.port), "its process is gone");
    }
    let messages = world.messages("web").await;
    assert!(messages.iter().any(|it| it.contains("has begun draining connections on")), "{messages:?}");
    assert!(messages.iter().any(|it| it.contains("has stopped")), "{messages:?}");
}

#[tokio::test]
async fn only_some_changes_start_a_deployment() {
    let world = World::new(quick()).await;
    world.serving("web", 1, 0).await;
    let before = world.describe("web").await["deployments"][0]["id"].clone();
    let scaled = world.update("web", json!({"desiredCount": 3})).await;
    assert_eq!(scaled["deployments"].as_array().map(Vec::len), Some(1));
    assert_eq!(scaled["deployments"][0]["id"], before);
    world.until_steady("web").await;
    let family = text(&scaled["taskDefinition"]);
    let same = world.update("web", json!({"taskDefinition": family})).await;
    assert_eq!(same["deployments"][0]["id"], before, "the same revision is no news");
    let forced = world.update("web", json!({"forceNewDeployment": true})).await;
    assert_ne!(forced["deployments"][0]["id"], before);
    assert_eq!(forced["deployments"][0]["rolloutState"], "IN_PROGRESS");
    assert_eq!(forced["deployments"][1]["status"], "ACTIVE");
    world.until_steady("web").await;
    assert_eq!(world.tasks("web").iter().filter(|task| task.status == Status::Stopped).count(), 3);
}

#[tokio::test]
async fn a_sixth_deployment_is_refused_while_five_are_active() {
    let world = World::new(quick()).await;
    let definition = world.definition("web", "v1").await;
    world.create("web", &definition, 1, None, json!({})).await;
    let force = json!({"cluster": CLUSTER, "service": "web", "forceNewDeployment": true});
    // The scheduler does not get a turn between these, so none of them ends meanwhile.
    for _ in 0..4 {
        world.call("UpdateService", force.clone()).await;
    }
    assert_eq!(world.refusal("UpdateService", force).await, "InvalidParameterException");
    assert_eq!(world.describe("web").await["deployments"].as_array().map(Vec::len), Some(5));
    world.until_steady("web").await;
    assert_eq!(world.service("web").deployments, 1);
}
