//! The record does not flatter: not a slow server, not a busy generator.

use crate::server::{V1, always, config, request, run, say, serve};
use rehearsal_traffic::{Config, Kind, Mix, Outcome, Timeouts, Traffic};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// A server that answers one request at a time and stalls once: everyone scheduled during the stall waits for it,
/// and the record says how long, though a polite client would have asked only once.
#[tokio::test]
async fn a_stall_is_felt_by_all_who_were_scheduled_in_it() {
    const STALL: Duration = Duration::from_millis(400);
    let turn = Arc::new(Mutex::new(0_u64));
    let target = serve(move |_, mut stream| {
        let turn = Arc::clone(&turn);
        async move {
            while request(&mut stream).await.is_some() {
                let mut served = turn.lock().await;
                *served += 1;
                if *served == 5 {
                    tokio::time::sleep(STALL).await;
                }
                drop(served);
                say(&mut stream, V1).await;
            }
        }
    })
    .await;
    let timeouts = Timeouts { request: Duration::from_secs(5), ..Timeouts::default() };
    let record = run(Config { timeouts, ..config(target) }, 80).await;
    assert_eq!(record.summary.totals.failed, 0, "{:?}", record.summary.failures);
    let waited = |at_least| record.requests.iter().filter(|request| request.latency_us() >= at_least).count();
    // 100 a second for 400 ms: about 40 were scheduled in the stall, and half of those waited for half of it.
    assert!(waited(200_000) >= 15, "only {} of about 20 waited long", waited(200_000));
    assert!(waited(300_000) >= 7, "only {} of about 10 waited longer", waited(300_000));
}

#[tokio::test]
async fn too_many_in_flight_is_our_error_and_on_record() {
    let target = serve(|_, mut stream| async move {
        request(&mut stream).await;
        request(&mut stream).await;
    })
    .await;
    let record = run(Config { max_in_flight: 3, ..config(target) }, 20).await;
    let totals = record.summary.totals;
    assert!(totals.unsent > 0);
    assert!(totals.failed >= 3, "the three that were sent timed out: {totals:?}");
    assert_eq!(record.requests.len() as u64, totals.total + totals.unsent);
    let unsent = record.summary.failures.iter().find(|failure| failure.request.outcome == Outcome::Unsent);
    assert!(unsent.is_some_and(|failure| failure.detail.contains("in flight")));
    let mut ids: Vec<_> = record.requests.iter().map(|request| request.id).collect();
    ids.sort_unstable();
    assert!(ids.iter().enumerate().all(|(place, id)| place as u64 == *id), "a scheduled request is missing");
}

#[tokio::test]
async fn requests_leave_at_their_rate() {
    let target = serve(|_, stream| always(stream, V1)).await;
    let begun = Instant::now();
    let record = run(Config { rate: 400.0, ..config(target) }, 400).await;
    let took = begun.elapsed().as_secs_f64();
    let planned = took * 400.0;
    let sent = record.summary.totals.total as f64;
    assert!(sent <= planned + 1.0, "{sent} sent in {took} s: faster than planned");
    assert!(took >= 0.99, "400 requests at 400/s took {took} s");
}

#[tokio::test]
async fn every_kind_is_sent_and_stopping_waits_for_the_slow() {
    let target = serve(|_, mut stream| async move {
        while let Some(head) = request(&mut stream).await {
            if head.starts_with("GET /slow") {
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
            let body = if head.starts_with("GET /stream") { "v1 1/2\nv1 2/2\n" } else { "v1\n" };
            let length = body.len();
            say(
                &mut stream,
                &format!("HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: {length}\r\n\r\n{body}"),
            )
            .await;
        }
    })
    .await;
    let mix = Mix { short: 1.0, slow: 1.0, stream: 1.0, post: 1.0, fresh: 0.5, websockets: 0 };
    let record = run(Config { mix, ..config(target) }, 40).await;
    assert_eq!(record.summary.totals.failed, 0, "{:?}", record.summary.failures);
    for kind in [Kind::Short, Kind::Slow, Kind::Stream, Kind::Post] {
        assert!(record.summary.by_kind[&kind].ok > 0, "no {kind:?} was sent");
    }
    let json = serde_json::to_value(&record.summary).expect("serialises");
    assert_eq!(json["by_version"]["v1"]["ok"], record.summary.totals.ok);
    assert!(json["by_kind"]["slow"]["ok"].as_u64() > Some(0));
}

#[tokio::test]
async fn dropped_traffic_sends_nothing_more() {
    let asked = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let target = serve(move |_, mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            while request(&mut stream).await.is_some() {
                counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                say(&mut stream, V1).await;
            }
            counter.fetch_add(1_000_000, std::sync::atomic::Ordering::SeqCst);
        }
    })
    .await;
    let traffic = Traffic::start(config(target));
    let load = || asked.load(std::sync::atomic::Ordering::SeqCst);
    let wait = |least: u64| async move {
        while load() < least {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(crate::server::DEADLINE, wait(3)).await.expect("requests arrive");
    drop(traffic);
    // Every connection ends, so nothing can be asked on any.
    tokio::time::timeout(crate::server::DEADLINE, wait(1_000_000)).await.expect("the connections are closed");
}
