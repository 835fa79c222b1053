//! Bodies and upgraded connections on their way through.

mod common;

use bytes::Bytes;
use common::backend::Backend;
use common::client::{Client, begin, get, piece};
use common::{World, quick};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_body_arrives_piece_by_piece_not_at_its_end() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    let web = world.serving("web", 1, &[a.address]).await;
    let mut response = begin(world.address, "/stream").await;
    for _ in 0..3 {
        a.seen.chunks.add_permits(1);
        // The next permit is given only after this piece: a balancer that gathers would hang here.
        let next = tokio::time::timeout(common::DEADLINE, piece(&mut response)).await;
        assert_eq!(next.expect("in time").expect("a piece").expect("whole"), "chunk;");
    }
    assert_eq!(world.in_flight(&web, a.address), 1);
    drop(response);
    world.until("a client that leaves frees the target", |world| world.in_flight(&web, a.address) == 0).await;
}

#[tokio::test]
async fn a_slow_client_gets_the_whole_of_a_long_body() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    stream.write_all(b"GET /big HTTP/1.0\r\nhost: test\r\n\r\n").await.expect("sent");
    let mut received = Vec::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        let count = stream.read(&mut buffer).await.expect("unbroken");
        if count == 0 {
            break;
        }
        received.extend_from_slice(&buffer[..count]);
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    let head = received.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
    assert_eq!(received.len() - head, 256 * 64 * 1024);
    assert!(received[head..].iter().all(|byte| *byte == b'x'));
}

#[tokio::test]
async fn uploads_go_through_whole_with_a_length_and_in_chunks() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    let sent = "0123456789".repeat(100_000);
    let answer = Client::connect(world.address).await.post("/echo", Bytes::from(sent.clone())).await;
    assert_eq!(answer.body.len(), sent.len());
    assert!(answer.body == sent);
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    let request = "POST /echo HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                   5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut received = String::new();
    stream.read_to_string(&mut received).await.expect("an answer");
    let (head, body) = received.split_once("\r\n\r\n").expect("a body");
    assert!(head.contains("transfer-encoding: chunked"), "{received}");
    assert_eq!(unchunked(body), "hello world");
}

/// A chunked body without its framing.
fn unchunked(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

#[tokio::test]
async fn a_websocket_passes_and_outlives_a_weight_of_0() {
    let world = World::new(quick()).await;
    let (a, b) = (Backend::start("a").await, Backend::start("b").await);
    let blue = world.serving("blue", 1, &[a.address]).await;
    let green = world.group("green", 1).await;
    world.forward(&[(&blue, 1), (&green, 0)]).await;
    world.register(&green, b.address);
    world.until_state(&green, b.address, Some("healthy")).await;
    let url = format!("ws://{}/ws", world.address);
    let (mut socket, response) = tokio_tungstenite::connect_async(url).await.expect("upgraded");
    assert_eq!(response.status(), 101);
    world.forward(&[(&blue, 0), (&green, 1)]).await;
    assert_eq!(get(world.address, "/").await.body, "b");
    for word in ["one", "two"] {
        socket.send(Message::text(word)).await.expect("sent");
        assert_eq!(socket.next().await.expect("a message").expect("whole"), Message::text(word));
    }
    assert_eq!(world.in_flight(&blue, a.address), 1);
    world.deregister(&blue, a.address);
    let end = tokio::time::timeout(common::DEADLINE, socket.next()).await.expect("cut when the drain ends");
    assert!(!matches!(end, Some(Ok(Message::Text(_)))), "{end:?}");
    world.until("it is gone", |world| world.in_flight(&blue, a.address) == 0).await;
}

#[tokio::test]
async fn headers_of_the_hop_end_and_the_balancers_own_are_added() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    let request = http::Request::get("/headers")
        .header("host", "shop.example")
        .header("connection", "x-mine")
        .header("x-mine", "1")
        .header("x-forwarded-for", "203.0.113.9")
        .body(http_body_util::Full::default())
        .expect("a request");
    let answer = common::client::whole(Client::connect(world.address).await.send(request).await).await;
    let port = world.address.port();
    for line in [
        "host: shop.example",
        "x-forwarded-for: 203.0.113.9, 127.0.0.1",
        "x-forwarded-proto: http",
        "x-amzn-trace-id: Root=1-",
    ] {
        assert!(answer.body.contains(line), "{line} in\n{}", answer.body);
    }
    assert!(answer.body.contains(&format!("x-forwarded-port: {port}")));
    assert!(!answer.body.contains("x-mine"));
    assert!(!answer.headers.contains_key("x-secret"));
    assert_eq!(answer.headers["server"], "backend/1", "a target's own answer is left alone");
}

#[tokio::test]
async fn a_malformed_upload_is_the_clients_own_failure() {
    let world = World::new(quick()).await;
    let a = Backend::start("a").await;
    world.serving("web", 1, &[a.address]).await;
    let mut stream = TcpStream::connect(world.address).await.expect("connected");
    let request = "POST /upload HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\nnot a chunk\r\n";
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut received = Vec::new();
    let read = tokio::time::timeout(common::DEADLINE, stream.read_to_end(&mut received)).await;
    read.expect("closed").ok();
    assert_eq!(world.errors().elb_5xx, 0, "{}", String::from_utf8_lossy(&received));
}
