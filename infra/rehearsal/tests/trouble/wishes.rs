//! What is asked for while something else is on the way: it is neither lost nor taken back in another's place.

use crate::show::{Kind, Show, ends, nothing_broke};
use rehearsal_cloud::{ApiFault, ApiFaultRule};
use rehearsal_wire::Service;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_fix_that_is_pushed_before_the_bad_image_is_taken_back_follows_it() {
    let show = Show::begin(Kind::Pair, &[("bake", "10s")]).await;
    let bad = show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    let fix = show.push("v3", &[]).await;
    show.until("the fix is wanted", async || show.ledger().await.wanted.as_ref() == Some(&fix)).await;
    show.start(json!({"rollback": true, "cause": "INC-1"})).await;
    show.rests(3).await;
    let observed = show.end(true).await;
    assert!(observed.ledger.taken_back);
    assert_eq!(ends(&observed), [("RolledBack", bad.as_str()), ("Succeeded", fix.as_str())]);
    let reason = observed.ledger.deployments[0].reason.as_deref();
    assert_eq!(reason, Some("rollback asked for by INC-1"));
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_by_hand_while_the_service_is_held_runs_after_that_as_it_was_asked_for() {
    let show = Show::begin(Kind::Pair, &[("bake", "4s")]).await;
    let image = show.push("v2", &[]).await;
    show.reached("Bake", 1).await;
    // The image that is on the way already: only because it is to be redeployed is there anything to do.
    show.start(json!({"redeploy": true, "settings": {"steps": "100", "bake": "1s"}})).await;
    show.rests(3).await;
    let observed = show.end(true).await;
    let image = image.as_str();
    assert_eq!(ends(&observed), [("Succeeded", image), ("Refused", ""), ("Succeeded", image)]);
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_whose_answer_is_lost_is_found_and_not_made_twice() {
    let show = Show::begin(Kind::Rolling, &[]).await;
    let revisions = async || {
        let listed = show.call(Service::Ecs, "ListTaskDefinitions", json!({})).await;
        listed["taskDefinitionArns"].as_array().map_or(0, Vec::len)
    };
    let before = revisions().await;
    show.stage.cloud.inject(ApiFaultRule {
        caller: None,
        service: Some(Service::Ecs),
        operation: Some("RegisterTaskDefinition".to_owned()),
        skip: 0,
        times: 1,
        fault: ApiFault::ActThenDrop,
    });
    show.push("v2", &[]).await;
    show.rests(1).await;
    assert_eq!(revisions().await, before + 1);
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Succeeded"));
    nothing_broke(&observed);
}
