//! A call that was under way when its execution was stopped, and that comes when another has the service: no fence keeps
//! it out. Nobody must notice.

use crate::show::{Kind, Show, ends, nothing_broke};
use rehearsal::matrix::UNDER_WAY;
use rehearsal::scenario::Observed;
use rehearsal_cloud::ApiFault;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Delays the first such call of a function; tells when it is under way.
fn delay(show: &Show, function: &str, operation: &'static str) -> Arc<AtomicBool> {
    let under_way = Arc::new(AtomicBool::new(false));
    let stack = show.stage.cloud.stack();
    let function = stack.function(function).expect("there is such a function").name.clone();
    let noted = under_way.clone();
    show.stage.cloud.set_fault_hook(Some(Arc::new(move |caller, call| {
        let is_it = caller.name() == function && call.operation == operation;
        (is_it && !noted.swap(true, Ordering::SeqCst)).then_some(ApiFault::Delay(UNDER_WAY))
    })));
    under_way
}

async fn rolled_back(show: Show) {
    show.rests(2).await;
    let observed: Observed = show.end(true).await;
    assert_eq!(ends(&observed).iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(), ["RolledBack"]);
    nothing_broke(&observed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shift_that_comes_when_the_weights_were_back_finds_tasks_and_is_taken_back() {
    let show = Show::begin(Kind::Pair, &[]).await;
    let under_way = delay(&show, "SwapFunction", "ModifyRule");
    show.push("v2", &[]).await;
    show.until("the shift is under way", async || under_way.load(Ordering::SeqCst)).await;
    show.stop().await;
    // The weights are as they were all the while, until it comes.
    show.until("it came", async || show.noted("the old tasks take the traffic back").await).await;
    rolled_back(show).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_tasks_that_are_told_to_stop_late_do_not_have_the_traffic() {
    let show = Show::begin(Kind::Pair, &[]).await;
    let under_way = delay(&show, "DrainFunction", "UpdateService");
    show.push("v2", &[]).await;
    show.until("they are told to stop", async || under_way.load(Ordering::SeqCst)).await;
    show.stop().await;
    show.until("it came", async || show.noted("old revision are asked for again").await).await;
    rolled_back(show).await;
}
