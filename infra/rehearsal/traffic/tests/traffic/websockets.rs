//! Long WebSockets, and how they may and may not end.

use crate::server::{Stream, config, run, say, serve};
use futures_util::{SinkExt as _, StreamExt as _};
use rehearsal_traffic::{Config, Kind, Mix, Outcome, Reason, Record};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

fn sockets(target: SocketAddr) -> Config {
    Config {
        rate: 0.0,
        mix: Mix { websockets: 2, ..Mix::short_only() },
        websocket_life: Duration::from_millis(200),
        echo_every: Duration::from_millis(50),
        ..config(target)
    }
}

#[expect(clippy::result_large_err, reason = "the type of the handshake's callback")]
fn versioned(
    _: &Request,
    mut response: Response,
) -> Result<Response, tokio_tungstenite::tungstenite::handshake::server::ErrorResponse> {
    response.headers_mut().insert("x-version", "v1".parse().expect("a header value"));
    Ok(response)
}

/// Echoes `times`, then does as told.
async fn echo(stream: Stream, times: usize, then: &str) {
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, versioned).await else { return };
    for _ in 0..times {
        match socket.next().await {
            Some(Ok(message @ Message::Text(_))) => drop(socket.send(message).await),
            Some(Ok(_)) => {}
            _ => return,
        }
    }
    match then {
        "close" => {
            let _ = socket.close(None).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
        "lie" => {
            socket.next().await;
            let _ = socket.send(Message::text("something else")).await;
        }
        _ => {}
    }
}

fn outcomes(record: &Record) -> Outcome {
    assert!(record.requests.iter().all(|request| request.kind == Kind::WebSocket));
    assert!(
        record.requests.windows(2).all(|pair| pair[0].outcome == pair[1].outcome),
        "{:?}",
        record.summary
    );
    assert!(record.requests.iter().all(|request| request.version.as_deref() == Some("v1")));
    record.requests[0].outcome
}

#[tokio::test]
async fn echoes_for_its_life_and_closes() {
    let target = serve(|_, stream| echo(stream, usize::MAX, "")).await;
    let record = run(sockets(target), 4).await;
    assert_eq!(outcomes(&record), Outcome::Ok);
    assert_eq!(record.requests[0].status, Some(101));
    assert!(record.requests[0].latency_us() >= 200_000, "it was not used for its life");
}

#[tokio::test]
async fn a_close_frame_from_the_server_is_a_proper_end() {
    let target = serve(|_, stream| echo(stream, 2, "close")).await;
    assert_eq!(outcomes(&run(sockets(target), 4).await), Outcome::Ok);
}

#[tokio::test]
async fn an_end_without_a_close_frame_is_a_failure() {
    let target = serve(|_, stream| echo(stream, 2, "drop")).await;
    let Outcome::Failed(reason) = outcomes(&run(sockets(target), 4).await) else { panic!("it went well") };
    assert!(matches!(reason, Reason::Closed | Reason::Reset), "{reason:?}");
}

#[tokio::test]
async fn an_echo_says_what_was_said() {
    let target = serve(|_, stream| echo(stream, 1, "lie")).await;
    assert_eq!(outcomes(&run(sockets(target), 4).await), Outcome::Failed(Reason::WrongBody));
}

#[tokio::test]
async fn a_server_without_websockets_is_no_failure_and_one_without_targets_is() {
    for (answer, expected) in [("404 Not Found", Outcome::Ok), ("503 Busy", Outcome::Failed(Reason::Status))]
    {
        let target = serve(move |_, mut stream| async move {
            crate::server::request(&mut stream).await;
            say(&mut stream, &format!("HTTP/1.1 {answer}\r\ncontent-length: 0\r\n\r\n")).await;
        })
        .await;
        let record = run(sockets(target), 3).await;
        assert!(record.requests.iter().all(|request| request.outcome == expected), "{:?}", record.requests);
    }
}
