//! What deregistration does to requests in flight and to new ones.

mod common;

use common::backend::Backend;
use common::client::{begin, get, piece};
use common::{World, quick, until};
use rehearsal_elb::Config;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_body_is_not_cut_in_mid_drain_and_new_requests_go_elsewhere() {
    let world = World::new(quick()).await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    let web = world.serving("web", 300, &[old.address]).await;
    let mut response = begin(world.address, "/stream").await;
    old.seen.chunks.add_permits(1);
    assert_eq!(piece(&mut response).await.expect("a piece").expect("whole"), "chunk;");
    world.register(&web, new.address);
    world.until_state(&web, new.address, Some("healthy")).await;
    world.deregister(&web, old.address);
    assert_eq!(world.state(&web, old.address).as_deref(), Some("draining"));
    assert_eq!(world.in_flight(&web, old.address), 1);
    for _ in 0..10 {
        assert_eq!(get(world.address, "/").await.body, "new");
    }
    old.seen.chunks.add_permits(3);
    for _ in 0..3 {
        assert_eq!(piece(&mut response).await.expect("a piece").expect("whole"), "chunk;");
    }
    old.seen.chunks.close();
    assert!(piece(&mut response).await.is_none(), "the body ends whole");
    world.until("nothing is in flight", |world| world.in_flight(&web, old.address) == 0).await;
    assert_eq!(world.state(&web, old.address).as_deref(), Some("draining"), "for the whole delay");
}

#[tokio::test]
async fn the_end_of_the_delay_cuts_a_body_and_answers_a_waiting_request_with_502() {
    let world = World::new(quick()).await;
    let old = Backend::start("old").await;
    let web = world.serving("web", 1, &[old.address]).await;
    let mut streaming = begin(world.address, "/stream").await;
    old.seen.chunks.add_permits(1);
    assert!(piece(&mut streaming).await.expect("a piece").is_ok());
    let waiting = tokio::spawn(get(world.address, "/hang"));
    world.until("both are in flight", |world| world.in_flight(&web, old.address) == 2).await;
    let from = Instant::now();
    world.deregister(&web, old.address);
    world.until_state(&web, old.address, None).await;
    assert!(from.elapsed() >= Duration::from_secs(1), "drained for the whole delay");
    assert!(piece(&mut streaming).await.expect("not an end").is_err(), "the body breaks");
    assert_eq!(waiting.await.expect("an answer").status, 502);
    assert_eq!(get(world.address, "/").await.status, 503, "nobody is left");
}

#[tokio::test]
async fn the_end_of_the_delay_closes_a_client_that_does_not_read() {
    let world = World::new(quick()).await;
    let old = Backend::start("old").await;
    let web = world.serving("web", 1, &[old.address]).await;
    let mut stalled = tokio::net::TcpStream::connect(world.address).await.expect("connected");
    stalled.write_all(b"GET /big HTTP/1.1\r\nhost: test\r\n\r\n").await.expect("sent");
    stalled.readable().await.expect("an answer begins");
    world.deregister(&web, old.address);
    world.until_state(&web, old.address, None).await;
    // Without a byte being read by the client: its connection is closed all the same.
    let open = || old.seen.open.load(std::sync::atomic::Ordering::Relaxed);
    until("the target is free of it", || open() == 0).await;
    let mut received = Vec::new();
    let read = tokio::time::timeout(common::DEADLINE, stalled.read_to_end(&mut received)).await;
    read.expect("the connection is closed").ok();
    assert!(received.len() < 16 * 1024 * 1024, "the body was cut");
}

#[tokio::test]
async fn a_node_that_has_not_heard_still_sends_new_requests_to_a_draining_target() {
    let late = Duration::from_millis(700);
    let world = World::new(Config { draining_lag: (late, late), ..quick() }).await;
    let (old, new) = (Backend::start("old").await, Backend::start("new").await);
    let web = world.serving("web", 300, &[old.address, new.address]).await;
    let from = Instant::now();
    world.deregister(&web, old.address);
    let before = old.requests();
    let mut strays = 0;
    while from.elapsed() < late / 2 {
        get(world.address, "/").await;
        strays = old.requests() - before;
    }
    assert!(strays > 0, "a draining target must still get requests");
    world.until("the news have arrived", |world| world.elb.snapshot().pending == 0).await;
    let settled = old.requests();
    for _ in 0..10 {
        assert_eq!(get(world.address, "/").await.body, "new");
    }
    assert_eq!(old.requests(), settled);
}

#[tokio::test]
async fn a_target_registered_again_while_draining_stays() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    let mut response = begin(world.address, "/stream").await;
    world.deregister(&web, a.address);
    world.register(&web, a.address);
    world.until_state(&web, a.address, Some("healthy")).await;
    // Past the delay of the deregistration that was called off.
    let from = Instant::now();
    until("the delay is over", || from.elapsed() > Duration::from_millis(1_200)).await;
    a.seen.chunks.add_permits(1);
    assert!(piece(&mut response).await.expect("a piece").is_ok());
    assert_eq!(get(world.address, "/").await.body, "a");
}

#[tokio::test]
async fn shutdown_lets_a_request_end_and_closes_the_port() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    let mut response = begin(world.address, "/stream").await;
    a.seen.chunks.add_permits(1);
    assert!(piece(&mut response).await.expect("a piece").is_ok());
    let elb = world.elb.clone();
    let stopping = tokio::spawn(async move { elb.shutdown().await });
    until("the port is closed", || std::net::TcpStream::connect(world.address).is_err()).await;
    a.seen.chunks.add_permits(1);
    assert!(piece(&mut response).await.expect("a piece").is_ok());
    a.seen.chunks.close();
    assert!(piece(&mut response).await.is_none());
    stopping.await.expect("stopped");
}
