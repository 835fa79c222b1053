//! One client's connection, from its first request to its end.

use super::door::Door;
use super::node::Node;
use super::proxy;
use http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rehearsal_world::net::Stream;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What requests of one connection share.
pub(crate) struct Client {
    pub(crate) door: Arc<Door>,
    pub(crate) node: Arc<Node>,
    pub(crate) peer: SocketAddr,
    /// How long either side may be silent.
    pub(crate) silence: Duration,
    /// Closes the connection at once.
    pub(crate) kill: CancellationToken,
}

/// Serves a connection until the client leaves, stays idle, or the listener closes.
pub(crate) async fn serve(door: Arc<Door>, node: Arc<Node>, stream: Stream, peer: SocketAddr) {
    // It only costs latency if it fails.
    let _ = stream.set_nodelay(true);
    let close = door.close.clone();
    let grace = door.inner.config.shutdown_grace;
    let keep_until =
        Instant::now() + Duration::from_secs(door.balancer.keep_alive_seconds.load(Ordering::Relaxed));
    let silence = Duration::from_secs(door.balancer.idle_seconds.load(Ordering::Relaxed));
    let kill = CancellationToken::new();
    let client = Arc::new(Client { door, node, peer, silence, kill: kill.clone() });
    let service = service_fn(move |request| {
        let client = Arc::clone(&client);
        async move {
            let mut response = proxy::answer(&client, request).await;
            if Instant::now() >= keep_until && !response.headers().contains_key(header::UPGRADE) {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, Infallible>(response)
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(silence)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    // Errors are the client's leaving, or a body broken off on purpose; either way there is no one to tell.
    tokio::select! {
        biased;
        _ended = connection.as_mut() => return,
        () = kill.cancelled() => return,
        () = close.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        biased;
        _ended = connection => {}
        () = kill.cancelled() => {}
        () = tokio::time::sleep(grace) => {}
    }
}
