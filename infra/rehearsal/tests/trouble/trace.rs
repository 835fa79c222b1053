//! Every call of a function says which trace it is part of, so that X-Ray shows a deployment as one.

use crate::show::{Kind, Show, ends};

#[tokio::test(flavor = "multi_thread")]
async fn every_call_of_a_function_passes_the_trace_on() {
    let show = Show::begin(Kind::Rolling, &[]).await;
    let before = show.stage.cloud.calls();
    show.push("v2", &[]).await;
    show.rests(1).await;
    let calls = show.stage.cloud.calls().since(&before);
    let of_functions: Vec<_> = calls.counts.iter().filter(|count| count.caller != "operator").collect();
    assert!(of_functions.len() > 10, "{calls:?}");
    for count in of_functions {
        assert_eq!(count.traced, count.calls, "{count:?}");
    }
    let observed = show.end(true).await;
    assert_eq!(ends(&observed).last().map(|(outcome, _)| *outcome), Some("Succeeded"));
}
