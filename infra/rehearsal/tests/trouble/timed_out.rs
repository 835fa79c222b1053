//! An execution that takes longer than its state machine allows: it ends TIMED_OUT, and its deployment is brought to an end.

use crate::show::{Kind, Show, ends, nothing_broke};
use rehearsal_wire::Service;
use serde_json::{Value, json};

/// How long the execution of the test may take: until its bake, which takes longer.
const SHORT_SECONDS: u64 = 20;

/// Gives the state machine another timeout, for executions that begin from now on; the one that it had.
async fn allow(show: &Show, seconds: u64) -> u64 {
    let machine = show.stage.state_machine().expect("there is one");
    let described = json!({"stateMachineArn": machine});
    let described = show.call(Service::StepFunctions, "DescribeStateMachine", described).await;
    let definition = described["definition"].as_str().expect("a definition");
    let mut definition: Value = serde_json::from_str(definition).expect("JSON");
    let before = definition["TimeoutSeconds"].as_u64().expect("it is bounded");
    definition["TimeoutSeconds"] = seconds.into();
    let update = json!({"stateMachineArn": machine, "definition": definition.to_string()});
    show.call(Service::StepFunctions, "UpdateStateMachine", update).await;
    before
}

#[tokio::test(flavor = "multi_thread")]
async fn an_execution_that_times_out_in_its_bake_is_recovered_from() {
    let show = Show::begin(Kind::Pair, &[("bake", "60s")]).await;
    let before = allow(&show, SHORT_SECONDS).await;
    show.push("v2", &[]).await;
    show.reached("Plan", 1).await;
    // The recovery has all the time that the template gives.
    allow(&show, before).await;
    show.rests(2).await;
    show.until("the alarm rises", async || show.alarms().await.contains(&"RecoveriesAlarm".to_owned())).await;
    let observed = show.end(true).await;
    let [timed_out, recovery] = observed.stories.as_slice() else { panic!("{:#?}", observed.stories) };
    assert_eq!(timed_out.status, "TIMED_OUT");
    assert!(timed_out.visits.iter().any(|visit| visit.state == "Bake"), "it had users: {timed_out:#?}");
    assert!(recovery.arn.contains("-recover-"), "{}", recovery.arn);
    assert_eq!(ends(&observed).iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(), ["RolledBack"]);
    assert_eq!(observed.ledger.holder, None);
    nothing_broke(&observed);
}
