//! Nodes learn late, each in its own time, and agree in the end.

mod common;

use common::backend::Backend;
use common::client::Client;
use common::{World, quick, weights_by_node};
use rehearsal_elb::Config;
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;

fn lagging(seed: u64) -> Config {
    Config { nodes: 3, seed, weight_lag: (Duration::from_millis(50), Duration::from_millis(900)), ..quick() }
}

#[tokio::test]
async fn a_change_of_weights_reaches_nodes_one_by_one_and_all_in_the_end() {
    let world = World::new(lagging(11)).await;
    let (blue, green) = (world.group("blue", 1).await, world.group("green", 1).await);
    world.forward(&[(&blue, 100), (&green, 0)]).await;
    world.until("all agree", |world| world.elb.snapshot().pending == 0).await;
    let rule = world.elb.snapshot().rules[0].rule_arn.clone();
    world.forward(&[(&blue, 0), (&green, 100)]).await;
    let control: Vec<u32> = world.elb.snapshot().rules[0].groups.iter().map(|group| group.weight).collect();
    assert_eq!(control, [0, 100], "the control plane knows at once");
    let mut changes = world.elb.changes();
    let mut views: HashSet<Vec<Vec<u32>>> = HashSet::new();
    loop {
        let snapshot = world.elb.snapshot();
        views.insert(weights_by_node(&snapshot, &rule));
        if snapshot.pending == 0 {
            break;
        }
        changes.changed().await.expect("a change");
    }
    let new = vec![0, 100];
    assert!(views.contains(&vec![new.clone(); 3]), "all agree in the end: {views:?}");
    let split = views.iter().any(|view| view.contains(&new) && view.contains(&vec![100, 0]));
    assert!(split, "for a while nodes disagree: {views:?}");
}

#[tokio::test]
async fn requests_follow_the_view_of_their_own_node() {
    let world =
        World::new(Config { weight_lag: (Duration::ZERO, Duration::from_secs(2)), ..lagging(3) }).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let (blue, green) = (world.serving("blue", 1, &[a.address]).await, world.group("green", 1).await);
    world.forward(&[(&blue, 1), (&green, 0)]).await;
    world.register(&green, b.address);
    world.until_state(&green, b.address, Some("healthy")).await;
    world.until("all agree", |world| world.elb.snapshot().pending == 0).await;
    // Connections go round the nodes: three of them, one on each.
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(world.address).await;
        assert_eq!(client.get("/").await.body, "a");
        clients.push(client);
    }
    world.forward(&[(&blue, 0), (&green, 1)]).await;
    let mut mixed = false;
    while world.elb.snapshot().pending > 0 {
        let mut bodies = HashSet::new();
        for client in &mut clients {
            bodies.insert(client.get("/").await.body);
        }
        mixed |= bodies.len() == 2;
    }
    assert!(mixed, "some nodes must still act on the old weights");
    for client in &mut clients {
        assert_eq!(client.get("/").await.body, "b");
    }
}

#[tokio::test]
async fn of_two_changes_the_later_one_wins_on_every_node() {
    for seed in 0..5 {
        let world =
            World::new(Config { weight_lag: (Duration::ZERO, Duration::from_millis(200)), ..lagging(seed) })
                .await;
        let (blue, green) = (world.group("blue", 1).await, world.group("green", 1).await);
        for weight in 0..20 {
            world.forward(&[(&blue, weight), (&green, 20 - weight)]).await;
        }
        world.until("all agree", |world| world.elb.snapshot().pending == 0).await;
        let snapshot = world.elb.snapshot();
        let rule = snapshot.rules[0].rule_arn.clone();
        assert_eq!(weights_by_node(&snapshot, &rule), vec![vec![19, 1]; 3], "seed {seed}");
    }
}

#[tokio::test]
async fn rules_are_not_changed_together() {
    let world = World::new(lagging(5)).await;
    let (blue, green) = (world.group("blue", 1).await, world.group("green", 1).await);
    world.forward(&[(&blue, 1), (&green, 0)]).await;
    let input = json!({"ListenerArn": world.listener, "Priority": 1,
        "Conditions": [{"Field": "path-pattern", "Values": ["/x"]}], "Actions": common::forward(&[(&blue, 1), (&green, 0)])});
    let rule = common::text(&world.call("CreateRule", input).await["Rules"][0]["RuleArn"]);
    world.until("all agree", |world| world.elb.snapshot().pending == 0).await;
    let default = world.elb.snapshot().rules[1].rule_arn.clone();
    world.forward(&[(&blue, 0), (&green, 1)]).await;
    world
        .call("ModifyRule", json!({"RuleArn": rule, "Actions": common::forward(&[(&blue, 0), (&green, 1)])}))
        .await;
    let mut apart = false;
    let mut changes = world.elb.changes();
    loop {
        let snapshot = world.elb.snapshot();
        apart |= weights_by_node(&snapshot, &default) != weights_by_node(&snapshot, &rule);
        if snapshot.pending == 0 {
            break;
        }
        changes.changed().await.expect("a change");
    }
    assert!(apart, "nothing is atomic across rules");
}
