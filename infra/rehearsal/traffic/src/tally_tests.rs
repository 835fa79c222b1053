//! Tests of the tally, on a paused clock.

use super::*;
use crate::request::{Connection, Reason};

fn ended(id: u64, kind: Kind, scheduled_us: u64, version: Option<&str>, outcome: Outcome) -> Ended {
    let request = Request {
        id,
        kind,
        connection: Connection::Reused,
        scheduled_us,
        sent_us: scheduled_us,
        done_us: 0,
        status: None,
        version: None,
        outcome,
        retried: false,
    };
    Ended { request, version: version.map(str::to_owned), detail: "seen".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn seconds_hold_what_ended_in_them() {
    let tally = Tally::new();
    tokio::time::advance(Duration::from_millis(500)).await;
    tally.end(ended(0, Kind::Short, 400_000, Some("v1"), Outcome::Ok));
    tokio::time::advance(Duration::from_secs(2)).await;
    tally.end(ended(1, Kind::Short, 2_490_000, Some("v2"), Outcome::Ok));
    tally.end(ended(2, Kind::Short, 2_490_000, None, Outcome::Failed(Reason::Refused)));
    let record = tally.finish(200.0, 7);
    let seconds = &record.summary.seconds;
    assert_eq!(
        seconds.iter().map(|second| (second.at_s, second.total())).collect::<Vec<_>>(),
        [(0, 1), (1, 0), (2, 2)]
    );
    let latency = seconds[0].by_version["v1"].latency.expect("a quick request went well");
    assert!((latency.p50_ms - 100.0).abs() < 1.0, "{latency:?}");
    assert_eq!(seconds[2].by_version[NO_VERSION].counts, Counts { ok: 0, failed: 1 });
    assert_eq!(record.summary.totals, Totals { total: 3, ok: 2, failed: 1, retried: 0, unsent: 0 });
    assert_eq!(record.requests.len(), 3);
    assert_eq!(record.requests[1].version.as_deref(), Some("v2"));
    assert_eq!(record.summary.failures[0].detail, "seen");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_goes_on_when_nothing_ends() {
    let tally = Tally::new();
    tally.end(ended(0, Kind::Short, 0, Some("v1"), Outcome::Ok));
    tokio::time::advance(Duration::from_millis(3_100)).await;
    let snapshot = tally.snapshot(5);
    assert_eq!(snapshot.recent.len(), 3);
    assert_eq!(snapshot.last_second().map(Second::total), Some(0));
    assert_eq!((snapshot.in_flight, snapshot.elapsed_ms, snapshot.totals.ok), (5, 3_100, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded_and_what_is_counted_is_not() {
    let tally = Tally::new();
    for id in 0..2_000 {
        let version = format!("v{id}");
        tally.end(ended(id, Kind::Short, 0, Some(&version), Outcome::Failed(Reason::Status)));
    }
    let summary = tally.finish(200.0, 0).summary;
    assert_eq!((summary.failures.len(), summary.failures_beyond), (MAX_FAILURES, 1_000));
    assert_eq!(summary.by_version.len(), MAX_VERSIONS + 1);
    assert_eq!(summary.totals.failed, 2_000);
}

#[tokio::test(start_paused = true)]
async fn unsent_is_no_failure_of_the_server_and_is_not_forgotten() {
    let tally = Tally::new();
    tally.end(ended(0, Kind::Short, 0, None, Outcome::Unsent));
    let record = tally.finish(200.0, 0);
    assert_eq!(record.summary.totals, Totals { unsent: 1, ..Totals::default() });
    assert_eq!(record.summary.seconds[0].unsent, 1);
    assert_eq!(record.summary.failures.len(), 1);
    let json = serde_json::to_value(&record).expect("serialises");
    assert_eq!(json["summary"]["failures"][0]["outcome"], "unsent");
    assert_eq!(json["requests"][0]["version"], serde_json::Value::Null);
}

#[tokio::test(start_paused = true)]
async fn slow_answers_do_not_count_as_latency() {
    let tally = Tally::new();
    tokio::time::advance(Duration::from_secs(2)).await;
    tally.end(ended(0, Kind::Slow, 0, Some("v1"), Outcome::Ok));
    assert_eq!(tally.finish(1.0, 0).summary.by_version["v1"].latency, None);
}
