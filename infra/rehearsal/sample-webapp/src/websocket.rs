//! A WebSocket that echoes, and says goodbye when the application stops.

use crate::Say;
use crate::begun::Begun;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, Role};
use tokio_util::sync::CancellationToken;

/// How long the other end may take to answer a close frame before the connection is dropped.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// Answers an upgrade with 101 and serves the WebSocket from then on; `None` if it is no such upgrade.
pub fn accept(
    mut request: Request<Incoming>,
    begun: &Begun,
    stopping: &CancellationToken,
    say: &Say,
) -> Option<Response<()>> {
    let headers = request.headers();
    let upgrades = headers.get(UPGRADE)?.as_bytes().eq_ignore_ascii_case(b"websocket");
    let speaks = headers.get(SEC_WEBSOCKET_VERSION)?.as_bytes() == b"13";
    let accept = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY)?.as_bytes());
    if !upgrades || !speaks {
        return None;
    }
    let upgrade = hyper::upgrade::on(&mut request);
    let (stopping, say) = (stopping.clone(), say.clone());
    begun.spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                echo(WebSocketStream::from_raw_socket(io, Role::Server, None).await, &stopping).await;
            }
            Err(error) => say(&format!("INFO  a WebSocket went away before it began: {error}")),
        }
    });
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, HeaderValue::from_str(&accept).ok()?);
    Some(response)
}

async fn echo(mut socket: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>, stopping: &CancellationToken) {
    loop {
        tokio::select! {
            biased;
            () = stopping.cancelled() => break,
            message = socket.next() => match message {
                Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => {
                    if socket.send(message).await.is_err() {
                        return;
                    }
                }
                // Pings and closes are answered by the protocol as long as it is polled.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return,
            },
        }
    }
    let goodbye = CloseFrame { code: CloseCode::Away, reason: "the application is stopping".into() };
    let closed = async {
        if socket.close(Some(goodbye)).await.is_ok() {
            while let Some(Ok(_)) = socket.next().await {}
        }
    };
    // Whoever does not answer the close frame in time has had it, and the process is to end.
    let _ = tokio::time::timeout(CLOSE_WITHIN, closed).await;
}
