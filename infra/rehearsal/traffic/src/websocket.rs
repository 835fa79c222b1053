//! A long WebSocket: something is sent every second, and the same must come back.

use crate::connection::{connect, describe};
use crate::exchange::{Client, Result};
use crate::request::{Connection, Kind, Outcome, Reason};
use futures_util::{SinkExt as _, StreamExt as _};
use rehearsal_world::net::Stream;
use std::io::ErrorKind;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

type Socket = WebSocketStream<Stream>;
type Failed = (Reason, String);
type Heard = Option<std::result::Result<Message, Error>>;

/// How a pause between two echoes ended.
enum Pause {
    Over,
    Stopping,
    Heard(Heard),
}

impl Client {
    /// Opens a WebSocket and uses it for its life. A close frame from the server is a proper end; a connection
    /// that just ends is a failure.
    pub async fn websocket(&self, id: u64) -> Result {
        let stream = match connect(self.config.target, &self.config.timeouts).await {
            Ok(stream) => stream,
            Err(error) => return Result::not_connected(error),
        };
        let ok = Result::without_answer(Connection::Fresh, Outcome::Ok, String::new());
        let fail = |(reason, detail): Failed| Result {
            sent: ok.sent,
            ..Result::without_answer(Connection::Fresh, Outcome::Failed(reason), detail)
        };
        let url = format!("ws://{}{}", self.config.host, Kind::WebSocket.target());
        let request = match url.into_client_request() {
            Ok(request) => request,
            Err(error) => {
                return Result::without_answer(Connection::Fresh, Outcome::Unsent, error.to_string());
            }
        };
        let opening = tokio_tungstenite::client_async(request, stream);
        let (socket, response) = match timeout(self.config.timeouts.request, opening).await {
            Ok(Ok(opened)) => opened,
            // A server without WebSockets says so, and that is an answer.
            Ok(Err(Error::Http(response))) if response.status().as_u16() < 500 => {
                return ok.with_head(&response);
            }
            Ok(Err(Error::Http(response))) => {
                return fail((Reason::Status, response.status().to_string())).with_head(&response);
            }
            Ok(Err(error)) => return fail((reason(&error), describe(&error))),
            Err(_) => return fail((Reason::Timeout, "not opened in time".to_owned())),
        };
        match self.converse(id, socket).await {
            Ok(()) => ok.with_head(&response),
            Err(failed) => fail(failed).with_head(&response),
        }
    }

    async fn converse(&self, id: u64, mut socket: Socket) -> std::result::Result<(), Failed> {
        let ends = Instant::now() + self.config.websocket_life;
        let mut said = 0_u64;
        loop {
            let words = format!("{id}.{said}");
            if !self.echo(&mut socket, words).await? {
                return Ok(());
            }
            said += 1;
            let next = (Instant::now() + self.config.echo_every).min(ends);
            match self.pause(&mut socket, next).await {
                Pause::Over if next < ends => {}
                Pause::Over | Pause::Stopping => break,
                // Nothing is owed to us now, so what comes is the server's goodbye.
                Pause::Heard(heard) => return self.goodbye(heard, &mut socket).await,
            }
        }
        socket.close(None).await.map_err(|error| (reason(&error), describe(&error)))?;
        self.closes(&mut socket).await
    }

    /// Waits for `next`, all the while listening.
    async fn pause(&self, socket: &mut Socket, next: Instant) -> Pause {
        loop {
            tokio::select! {
                biased;
                () = self.stopping.cancelled() => return Pause::Stopping,
                () = tokio::time::sleep_until(next) => return Pause::Over,
                heard = socket.next() => match heard {
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    heard => return Pause::Heard(heard),
                },
            }
        }
    }

    /// Sends something and waits for it to come back; `false` if the server said goodbye instead.
    async fn echo(&self, socket: &mut Socket, words: String) -> std::result::Result<bool, Failed> {
        let deadline = Instant::now() + self.config.timeouts.request;
        let sent = socket.send(Message::text(words.as_str())).await;
        // A goodbye may have crossed what was sent; reading tells.
        if let Err(error) = sent
            && !matches!(
                error,
                Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(_) | Error::Io(_)
            )
        {
            return Err((reason(&error), describe(&error)));
        }
        loop {
            match timeout_at(deadline, socket.next()).await {
                Err(_) => return Err((Reason::Timeout, "no echo in time".to_owned())),
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Text(echo)))) if echo.as_str() == words => return Ok(true),
                Ok(heard) => return self.goodbye(heard, socket).await.map(|()| false),
            }
        }
    }

    /// A close frame is a proper end, all else is not.
    async fn goodbye(&self, heard: Heard, socket: &mut Socket) -> std::result::Result<(), Failed> {
        match heard {
            Some(Ok(Message::Close(_))) => self.closes(socket).await,
            Some(Ok(other)) => Err((Reason::WrongBody, format!("heard {other:?}"))),
            Some(Err(error)) => Err((reason(&error), describe(&error))),
            None => Err((Reason::Closed, "ended without a close frame".to_owned())),
        }
    }

    /// Reads to the end of a WebSocket that is being closed. How the connection itself ends no longer matters.
    async fn closes(&self, socket: &mut Socket) -> std::result::Result<(), Failed> {
        let rest = async { while let Some(Ok(_)) = socket.next().await {} };
        let ended = timeout(self.config.timeouts.request, rest).await;
        ended.map_err(|_| (Reason::Timeout, "not closed in time".to_owned()))
    }
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::Io(io) => match io.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                Reason::Reset
            }
            _ => Reason::Closed,
        },
        Error::ConnectionClosed | Error::AlreadyClosed => Reason::Closed,
        Error::Protocol(error) if error.to_string().contains("without") => Reason::Closed,
        _ => Reason::Protocol,
    }
}
