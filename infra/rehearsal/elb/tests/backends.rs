//! Connections to targets: reuse, and all the ways in which they break.

mod common;

use common::backend::{Backend, raw, read_head, reset};
use common::client::{Client, get, whole};
use common::{DEADLINE, World, quick, until};
use http::{Method, Request, Version};
use http_body_util::Full;
use rehearsal_elb::Config;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How long the backend of a test keeps idle connections.
const KEEP_ALIVE: Duration = Duration::from_millis(50);
const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn connections_to_targets_are_kept_over_requests_and_clients() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    for _ in 0..5 {
        let mut client = Client::connect(world.address).await;
        for _ in 0..20 {
            assert_eq!(client.get("/").await.status, 200);
        }
    }
    assert_eq!(a.requests(), 100);
    // A connection is handed back a moment after its body has ended, so a second one may be opened.
    assert!(a.connections() <= 3, "{} connections for 100 requests", a.connections());
}

#[tokio::test]
async fn a_reset_before_the_head_is_a_502() {
    let world = World::new(quick()).await;
    let target = raw(|stream, _| async move { reset(stream) }).await;
    let web = world.serving("web", 1, &[target]).await;
    let answer = get(world.address, "/").await;
    assert_eq!(answer.status, 502);
    assert!(answer.body.contains("502 Bad Gateway"), "{}", answer.body);
    assert_eq!((world.errors().elb_502, world.metrics(&web).target_5xx), (1, 0));
}

#[tokio::test]
async fn what_is_not_http_is_a_502() {
    let world = World::new(quick()).await;
    let target =
        raw(|mut stream, _| async move { stream.write_all(b"220 smtp ready\r\n\r\n").await.unwrap_or(()) })
            .await;
    world.serving("web", 1, &[target]).await;
    assert_eq!(get(world.address, "/").await.status, 502);
}

/// Such as Python's: it says HTTP/1.0 and no length, and its body ends with the connection.
#[tokio::test]
async fn a_target_of_the_old_school_does_not_show() {
    let world = World::new(quick()).await;
    let target = raw(|mut stream, _| async move {
        stream.write_all(b"HTTP/1.0 200 OK\r\nserver: old\r\n\r\nhello").await.unwrap_or(());
    })
    .await;
    world.serving("web", 1, &[target]).await;
    let mut client = Client::connect(world.address).await;
    for _ in 0..2 {
        let request = Request::get("/").header("host", "test").body(Full::default()).expect("a request");
        let answer = client.send(request).await;
        assert_eq!(answer.version(), Version::HTTP_11);
        assert_eq!(whole(answer).await.body, "hello", "and the client keeps its connection");
    }
}

#[tokio::test]
async fn a_killed_process_is_a_502_and_a_connection_error() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let address = a.address;
    let web = world.serving("web", 1, &[address]).await;
    assert_eq!(get(world.address, "/").await.status, 200);
    a.kill().await;
    assert_eq!(get(world.address, "/").await.status, 502);
    let metrics = world.metrics(&web);
    assert_eq!((metrics.connection_errors, metrics.requests, metrics.target_2xx), (1, 2, 1));
    assert_eq!(world.errors().elb_502, 1);
    world.until_state(&web, address, Some("unhealthy")).await;
    let health = world.elb.target_health(&web, "127.0.0.1", address.port()).expect("a target");
    assert_eq!(health.reason.as_deref(), Some("Target.FailedHealthChecks"));
}

/// A backend that answers the first request of a connection, and breaks at the second.
async fn breaks_at_second(seconds: Arc<AtomicUsize>, say: &'static [u8]) -> std::net::SocketAddr {
    raw(move |mut stream, _| {
        let seconds = Arc::clone(&seconds);
        async move {
            stream.write_all(HELLO).await.expect("answered");
            if read_head(&mut stream).await.is_some() {
                seconds.fetch_add(1, Ordering::Relaxed);
                if say.is_empty() {
                    reset(stream);
                } else {
                    // An orderly end: what was said before it is sure to be heard.
                    stream.write_all(say).await.expect("said");
                    stream.shutdown().await.expect("ended");
                }
            }
        }
    })
    .await
}

#[tokio::test]
async fn what_breaks_on_a_kept_connection_is_a_502_whatever_the_method_and_never_sent_twice() {
    for method in [Method::GET, Method::POST] {
        let world = World::new(quick()).await;
        let seconds = Arc::new(AtomicUsize::new(0));
        let target = breaks_at_second(Arc::clone(&seconds), b"").await;
        world.serving("web", 1, &[target]).await;
        let mut client = Client::connect(world.address).await;
        let (mut sent, mut failed) = (0, 0);
        while seconds.load(Ordering::Relaxed) < 3 {
            let answer =
                if method == Method::GET { client.get("/").await } else { client.post("/", "x").await };
            failed += usize::from(answer.status == 502);
            sent += 1;
            assert!(sent < 100, "connections are not reused");
        }
        assert_eq!(failed, seconds.load(Ordering::Relaxed), "{method}");
    }
}

