//! Which of the application's answers a request asks for. Pure.

use hyper::{Method, Uri};
use std::time::Duration;

/// The longest that a request may ask the application to take.
pub const MAX_TAKE: Duration = Duration::from_secs(60);
/// The most pieces that a streamed answer may be asked to have.
pub const MAX_PIECES: u32 = 1_000;
const DEFAULT_SLOW: Duration = Duration::from_secs(2);
const DEFAULT_STREAM: Duration = Duration::from_secs(2);
const DEFAULT_PIECES: u32 = 20;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `GET /`: the version.
    Version,
    /// `POST /`: the version, and how much was received.
    Receive,
    /// `/slow?ms=N`: the version, later.
    Slow(Duration),
    /// `/stream?ms=N&pieces=M`: the version, M times in N milliseconds.
    Stream {
        /// From the first piece to the end.
        take: Duration,
        /// How many pieces.
        pieces: u32,
    },
    /// `/ws`: a WebSocket that echoes.
    WebSocket,
    /// `/health`: whether the application wants traffic.
    Health,
    /// `/sound`: what the container's own health check asks.
    Sound,
    /// Nothing here.
    NotFound,
    /// A path of ours with another method.
    MethodNotAllowed,
    /// A path of ours with a query that makes no sense; the text says which.
    BadQuery(&'static str),
}

/// Reads a request's method and target.
pub fn route(method: &Method, uri: &Uri) -> Route {
    let readable = matches!(*method, Method::GET | Method::HEAD);
    match uri.path() {
        "/" if readable => Route::Version,
        "/" if *method == Method::POST || *method == Method::PUT => Route::Receive,
        "/slow" if readable => match milliseconds(uri, DEFAULT_SLOW) {
            Some(take) => Route::Slow(take),
            None => Route::BadQuery("ms is a number from 0 to 60000"),
        },
        "/stream" if readable => stream(uri),
        "/ws" if *method == Method::GET => Route::WebSocket,
        "/health" if readable => Route::Health,
        crate::probe::PATH if readable => Route::Sound,
        "/" | "/slow" | "/stream" | "/ws" | "/health" => Route::MethodNotAllowed,
        _ => Route::NotFound,
    }
}

fn stream(uri: &Uri) -> Route {
    let Some(take) = milliseconds(uri, DEFAULT_STREAM) else {
        return Route::BadQuery("ms is a number from 0 to 60000");
    };
    let pieces = match query(uri, "pieces") {
        None => Some(DEFAULT_PIECES),
        Some(text) => text.parse().ok().filter(|pieces| (1..=MAX_PIECES).contains(pieces)),
    };
    match pieces {
        Some(pieces) => Route::Stream { take, pieces },
        None => Route::BadQuery("pieces is a number from 1 to 1000"),
    }
}

fn milliseconds(uri: &Uri, default: Duration) -> Option<Duration> {
    match query(uri, "ms") {
        None => Some(default),
        Some(text) => text.parse().ok().map(Duration::from_millis).filter(|take| *take <= MAX_TAKE),
    }
}

fn query<'a>(uri: &'a Uri, name: &str) -> Option<&'a str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &'static str) -> Route {
        route(&Method::GET, &Uri::from_static(target))
    }

    #[test]
    fn every_path_has_its_answer() {
        assert_eq!(get("/"), Route::Version);
        assert_eq!(get("/slow?ms=10"), Route::Slow(Duration::from_millis(10)));
        assert_eq!(get("/slow"), Route::Slow(DEFAULT_SLOW));
        let take = Duration::from_millis(5);
        assert_eq!(get("/stream?pieces=3&ms=5"), Route::Stream { take, pieces: 3 });
        assert_eq!(get("/elsewhere"), Route::NotFound);
        assert_eq!(route(&Method::POST, &Uri::from_static("/")), Route::Receive);
        assert_eq!(route(&Method::DELETE, &Uri::from_static("/")), Route::MethodNotAllowed);
    }

    #[test]
    fn a_request_cannot_ask_for_too_much() {
        for target in
            ["/slow?ms=60001", "/slow?ms=-1", "/stream?pieces=0", "/stream?pieces=1001", "/slow?ms="]
        {
            assert!(matches!(get(target), Route::BadQuery(_)), "{target} was taken");
        }
    }
}
