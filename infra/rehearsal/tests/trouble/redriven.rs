//! Somebody presses Redrive on an execution that was stopped: whatever it was at, it finds that its deployment is
//! another's now, and touches nothing.

use crate::show::{Kind, Show, ends, nothing_broke};
use rehearsal::scenario::Observed;
use rehearsal_lambda::{Fault, FaultRule};
use rehearsal_wire::Service;
use serde_json::{Value, json};

async fn execution(show: &Show, arn: &str) -> Value {
    show.call(Service::StepFunctions, "DescribeExecution", json!({"executionArn": arn})).await
}

/// Lets it go on, and waits until it has found out.
async fn redrive(show: &Show, arn: &str) {
    show.call(Service::StepFunctions, "RedriveExecution", json!({"executionArn": arn})).await;
    show.until("the redriven execution ends", async || execution(show, arn).await["status"] != "RUNNING")
        .await;
    let told = execution(show, arn).await;
    assert_eq!((&told["status"], &told["error"]), (&json!("FAILED"), &json!("LeaseLost")), "{told}");
    let cause = told["cause"].as_str().unwrap_or_default();
    assert!(cause.contains("held by") && !cause.starts_with('{'), "in words: {cause}");
}

fn rolled_back_once(observed: &Observed) {
    let ends: Vec<&str> = ends(observed).iter().map(|(outcome, _)| *outcome).collect();
    assert_eq!(ends, ["RolledBack"]);
    assert_eq!(observed.ledger.holder, None);
    nothing_broke(observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_in_plan_and_redriven_it_leaves_the_recovery_its_fence() {
    let show = Show::begin(Kind::Pair, &[]).await;
    let spoil = |function: &str, fault| {
        let stack = show.stage.cloud.stack();
        let function = stack.function(function).expect("there is such a function").name.clone();
        show.stage.cloud.lambda().inject(FaultRule { function, skip: 0, times: 1, fault });
    };
    // Plan has put everything on record when its execution is stopped, and the recovery takes its time.
    spoil("PlanFunction", Fault::ActThenStall);
    spoil("RollbackFunction", Fault::Stall);
    show.push("v2", &[]).await;
    show.reached("Plan", 1).await;
    show.until("a plan is on record", async || !show.ledger().await.deployments.is_empty()).await;
    let stopped = show.stop().await;
    show.reached("Rollback", 1).await;
    redrive(&show, &stopped).await;
    show.rests(2).await;
    rolled_back_once(&show.end(true).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopped_in_the_bake_and_redriven_when_all_is_over_it_changes_nothing() {
    let show = Show::begin(Kind::Pair, &[("bake", "6s")]).await;
    show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    let stopped = show.stop().await;
    show.rests(2).await;
    redrive(&show, &stopped).await;
    // Pressed once more, it ends as it did.
    redrive(&show, &stopped).await;
    rolled_back_once(&show.end(true).await);
}
