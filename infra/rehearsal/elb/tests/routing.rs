//! Where requests go: weights, rules, empty and unhealthy groups, stickiness.

mod common;

use common::backend::Backend;
use common::client::{Client, get};
use common::{World, forward, quick};
use rehearsal_elb::Config;
use serde_json::json;
use std::collections::HashMap;

#[tokio::test]
async fn requests_divide_by_weight_over_all_nodes() {
    let world = World::new(Config { nodes: 3, ..quick() }).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let blue = world.serving("blue", 1, &[a.address]).await;
    let green = world.serving("green", 1, &[b.address]).await;
    world.forward(&[(&blue, 90), (&green, 10)]).await;
    world.until_state(&blue, a.address, Some("healthy")).await;
    let mut counts: HashMap<String, usize> = HashMap::new();
    for _ in 0..6 {
        let mut client = Client::connect(world.address).await;
        for _ in 0..200 {
            *counts.entry(client.get("/").await.body).or_default() += 1;
        }
    }
    // 1,200 draws of 10 %: five standard deviations are 52.
    assert!((68..=172).contains(&counts["b"]), "{counts:?}");
    assert_eq!(counts["a"] + counts["b"], 1_200);
    assert_eq!(world.metrics(&blue).requests + world.metrics(&green).requests, 1_200);
    world.forward(&[(&blue, 0), (&green, 100)]).await;
    assert_eq!(get(world.address, "/").await.body, "b");
}

#[tokio::test]
async fn targets_of_a_group_take_turns() {
    let world = World::new(quick()).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    world.serving("web", 1, &[a.address, b.address]).await;
    let mut client = Client::connect(world.address).await;
    for _ in 0..40 {
        assert_eq!(client.get("/").await.status, 200);
    }
    assert_eq!((a.requests(), b.requests()), (20, 20));
}

#[tokio::test]
async fn a_weighted_group_without_targets_gives_503_and_no_other_takes_over() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let blue = world.serving("blue", 1, &[a.address]).await;
    let green = world.group("green", 1).await;
    world.forward(&[(&blue, 0), (&green, 1)]).await;
    let answer = get(world.address, "/").await;
    assert_eq!(answer.status, 503);
    assert_eq!(answer.headers["server"], "awselb/2.0");
    assert!(answer.body.contains("503 Service Temporarily Unavailable"), "{}", answer.body);
    assert_eq!(world.errors().elb_503, 1);
    assert_eq!(a.requests(), 0);
    world.forward(&[(&blue, 0), (&green, 0)]).await;
    assert_eq!(get(world.address, "/").await.status, 503);
}

#[tokio::test]
async fn all_unhealthy_targets_get_requests_and_one_healthy_takes_them_all() {
    let world = World::new(quick()).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    a.answer_health_with(500);
    b.answer_health_with(500);
    let web = world.group("web", 1).await;
    world.forward(&[(&web, 1)]).await;
    world.register(&web, a.address);
    world.register(&web, b.address);
    world.until_state(&web, a.address, Some("unhealthy")).await;
    world.until_state(&web, b.address, Some("unhealthy")).await;
    for _ in 0..10 {
        assert_eq!(get(world.address, "/").await.status, 200);
    }
    assert_eq!((a.requests(), b.requests()), (5, 5));
    assert_eq!(world.metrics(&web).unhealthy_routing_requests, 10);
    b.answer_health_with(200);
    world.until_state(&web, b.address, Some("healthy")).await;
    for _ in 0..10 {
        assert_eq!(get(world.address, "/").await.body, "b");
    }
}

#[tokio::test]
async fn rules_are_tried_by_priority_and_the_default_comes_last() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    let fixed = |status: &str| json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": status, "MessageBody": status}}]);
    let rule = |priority: u32, pattern: &str, actions: serde_json::Value| {
        json!({"ListenerArn": world.listener, "Priority": priority, "Actions": actions,
            "Conditions": [{"Field": "path-pattern", "Values": [pattern]}]})
    };
    world.call("CreateRule", rule(20, "/a*", fixed("403"))).await;
    world.call("CreateRule", rule(10, "/admin/*", fixed("401"))).await;
    world.call("CreateRule", rule(30, "/web", forward(&[(&web, 1)]))).await;
    assert_eq!(get(world.address, "/admin/x").await.status, 401);
    assert_eq!(get(world.address, "/admin").await.status, 403);
    assert_eq!(get(world.address, "/web").await.body, "a");
    world
        .call("ModifyListener", json!({"ListenerArn": world.listener, "DefaultActions": fixed("404")}))
        .await;
    assert_eq!(get(world.address, "/other").await.body, "404");
}