/// A backend that closes every connection a moment after its first answer, as one does whose keep-alive is short.
#[tokio::test]
async fn a_request_that_crosses_a_close_is_a_502_and_counted() {
    let closed = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&closed);
    let target = raw(move |mut stream, _| {
        let counter = Arc::clone(&counter);
        async move {
            stream.write_all(HELLO).await.expect("answered");
            tokio::time::sleep(KEEP_ALIVE).await;
            stream.shutdown().await.expect("ended");
            counter.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    let late = (DEADLINE, DEADLINE);
    let world = World::new(Config { close_lag: late, ..quick() }).await;
    let web = world.serving("web", 1, &[target]).await;
    let mut client = Client::connect(world.address).await;
    let mut sent = 0;
    while world.elb.kept_connections(&web).crossed == 0 {
        let before = closed.load(Ordering::Relaxed);
        if client.get("/").await.status == 200 {
            until("the target has closed the connection", || closed.load(Ordering::Relaxed) > before).await;
        }
        sent += 1;
        assert!(sent < 100, "no request crosses a close");
    }
    assert!(world.errors().elb_502 > 0);
    // The target goes on serving, as its health checks show: it was not its end.
    world.until("closes are told", |world| world.elb.kept_connections(&web).closed_by_targets > 0).await;
    let soonest = world.elb.kept_connections(&web).soonest.expect("a close");
    assert!(soonest < DEADLINE, "{soonest:?}");
}

#[tokio::test]
async fn an_idle_connection_ends_with_the_idle_timeout_and_that_is_nobodys_fault() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let attributes = serde_json::json!([{"Key": "idle_timeout.timeout_seconds", "Value": "1"}]);
    let input = serde_json::json!({"LoadBalancerArn": world.balancer, "Attributes": attributes});
    world.call("ModifyLoadBalancerAttributes", input).await;
    let web = world.serving("web", 1, &[a.address]).await;
    assert_eq!(get(world.address, "/").await.status, 200);
    world.until("the connection has ended", |_| a.seen.open.load(Ordering::Relaxed) == 0).await;
    assert_eq!(get(world.address, "/").await.status, 200);
    assert_eq!(world.elb.kept_connections(&web).closed_by_targets, 0);
}

#[tokio::test]
async fn a_get_is_not_sent_again_once_the_target_has_begun_to_answer() {
    let world = World::new(quick()).await;
    let seconds = Arc::new(AtomicUsize::new(0));
    let target = breaks_at_second(Arc::clone(&seconds), b"HTTP/1.1 2").await;
    world.serving("web", 1, &[target]).await;
    let mut client = Client::connect(world.address).await;
    let (mut sent, mut failed) = (0, 0);
    while seconds.load(Ordering::Relaxed) < 1 {
        failed += usize::from(client.get("/").await.status == 502);
        sent += 1;
        assert!(sent < 100, "connections are not reused");
    }
    assert_eq!(failed, 1);
    assert_eq!(client.get("/").await.status, 200);
}

#[tokio::test]
async fn silence_beyond_the_idle_timeout_is_a_504() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let attributes = serde_json::json!([{"Key": "idle_timeout.timeout_seconds", "Value": "1"}]);
    let input = serde_json::json!({"LoadBalancerArn": world.balancer, "Attributes": attributes});
    world.call("ModifyLoadBalancerAttributes", input).await;
    world.serving("web", 1, &[a.address]).await;
    let answer = get(world.address, "/hang").await;
    assert_eq!(answer.status, 504);
    assert!(answer.body.contains("504 Gateway Time-out"), "{}", answer.body);
    assert_eq!(world.errors().elb_504, 1);
}

#[tokio::test]
async fn answers_of_targets_are_counted_by_their_class_and_time() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    for path in ["/", "/", "/error", "/missing"] {
        get(world.address, path).await;
    }
    let metrics = world.metrics(&web);
    assert_eq!((metrics.requests, metrics.target_2xx, metrics.target_5xx, metrics.target_4xx), (4, 2, 1, 1));
    assert_eq!(metrics.response_times.len(), 4);
    assert!(metrics.response_times.iter().all(|seconds| (0.0..20.0).contains(seconds)));
    assert_eq!(metrics.healthy_hosts.last, 1);
    assert_eq!(world.errors().elb_5xx, 0, "a target's 500 is not the balancer's");
}
