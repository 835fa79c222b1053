//! Many pushes and many executions: one deployment at a time, and the last push is what runs in the end.

use crate::show::{Kind, Show, ends, last_reason, nothing_broke};
use futures_util::future::join_all;
use rehearsal_cloud::events::{EventFault, EventFaultRule};
use serde_json::json;
use std::time::Duration;

/// How many pushes come, one a second.
const PUSHES: usize = 10;
/// How many executions are started at once.
const EXECUTIONS: usize = 20;

/// The digests of ten pushes in ten seconds.
async fn ten_pushes(show: &Show) -> Vec<String> {
    let mut digests = Vec::new();
    for number in 0..PUSHES {
        if number > 0 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        digests.push(show.push(&format!("v{}", number + 2), &[]).await);
    }
    digests
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pushes_in_ten_seconds_are_two_deployments_if_they_queue() {
    let show = Show::begin(Kind::Rolling, &[("bake", "9s"), ("on-push", "queue")]).await;
    let digests = ten_pushes(&show).await;
    show.rests(2).await;
    let observed = show.end(true).await;
    let expected = [("Succeeded", digests[0].as_str()), ("Succeeded", digests[PUSHES - 1].as_str())];
    assert_eq!(ends(&observed), expected);
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_pushes_in_ten_seconds_supersede_what_is_on_its_way() {
    let show = Show::begin(Kind::Pair, &[("bake", "6s"), ("on-push", "supersede")]).await;
    let digests = ten_pushes(&show).await;
    show.rests(2).await;
    let observed = show.end(true).await;
    let ends = ends(&observed);
    assert_eq!(ends.last(), Some(&("Succeeded", digests[PUSHES - 1].as_str())));
    let earlier = &ends[..ends.len() - 1];
    assert!(!earlier.is_empty() && earlier.iter().all(|(outcome, _)| *outcome == "Superseded"), "{ends:?}");
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_executions_at_once_one_acts_and_the_others_say_which() {
    // All of them plan at once and are throttled: the one that acts is still at it when the last of them gets through.
    let show = Show::begin(Kind::Rolling, &[("bake", "40s")]).await;
    let digest = show.push("by-hand", &[]).await;
    join_all((0..EXECUTIONS).map(|_| show.start(json!({"tag": "by-hand"})))).await;
    show.rests(EXECUTIONS).await;
    let observed = show.end(true).await;
    let (acted, others): (Vec<_>, Vec<_>) =
        observed.stories.iter().partition(|story| story.status == "SUCCEEDED");
    assert_eq!((acted.len(), others.len()), (1, EXECUTIONS - 1));
    let ends: Vec<_> = ends(&observed).into_iter().filter(|(outcome, _)| *outcome == "Succeeded").collect();
    assert_eq!(ends, [("Succeeded", digest.as_str())]);
    let holder = observed.ledger.deployments.iter().find(|one| one.digest.is_some()).expect("the one");
    for other in others {
        let cause = other.cause.as_deref().unwrap_or_default();
        assert_eq!(other.status, "FAILED");
        assert!(cause.contains(&holder.id), "{cause} does not name {}", holder.id);
    }
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_late_twice_or_never_change_nothing() {
    let show = Show::begin(Kind::Rolling, &[]).await;
    let fault = |fault| {
        let source = Some("aws.ecr".to_owned());
        show.stage.cloud.events().inject(EventFaultRule { source, detail_type: None, times: 1, fault });
    };
    // The first push is told after the second.
    fault(EventFault::Delay(Duration::from_secs(3)));
    show.push("v2", &[]).await;
    let third = show.push("v3", &[]).await;
    show.rests(1).await;
    fault(EventFault::Double);
    let fourth = show.push("v4", &[]).await;
    show.rests(2).await;
    // Nobody is told of this one, until reconcile looks.
    fault(EventFault::Drop);
    let fifth = show.push("v5", &[]).await;
    let schedule = &show.stage.cloud.stack().schedules["ReconcileTick"].name;
    assert!(show.stage.cloud.scheduler().fire(schedule));
    show.rests(3).await;
    let observed = show.end(true).await;
    let expected = [third, fourth, fifth];
    let expected: Vec<_> = expected.iter().map(|digest| ("Succeeded", digest.as_str())).collect();
    assert_eq!(ends(&observed), expected, "{}", last_reason(&observed));
    nothing_broke(&observed);
}
