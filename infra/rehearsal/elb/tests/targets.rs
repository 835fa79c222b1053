//! A target's life, as DescribeTargetHealth tells it.

mod common;

use common::backend::Backend;
use common::{World, quick};
use serde_json::{Value, json};

async fn told(world: &World, group: &str, backend: &Backend) -> Value {
    let target = json!([{"Id": "127.0.0.1", "Port": backend.address.port()}]);
    let answer =
        world.call("DescribeTargetHealth", json!({"TargetGroupArn": group, "Targets": target})).await;
    answer["TargetHealthDescriptions"][0]["TargetHealth"].clone()
}

#[tokio::test]
async fn a_target_is_checked_only_while_a_rule_refers_to_its_group() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.group("web", 0).await;
    world.register(&web, a.address);
    let health = told(&world, &web, &a).await;
    assert_eq!(
        (health["State"].as_str(), health["Reason"].as_str()),
        (Some("unused"), Some("Target.NotInUse"))
    );
    assert!(a.seen.health_headers.lock().is_none(), "nobody checks it");
    let other = world.group("other", 0).await;
    world.forward(&[(&other, 1), (&web, 0)]).await;
    world.until_state(&web, a.address, Some("healthy")).await;
    assert_eq!(told(&world, &web, &a).await, json!({"State": "healthy"}), "a weight of 0 is enough");
    let headers = a.seen.health_headers.lock().clone().expect("a check");
    assert_eq!(headers["user-agent"], "ELB-HealthChecker/2.0");
    assert_eq!(headers["host"], a.address.to_string().as_str());
    world.forward(&[(&other, 1)]).await;
    assert_eq!(world.state(&web, a.address).as_deref(), Some("unused"));
}

#[tokio::test]
async fn one_pass_makes_a_new_target_healthy_and_failures_in_a_row_make_it_unhealthy() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    a.answer_health_with(503);
    world.until_state(&web, a.address, Some("unhealthy")).await;
    let expected = json!({"State": "unhealthy", "Reason": "Target.ResponseCodeMismatch",
        "Description": "Health checks failed with these codes: [503]"});
    assert_eq!(told(&world, &web, &a).await, expected);
    assert_eq!(world.metrics(&web).unhealthy_hosts.last, 1);
    let matcher = json!({"TargetGroupArn": web, "Matcher": {"HttpCode": "200,403"}});
    world.call("ModifyTargetGroup", matcher).await;
    a.answer_health_with(403);
    world.until_state(&web, a.address, Some("healthy")).await;
}

#[tokio::test]
async fn a_target_that_never_passes_is_initial_and_then_unhealthy() {
    let late = std::time::Duration::from_millis(200);
    let world = World::new(rehearsal_elb::Config { target_lag: (late, late), ..quick() }).await;
    let a = Backend::start("a").await;
    a.answer_health_with(500);
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    world.register(&web, a.address);
    assert_eq!(told(&world, &web, &a).await["Reason"], "Elb.RegistrationInProgress");
    let reason = |world: &World| {
        let health = world.elb.target_health(&web, "127.0.0.1", a.address.port());
        health.and_then(|health| health.reason).unwrap_or_default()
    };
    world.until("it is being checked", |world| reason(world) == "Elb.InitialHealthChecking").await;
    world.until_state(&web, a.address, Some("unhealthy")).await;
}

#[tokio::test]
async fn a_deregistered_target_drains_and_is_then_unused() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    world.deregister(&web, a.address);
    let expected = json!({"State": "draining", "Reason": "Target.DeregistrationInProgress",
        "Description": "Target deregistration is in progress"});
    assert_eq!(told(&world, &web, &a).await, expected);
    world.until_state(&web, a.address, None).await;
    assert_eq!(told(&world, &web, &a).await["Reason"], "Target.NotRegistered");
    let all = world.call("DescribeTargetHealth", json!({"TargetGroupArn": web})).await;
    assert_eq!(all["TargetHealthDescriptions"], json!([]));
}

#[tokio::test]
async fn a_check_that_gets_no_answer_times_out() {
    let world = World::new(quick()).await;
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    world.register(&web, address);
    world.until_state(&web, address, Some("unhealthy")).await;
    let health = world.elb.target_health(&web, "127.0.0.1", address.port()).expect("a target");
    assert_eq!(health.reason.as_deref(), Some("Target.Timeout"));
}
