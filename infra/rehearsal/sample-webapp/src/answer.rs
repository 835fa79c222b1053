//! Answers one request: the version in the body, and in `x-version`, whatever else happens.

use crate::Say;
use crate::begun::Begun;
use crate::database::Database;
use crate::fault::Errors;
use crate::options::Options;
use crate::route::{Route, route};
use crate::spell::Spell;
use crate::websocket;
use bytes::Bytes;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Body as _, Frame, Incoming};
use hyper::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, SERVER};
use hyper::{Request, Response, StatusCode};
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The largest body that the application takes.
const MAX_RECEIVED: usize = 1 << 20;

/// The body of an answer: a few words, or a stream of pieces.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// The application: what answering needs to know, and how it learns that it is to stop.
pub struct App {
    /// What it was told.
    pub options: Options,
    /// When it misbehaves.
    pub trouble: Spell,
    /// Which requests fail on purpose.
    pub errors: Errors,
    /// Which are told that there is nothing here.
    pub not_found: Errors,
    /// Which requests are never answered.
    pub hangs: Errors,
    /// Its users, if it has any.
    pub users: Option<Mutex<Database>>,
    /// Cancelled on SIGTERM.
    pub stopping: CancellationToken,
    /// Everything begun and not finished: connections and WebSockets.
    pub begun: Begun,
    /// Where its lines go.
    pub say: Say,
}

impl App {
    /// Answers a request. Cannot fail: what goes wrong is itself an answer.
    pub async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let route = route(request.method(), request.uri());
        let mut response = self.dispatch(route, request).await;
        let headers = response.headers_mut();
        // Checked when the options were read; the fallback only keeps this free of panics.
        let version = HeaderValue::from_str(&self.options.version_name);
        headers.insert("x-version", version.unwrap_or(HeaderValue::from_static("invalid")));
        headers.insert(SERVER, HeaderValue::from_static("sample-webapp"));
        if self.stopping.is_cancelled() && !headers.contains_key(CONNECTION) {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    async fn dispatch(&self, route: Route, request: Request<Incoming>) -> Response<Body> {
        match route {
            Route::Health => return self.health(self.options.unhealthy),
            Route::Sound => return self.health(self.options.unsound),
            _ => {}
        }
        if self.trouble.is_on()
            && let Some(trouble) = self.trouble().await
        {
            return trouble;
        }
        if let Some(failed) = self.visit() {
            return failed;
        }
        match route {
            Route::Version | Route::Health | Route::Sound => self.say(StatusCode::OK, ""),
            Route::Receive => self.receive(request).await,
            Route::Slow(take) => {
                tokio::time::sleep(take).await;
                self.say(StatusCode::OK, &format!("after {} ms", take.as_millis()))
            }
            Route::Stream { take, pieces } => self.stream(take, pieces),
            Route::WebSocket => self.websocket(request),
            Route::NotFound => self.say(StatusCode::NOT_FOUND, "has nothing here"),
            Route::MethodNotAllowed => {
                let mut response = self.say(StatusCode::METHOD_NOT_ALLOWED, "does not do that here");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
                response
            }
            Route::BadQuery(what) => self.say(StatusCode::BAD_REQUEST, what),
        }
    }

    /// Does with its users what every request does; what to answer if that fails.
    fn visit(&self) -> Option<Response<Body>> {
        let users = self.users.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let why = match users.visit(self.options.schema, &self.options.version_name) {
            Ok(true) => return None,
            Ok(false) => "cannot read the name of a user".to_owned(),
            Err(error) => format!("cannot have its users: {error}"),
        };
        Some(self.say(StatusCode::INTERNAL_SERVER_ERROR, &why))
    }

    /// Misbehaves as it was told to: late, or never, or with another answer than was asked for.
    async fn trouble(&self) -> Option<Response<Body>> {
        if let Some(latency) = self.options.latency {
            tokio::time::sleep(latency).await;
        }
        if self.hangs.strikes() {
            // Until whoever asked gives up; on SIGTERM, until ECS ends the process.
            return std::future::pending().await;
        }
        if self.errors.strikes() {
            return Some(self.say(StatusCode::INTERNAL_SERVER_ERROR, "failed on purpose"));
        }
        self.not_found.strikes().then(|| self.say(StatusCode::NOT_FOUND, "has nothing here on purpose"))
    }

    fn health(&self, ill: bool) -> Response<Body> {
        if ill {
            return self.say(StatusCode::SERVICE_UNAVAILABLE, "is unhealthy on purpose");
        }
        self.say(StatusCode::OK, "is healthy")
    }

    /// An answer of one line that begins with the version.
    fn say(&self, status: StatusCode, what: &str) -> Response<Body> {
        let line = format!("{} {what}", self.options.version_name);
        let body = Full::from(format!("{}\n", line.trim_end())).boxed_unsync();
        text(status, body)
    }

    async fn receive(&self, request: Request<Incoming>) -> Response<Body> {
        const TOO_LARGE: &str = "takes at most 1 MiB";
        // A body that announces its length is refused before it is sent.
        if request.body().size_hint().lower() > MAX_RECEIVED as u64 {
            return self.say(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE);
        }
        match Limited::new(request.into_body(), MAX_RECEIVED).collect().await {
            Ok(body) => self.say(StatusCode::OK, &format!("received {} bytes", body.to_bytes().len())),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                self.say(StatusCode::PAYLOAD_TOO_LARGE, TOO_LARGE)
            }
            Err(_) => self.say(StatusCode::BAD_REQUEST, "did not get the whole body"),
        }
    }

    /// Sends a line a piece, evenly spread over the time to take; chunked, since no length is announced.
    fn stream(&self, take: Duration, pieces: u32) -> Response<Body> {
        let version = self.options.version_name.clone();
        let pause = take / pieces;
        let lines = stream::unfold(0, move |sent| {
            let version = version.clone();
            async move {
                if sent == pieces {
                    return None;
                }
                tokio::time::sleep(pause).await;
                let line = format!("{version} {}/{pieces}\n", sent + 1);
                Some((Ok(Frame::data(Bytes::from(line))), sent + 1))
            }
        });
        text(StatusCode::OK, StreamBody::new(lines).boxed_unsync())
    }

    fn websocket(&self, request: Request<Incoming>) -> Response<Body> {
        match websocket::accept(request, &self.begun, &self.stopping, &self.say) {
            Some(response) => response.map(|()| Full::default().boxed_unsync()),
            None => self.say(StatusCode::UPGRADE_REQUIRED, "speaks WebSocket 13 here"),
        }
    }
}

fn text(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
