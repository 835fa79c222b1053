//! What happens to what was begun when the application is told to stop.

use crate::support::{App, Connection, DEADLINE, within};
use futures_util::{SinkExt as _, StreamExt as _};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// Waits until the application takes no new connection.
async fn refuses(app: &App) {
    within("refusal", async {
        while TcpStream::connect(app.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// A request that the application has certainly begun: the first line of its answer is here.
async fn begun_stream(app: &App) -> Connection {
    let mut connection = Connection::open(app).await;
    connection.ask("/stream?ms=600&pieces=6").await;
    let first = within("the first bytes", connection.0.fill_buf()).await;
    assert!(!first.expect("readable").is_empty());
    connection
}

#[tokio::test]
async fn a_streamed_answer_is_not_cut_off() {
    let app = App::start(&[]).await;
    let mut connection = begun_stream(&app).await;
    app.terminate();
    refuses(&app).await;
    let answer = connection.answer().await;
    assert!(answer.body.ends_with("v1 6/6\n"), "cut off: {:?}", answer.body);
    assert!(connection.closes().await);
    assert_eq!(app.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_slow_request_is_finished_and_its_connection_closed() {
    let app = App::start(&[]).await;
    let mut slow = Connection::open(&app).await;
    slow.ask("/slow?ms=500").await;
    // The application takes requests in order of arrival, so the slow one has begun when this is answered.
    assert_eq!(app.get("/").await.status, 200);
    app.terminate();
    let answer = slow.answer().await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "v1 after 500 ms\n"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(slow.closes().await);
    assert_eq!(app.ended().await.code(), Some(0));
}

#[tokio::test]
async fn idle_connections_are_closed_in_order_and_do_not_delay_the_end() {
    let app = App::start(&[]).await;
    let mut idle = Connection::open(&app).await;
    idle.ask("/").await;
    assert_eq!(idle.answer().await.status, 200);
    let mut never_used = Connection::open(&app).await;
    assert_eq!(app.get("/").await.status, 200);
    let told = Instant::now();
    app.terminate();
    assert!(idle.closes().await);
    assert!(never_used.closes().await);
    assert_eq!(app.ended().await.code(), Some(0));
    assert!(told.elapsed() < DEADLINE / 2, "took {:?} to stop with nothing to do", told.elapsed());
}

#[tokio::test]
async fn a_websocket_echoes_and_gets_a_close_frame() {
    let app = App::start(&["--version-name", "v2"]).await;
    let (mut socket, response) = tokio_tungstenite::client_async(
        "ws://test/ws",
        TcpStream::connect(app.address).await.expect("connects"),
    )
    .await
    .expect("upgrades");
    assert_eq!(response.headers()["x-version"], "v2");
    socket.send(Message::text("hello")).await.expect("sends");
    let echo = within("an echo", socket.next()).await.expect("open").expect("a message");
    assert_eq!(echo, Message::text("hello"));
    app.terminate();
    match within("a close frame", socket.next()).await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(frame.code, CloseCode::Away),
        other => panic!("expected a close frame, got {other:?}"),
    }
    while let Some(Ok(_)) = within("the end", socket.next()).await {}
    assert_eq!(app.ended().await.code(), Some(0));
}

#[tokio::test]
async fn a_start_can_be_stopped() {
    let mut child = crate::support::command(&["--start-delay", "60s"]).spawn().expect("starts");
    let mut first = [0; 4];
    within("a first line", child.stdout.as_mut().expect("piped").read_exact(&mut first))
        .await
        .expect("reads");
    let id = i32::try_from(child.id().expect("running")).expect("a process id");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(id), nix::sys::signal::Signal::SIGTERM)
        .expect("signals");
    assert_eq!(within("exit", child.wait()).await.expect("waits").code(), Some(0));
}

#[tokio::test]
async fn a_careless_application_drops_what_it_has_begun() {
    let app = App::start(&["--drop-on-sigterm"]).await;
    let mut connection = begun_stream(&app).await;
    let told = Instant::now();
    app.terminate();
    assert!(connection.try_answer().await.is_none(), "the answer was finished, though told to drop it");
    assert_eq!(app.ended().await.code(), Some(143));
    assert!(told.elapsed() < Duration::from_secs(5));
}