#[tokio::test]
async fn a_sticky_client_stays_with_its_group_even_at_weight_0() {
    let world = World::new(quick()).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let blue = world.serving("blue", 1, &[a.address]).await;
    let green = world.serving("green", 1, &[b.address]).await;
    let sticky = |weights: &[(&str, u32)]| {
        let mut actions = forward(weights);
        actions[0]["ForwardConfig"]["TargetGroupStickinessConfig"] =
            json!({"Enabled": true, "DurationSeconds": 60});
        json!({"ListenerArn": world.listener, "DefaultActions": actions})
    };
    world.call("ModifyListener", sticky(&[(&blue, 1), (&green, 0)])).await;
    world.until_state(&blue, a.address, Some("healthy")).await;
    let first = get(world.address, "/").await;
    assert_eq!(first.body, "a");
    let cookie = first.headers["set-cookie"].to_str().expect("text");
    assert!(
        cookie.starts_with("AWSALBTG=") && cookie.contains("; Expires=") && cookie.ends_with("; Path=/"),
        "{cookie}"
    );
    let twin = first.headers.get_all("set-cookie").iter().nth(1).expect("its twin").to_str().expect("text");
    assert!(twin.starts_with("AWSALBTGCORS=") && twin.ends_with("; SameSite=None; Secure"), "{twin}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    world.call("ModifyListener", sticky(&[(&blue, 0), (&green, 1)])).await;
    assert_eq!(get(world.address, "/").await.body, "b");
    let mut client = Client::connect(world.address).await;
    let pinned = client.get_with(&cookie).await;
    assert_eq!(pinned.body, "a");
    assert!(pinned.headers.contains_key("set-cookie"), "the cookie's life begins anew");
    // While the cookie lives there is no other group for it, even when its own is empty.
    world.deregister(&blue, a.address);
    world.until_state(&blue, a.address, None).await;
    let lost = client.get_with(&cookie).await;
    assert_eq!((lost.status, lost.headers.contains_key("set-cookie")), (503, false));
    assert_eq!(get(world.address, "/").await.body, "b", "who has no cookie is served");
}

#[tokio::test]
async fn a_client_stays_with_its_target_and_that_needs_stickiness_of_a_weighted_rule() {
    let world = World::new(quick()).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let web = world.serving("web", 1, &[a.address, b.address]).await;
    let other = world.group("other", 1).await;
    let sticky =
        json!({"TargetGroupArn": web, "Attributes": [{"Key": "stickiness.enabled", "Value": "true"}]});
    world.call("ModifyTargetGroupAttributes", sticky.clone()).await;
    let first = get(world.address, "/").await;
    let cookie = first.headers["set-cookie"].to_str().expect("text").to_owned();
    assert!(cookie.starts_with("AWSALB="), "{cookie}");
    let cookie = cookie.split(';').next().expect("a pair").to_owned();
    let mut client = Client::connect(world.address).await;
    for _ in 0..6 {
        assert_eq!(client.get_with(&cookie).await.body, first.body);
    }
    let weighted =
        json!({"ListenerArn": world.listener, "DefaultActions": forward(&[(&web, 1), (&other, 1)])});
    assert_eq!(common::code(&world.elb, "ModifyListener", weighted).await, "InvalidLoadBalancerAction");
    let plain =
        json!({"TargetGroupArn": web, "Attributes": [{"Key": "stickiness.enabled", "Value": "false"}]});
    world.call("ModifyTargetGroupAttributes", plain).await;
    world.forward(&[(&web, 1), (&other, 1)]).await;
    assert_eq!(
        common::code(&world.elb, "ModifyTargetGroupAttributes", sticky).await,
        "InvalidConfigurationRequest"
    );
}

#[tokio::test]
async fn what_no_node_has_judged_yet_gets_nothing() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    a.answer_health_with(500);
    let web = world.group("web", 1).await;
    // Found unhealthy only after ten checks: until then it is initial.
    world.call("ModifyTargetGroup", json!({"TargetGroupArn": web, "UnhealthyThresholdCount": 10})).await;
    world.forward(&[(&web, 1)]).await;
    world.register(&web, a.address);
    assert_eq!(world.state(&web, a.address).as_deref(), Some("initial"));
    assert_eq!(get(world.address, "/").await.status, 503);
    assert_eq!(a.requests(), 0);
    a.answer_health_with(200);
    world.until_state(&web, a.address, Some("healthy")).await;
    assert_eq!(get(world.address, "/").await.status, 200);
}
