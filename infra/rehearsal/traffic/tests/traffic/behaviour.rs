//! Each way in which a server fails, and what the record calls it.

use crate::server::{V1, always, config, request, reset, run, say, serve};
use rehearsal_traffic::{Config, Connection, Kind, Mix, NO_VERSION, Outcome, Reason, Record, Timeouts};
use std::time::Duration;
use tokio::net::TcpListener;

fn only_reason(record: &Record) -> Reason {
    let summary = &record.summary;
    assert!(summary.totals.total > 0);
    assert_eq!(summary.totals.ok, 0, "something went well");
    let Outcome::Failed(reason) = record.requests[0].outcome else { panic!("{:?}", record.requests[0]) };
    for failure in &summary.failures {
        assert_eq!(failure.request.outcome, Outcome::Failed(reason), "{}", failure.detail);
    }
    reason
}

fn fresh(target: std::net::SocketAddr) -> Config {
    Config { mix: Mix { fresh: 1.0, ..Mix::short_only() }, ..config(target) }
}

#[tokio::test]
async fn a_good_server_has_nothing_held_against_it() {
    let target = serve(|_, stream| always(stream, V1)).await;
    let record = run(config(target), 30).await;
    let summary = &record.summary;
    assert_eq!((summary.totals.failed, summary.totals.unsent, summary.totals.retried), (0, 0, 0));
    assert_eq!(summary.by_version["v1"].counts.ok, summary.totals.total);
    assert!(summary.by_version["v1"].latency.is_some());
    assert!(record.requests.iter().filter(|request| request.connection == Connection::Reused).count() > 20);
    assert!(record.requests.iter().all(|request| request.scheduled_us <= request.sent_us
        && request.sent_us <= request.done_us
        && request.status == Some(200)));
}

#[tokio::test]
async fn nobody_listens() {
    let gone = TcpListener::bind(("127.0.0.1", 0)).await.expect("binds").local_addr().expect("an address");
    let record = run(config(gone), 5).await;
    assert_eq!(only_reason(&record), Reason::Refused);
    assert_eq!(record.summary.by_version[NO_VERSION].counts.ok, 0);
}

#[tokio::test]
async fn closed_and_reset_without_an_answer() {
    let closes = serve(|_, mut stream| async move {
        request(&mut stream).await;
    });
    assert_eq!(only_reason(&run(fresh(closes.await), 5).await), Reason::Closed);
    let resets = serve(|_, stream| async move {
        stream.get_ref().readable().await.expect("a request comes");
        reset(&stream);
    });
    assert_eq!(only_reason(&run(fresh(resets.await), 5).await), Reason::Reset);
}

#[tokio::test]
async fn no_answer_and_no_end_of_an_answer_in_time() {
    let timeouts = Timeouts { request: Duration::from_millis(100), ..Timeouts::default() };
    for said in ["", "HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: 3\r\n\r\nv"] {
        let stalls = serve(move |_, mut stream| async move {
            request(&mut stream).await;
            say(&mut stream, said).await;
            request(&mut stream).await;
        });
        let config = Config { timeouts: timeouts.clone(), ..fresh(stalls.await) };
        assert_eq!(only_reason(&run(config, 5).await), Reason::Timeout);
    }
}

#[tokio::test]
async fn a_server_error_counts_against_the_version_that_made_it() {
    let answer = "HTTP/1.1 500 Internal Server Error\r\nx-version: v2\r\ncontent-length: 5\r\n\r\noops\n";
    let target = serve(move |_, stream| always(stream, answer)).await;
    let record = run(config(target), 10).await;
    assert_eq!(only_reason(&record), Reason::Status);
    assert_eq!(record.summary.by_version["v2"].counts.failed, record.summary.totals.total);
    assert_eq!(record.summary.failures[0].detail, "oops");
    assert_eq!(record.summary.failures[0].request.status, Some(500));
    let balancer = serve(|_, stream| always(stream, "HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")).await;
    let record = run(config(balancer), 5).await;
    assert_eq!(record.summary.by_version[NO_VERSION].counts.failed, record.summary.totals.total);
}

#[tokio::test]
async fn a_missing_page_is_an_answer() {
    let target = serve(|_, stream| always(stream, "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n")).await;
    assert_eq!(run(config(target), 5).await.summary.totals.failed, 0);
}

#[tokio::test]
async fn bodies_that_are_cut_off_or_of_another_version() {
    let chunked = "HTTP/1.1 200 OK\r\nx-version: v1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nv1\n\r\n";
    let cut = serve(move |_, mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, chunked).await;
    });
    assert_eq!(only_reason(&run(fresh(cut.await), 5).await), Reason::TruncatedBody);
    let other = "HTTP/1.1 200 OK\r\nx-version: v2\r\ncontent-length: 3\r\n\r\nv1\n";
    let wrong = serve(move |_, stream| always(stream, other)).await;
    assert_eq!(only_reason(&run(config(wrong), 5).await), Reason::WrongBody);
    let lenient = Config { check_bodies: false, ..config(wrong) };
    assert_eq!(run(lenient, 5).await.summary.totals.failed, 0);
}

#[tokio::test]
async fn what_is_not_http() {
    let target = serve(|_, stream| always(stream, "what?\r\n\r\n")).await;
    assert_eq!(only_reason(&run(fresh(target), 5).await), Reason::Protocol);
}

/// Answers the first request of each connection, and closes it on the second one without a word.
async fn closes_between_requests() -> std::net::SocketAddr {
    serve(|_, mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, V1).await;
        request(&mut stream).await;
    })
    .await
}

#[tokio::test]
async fn a_stale_connection_is_left_for_a_fresh_one_as_browsers_do() {
    let record = run(config(closes_between_requests().await), 20).await;
    let totals = record.summary.totals;
    assert_eq!(totals.failed, 0, "{:?}", record.summary.failures);
    let retried = record.requests.iter().filter(|request| request.retried).count() as u64;
    assert!(totals.retried > 0 && totals.retried == retried);
    assert!(
        record.requests.iter().filter(|request| request.retried).all(|r| r.connection == Connection::Fresh)
    );
}

#[tokio::test]
async fn a_post_is_not_sent_twice() {
    let mix = Mix { short: 0.0, post: 1.0, ..Mix::short_only() };
    let record = run(Config { mix, ..config(closes_between_requests().await) }, 20).await;
    assert_eq!(record.summary.totals.retried, 0);
    assert!(record.summary.totals.failed > 0);
    assert!(record.requests.iter().all(|request| request.kind == Kind::Post));
}

#[tokio::test]
async fn half_an_answer_is_not_asked_for_again() {
    let target = serve(|_, mut stream| async move {
        request(&mut stream).await;
        say(&mut stream, V1).await;
        request(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200").await;
    })
    .await;
    let record = run(config(target), 10).await;
    assert_eq!(record.summary.totals.retried, 0);
    assert!(record.summary.failures.iter().any(|failure| failure.request.connection == Connection::Reused));
}
