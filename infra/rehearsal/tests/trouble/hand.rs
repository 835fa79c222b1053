//! An operator's hand in the middle of a deployment: noticed, said, and never fought over.

use crate::show::{Kind, Show, ends, last_reason, nothing_broke};
use rehearsal::stage::CLUSTER;
use rehearsal_wire::Service;
use serde_json::json;
use std::collections::BTreeSet;

fn tasks(show: &Show) -> BTreeSet<String> {
    show.stage.cloud.ecs().snapshot().tasks.into_iter().map(|task| task.arn).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_success_in_its_rollback_window_is_taken_back_by_weights_alone() {
    let show = Show::begin(Kind::Pair, &[("rollback-window", "60s")]).await;
    show.push("v2", &[]).await;
    show.reached("Drain", 2).await;
    let before = tasks(&show);
    show.start(json!({"rollback": true})).await;
    show.rests(2).await;
    assert!(tasks(&show).is_subset(&before), "tasks were started");
    let observed = show.end(true).await;
    assert!(ends(&observed).iter().any(|(outcome, _)| *outcome == "RolledBack"), "{:?}", ends(&observed));
    assert!(observed.ledger.taken_back);
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn weights_moved_by_hand_end_the_deployment_and_it_says_so() {
    let show = Show::begin(Kind::Pair, &[("bake", "4s")]).await;
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    show.weigh([60, 40]).await;
    show.rests(1).await;
    show.evaluated("RolledBack").await;
    assert_eq!(show.alarms().await, [""; 0], "one deployment that was taken back calls nobody");
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("RolledBack"));
    assert!(last_reason(&observed).contains("someone else changed it"), "{}", last_reason(&observed));
    // The witness saw weights that no plan has; whose they were is known here.
    assert_eq!(observed.record.summary.totals.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tasks_scaled_in_by_hand_are_started_again_before_they_get_everything() {
    let show = Show::begin(Kind::Pair, &[("bake", "6s")]).await;
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    let green = &show.sample.members[1].ecs_service;
    let scale = json!({"cluster": CLUSTER, "service": green, "desiredCount": 1});
    show.call(Service::Ecs, "UpdateService", scale).await;
    show.rests(1).await;
    // One of two bears a fifth of the traffic, as it would if autoscaling had done it; but not all of it.
    let words = "2 tasks are needed for the next weight, as many as the live side runs now: 1 are asked for";
    assert!(show.noted(words).await, "{:#?}", show.ledger().await);
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Succeeded"));
    // A task that had traffic was stopped, as the witness saw; it finished what it had begun.
    assert_eq!(observed.record.summary.totals.failed, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_revision_by_hand_ends_a_rolling_deployment() {
    let show = Show::begin(Kind::Rolling, &[("bake", "6s")]).await;
    let name = &show.sample.members[0].ecs_service;
    let described = json!({"cluster": CLUSTER, "services": [name]});
    let described = show.call(Service::Ecs, "DescribeServices", described).await;
    let first = described["services"][0]["taskDefinition"].as_str().expect("an ARN").to_owned();
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    let back = json!({"cluster": CLUSTER, "service": name, "taskDefinition": first});
    show.call(Service::Ecs, "UpdateService", back).await;
    show.rests(1).await;
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("RolledBack"));
    assert!(last_reason(&observed).contains("someone else"), "{}", last_reason(&observed));
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_is_not_ours_is_refused_in_words() {
    let show = Show::begin(Kind::Rolling, &[]).await;
    let execution = show.start(json!({"image": "v2"})).await;
    show.rests(1).await;
    let asked = json!({"executionArn": execution});
    let told = show.call(Service::StepFunctions, "DescribeExecution", asked).await;
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("BadInput")), "{told}");
    let cause = told["cause"].as_str().unwrap_or_default();
    assert!(cause.starts_with("the execution's input is not one of ours: unknown field `image`"), "{cause}");
    nothing_broke(&show.end(true).await);
}
