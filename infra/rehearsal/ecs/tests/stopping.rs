//! How tasks end: by the scheduler, by a user, by a crash, and with everything else.

mod common;

use common::{CLUSTER, World, listens, quick, text, until};
use rehearsal_ecs::{Status, TaskSnapshot};
use serde_json::json;
use std::process::{Command, Stdio};

/// Epoch seconds are told to the millisecond; two of them may be off by one.
const ROUNDING: f64 = 0.002;

async fn stopped(world: &World, arn: &str) -> TaskSnapshot {
    let the = |task: &&TaskSnapshot| task.arn == arn && task.status == Status::Stopped;
    world.until("the task is stopped", |seen| seen.tasks.iter().any(|task| the(&task))).await;
    world.ecs.snapshot().tasks.iter().find(the).cloned().expect("the task")
}

#[tokio::test]
async fn the_scheduler_waits_for_the_target_then_asks_then_kills() {
    let world = World::new(quick()).await;
    let group = world.group("web", 1).await;
    let definition = world.definition_with("web", "stubborn", json!({"stopTimeout": 1})).await;
    world.create("web", &definition, 1, Some(&group), json!({})).await;
    world.until_steady("web").await;
    let task = world.tasks("web").remove(0);
    world.update("web", json!({"desiredCount": 0})).await;
    world
        .until("it drains", |seen| {
            let task = &seen.tasks[0];
            assert!(task.sigterm_at.is_none());
            task.status == Status::Deactivating
        })
        .await;
    let health = world.elb.target_health(&group, "127.0.0.1", task.port).expect("a target");
    assert_eq!(health.state, "draining");
    assert!(listens(task.port), "it serves while it drains");
    let task = stopped(&world, &task.arn).await;
    let at = |time: Option<f64>| time.expect("a time");
    assert!(at(task.drained_at) - at(task.deregistered_at) >= 1.0 - ROUNDING, "{task:?}");
    assert!(at(task.sigterm_at) >= at(task.drained_at), "{task:?}");
    assert!(at(task.stopped_at) - at(task.sigterm_at) >= 1.0 - ROUNDING, "it had its stopTimeout: {task:?}");
    assert_eq!(task.exit_code, Some(137), "SIGKILL ended it");
    assert!(task.stopped_by_scheduler() && task.scaled_away());
    let told = world.task(&task.arn).await;
    assert_eq!(told["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(told["containers"][0]["exitCode"], 137);
}

#[tokio::test]
async fn stop_task_does_not_wait_for_the_target() {
    let world = World::new(quick()).await;
    let group = world.serving("web", 1, 30).await;
    let task = world.tasks("web").remove(0);
    let answer = world.call("StopTask", json!({"cluster": CLUSTER, "task": task.arn})).await;
    assert_eq!(answer["task"]["desiredStatus"], "STOPPED");
    let task = stopped(&world, &task.arn).await;
    let health = world.elb.target_health(&group, "127.0.0.1", task.port).expect("a target");
    assert_eq!(health.state, "draining", "the balancer still holds it");
    assert_eq!((task.drained_at, task.exit_code), (None, Some(143)));
    assert!(!task.stopped_by_scheduler());
    let told = world.task(&task.arn).await;
    assert_eq!(
        (text(&told["stopCode"]), text(&told["stoppedReason"])),
        ("UserInitiated".into(), "Task stopped by user".into())
    );
    world.until_steady("web").await;
    assert_eq!(world.tasks("web").len(), 2, "another has taken its place");
    let listed = |status| json!({"cluster": CLUSTER, "serviceName": "web", "desiredStatus": status});
    let stopped = world.call("ListTasks", listed("STOPPED")).await;
    assert_eq!(stopped["taskArns"], json!([task.arn]));
    let running = world.call("ListTasks", listed("RUNNING")).await;
    assert_ne!(running["taskArns"], json!([task.arn]));
}

#[tokio::test]
async fn a_crash_is_an_essential_container_that_exited() {
    let world = World::new(quick()).await;
    world.serving("web", 2, 0).await;
    let task = world.tasks("web").remove(0);
    assert!(world.ecs.crash_task(&task.arn));
    let task = stopped(&world, &task.arn).await;
    assert_eq!((task.exit_code, task.sigterm_at), (Some(137), None));
    assert_eq!(task.stop_code, Some("EssentialContainerExited"));
    assert_eq!(task.stopped_reason.as_deref(), Some("Essential container in task exited"));
    assert!(!world.ecs.crash_task(&task.arn), "there is nothing left to kill");
    world.until_steady("web").await;
}

#[tokio::test]
async fn a_deleted_service_drains_and_is_inactive() {
    let world = World::new(quick()).await;
    world.serving("web", 1, 1).await;
    let input = json!({"cluster": CLUSTER, "service": "web"});
    assert_eq!(world.refusal("DeleteService", input.clone()).await, "InvalidParameterException");
    world.call("DeleteService", json!({"cluster": CLUSTER, "service": "web", "force": true})).await;
    assert_eq!(world.describe("web").await["status"], "DRAINING");
    world.until("it is gone", |seen| seen.services.is_empty()).await;
    assert_eq!(world.describe("web").await["status"], "INACTIVE");
    assert_eq!(world.refusal("DeleteService", input).await, "ServiceNotFoundException");
    let listed = world.call("ListServices", json!({"cluster": CLUSTER})).await;
    assert_eq!(listed["serviceArns"], json!([]));
    assert!(world.tasks("web").iter().all(|task| !listens(task.port)));
}

#[tokio::test]
async fn shutdown_leaves_no_process_even_of_the_stubborn() {
    let world = World::new(quick()).await;
    // Its server is a child of its own, as a container's first process may have.
    let server = env!("CARGO_BIN_EXE_rehearsal-test-task");
    world.shell("nested", &format!("trap '' TERM; {server} & wait; exec /bin/sh -c 'wait'"));
    let definition = world.definition("web", "nested").await;
    let group = world.group("web", 30).await;
    world.create("web", &definition, 2, Some(&group), json!({})).await;
    world.until_steady("web").await;
    let ports: Vec<u16> = world.tasks("web").iter().map(|task| task.port).collect();
    assert!(ports.iter().all(|port| listens(*port)));
    world.ecs.shutdown().await;
    // A child's child dies with its group, which the kernel takes a moment for.
    until("no port listens", || !ports.iter().any(|port| listens(*port))).await;
    assert!(world.tasks("web").iter().all(|task| task.status == Status::Stopped));
}

#[tokio::test]
async fn the_last_handle_dropped_leaves_no_process() {
    let world = World::new(quick()).await;
    world.serving("web", 2, 30).await;
    let ports: Vec<u16> = world.tasks("web").iter().map(|task| task.port).collect();
    let clone = world.ecs.clone();
    drop(world);
    assert!(ports.iter().all(|port| listens(*port)), "a clone holds it");
    drop(clone);
    until("the ports are closed", || !ports.iter().any(|port| listens(*port))).await;
}

/// Set for the child that [`a_kill_of_the_whole_rehearsal_leaves_no_process`] starts.
const VICTIM: &str = "REHEARSAL_ECS_VICTIM";

#[tokio::test]
#[ignore = "only as a child of the test below"]
async fn victim() {
    if std::env::var_os(VICTIM).is_none() {
        return;
    }
    let world = World::new(quick()).await;
    let definition = world.definition("web", "stubborn").await;
    world.create("web", &definition, 2, None, json!({})).await;
    world.until_steady("web").await;
    for task in world.tasks("web") {
        until("it listens", || listens(task.port)).await;
        println!("port {}", task.port);
    }
    println!("ready");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_kill_of_the_whole_rehearsal_leaves_no_process() {
    use std::io::{BufRead as _, BufReader};
    let mut child = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "victim", "--ignored", "--nocapture"])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let lines =
        BufReader::new(child.stdout.take().expect("its output")).lines().map(|line| line.expect("a line"));
    let told: Vec<String> = lines.take_while(|line| line != "ready").collect();
    let ports: Vec<u16> =
        told.iter().filter_map(|line| line.split("port ").nth(1)?.trim().parse().ok()).collect();
    let up = ports.iter().filter(|port| listens(**port)).count();
    child.kill().expect("SIGKILL");
    child.wait().expect("its end");
    assert_eq!((ports.len(), up), (2, 2), "{told:?}");
    until("the ports are closed", || !ports.iter().any(|port| listens(*port))).await;
}
