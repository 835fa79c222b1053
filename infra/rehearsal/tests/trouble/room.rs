//! Room is made where an Auto Scaling group is tagged for the cluster, given back whatever happens, and missed in words.

use crate::show::{Kind, Show, ends, last_reason, nothing_broke};
use rehearsal::stage::{GROUP, Setting};
use rehearsal_lambda::{Fault, FaultRule};
use std::time::Duration;

/// One instance, which two tasks fill, in a group that may have so many.
async fn crowded(kind: Kind, most: u32, tags: &[(&str, &str)]) -> Show {
    Show::begin_with(kind, tags, |setting: &mut Setting| {
        setting.instances = vec![(512, 4096)];
        setting.group = Some(most);
        setting.parameters.insert("RoomPatienceSeconds".to_owned(), "20".to_owned());
    })
    .await
}

fn size(show: &Show) -> (u32, usize) {
    show.stage.cloud.autoscaling().size(GROUP).expect("there is a group")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_service_gets_room_and_gives_it_back() {
    let show = crowded(Kind::Rolling, 2, &[]).await;
    show.push("v2", &[]).await;
    show.until("the group is enlarged", async || size(&show).0 == 2).await;
    show.rests(1).await;
    assert_eq!(size(&show), (1, 1), "as before");
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Succeeded"));
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rollback_gives_room_back_too_whatever_dies() {
    let show = crowded(Kind::Pair, 2, &[]).await;
    let stack = show.stage.cloud.stack();
    for name in ["UpdateServiceFunction", "RollbackFunction"] {
        let function = stack.function(name).expect("it is in the template").name.clone();
        for skip in [0, 2, 5] {
            let rule = FaultRule { function: function.clone(), skip, times: 1, fault: Fault::ActThenDie };
            show.stage.cloud.lambda().inject(rule);
        }
    }
    show.push("v2", &["--crash", "3"]).await;
    show.rests(1).await;
    assert_eq!(size(&show), (1, 1), "as before");
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("RolledBack"));
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_may_not_grow_refuses_and_says_so() {
    let show = crowded(Kind::Pair, 1, &[]).await;
    show.push("v2", &[]).await;
    show.rests(1).await;
    assert_eq!(size(&show), (1, 1), "nothing was touched");
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Refused"));
    for part in ["unable to place a task", "workers would need 2 instances", "raise its maximum size"] {
        assert!(last_reason(&observed).contains(part), "{part}: {}", last_reason(&observed));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_do_not_come_end_it_before_any_task_is_asked_for() {
    let show = crowded(Kind::Pair, 2, &[]).await;
    show.stage.cloud.autoscaling().set_launch(Duration::from_secs(24));
    show.push("v2", &[]).await;
    show.rests(1).await;
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("RolledBack"));
    let reason = last_reason(&observed);
    assert!(reason.contains("1 of 2 instances of workers have joined"), "{reason}");
    nothing_broke(&observed);
}
