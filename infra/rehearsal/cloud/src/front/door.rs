//! The port: HTTP requests in, AWS's answers out.

use super::gate::Gate;
use super::welcome;
use bytes::Bytes;
use http::header::DATE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rehearsal_wire::{ApiError, MAX_BODY, admit, authenticate, decode, refusal};
use rehearsal_world::net::{Listener, Stream};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once; one more waits for one of them to close.
const MAX_CONNECTIONS: usize = 1_024;

/// How long a client may take over the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take over the body of a request.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// How long accepting pauses after it failed: most likely there are no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long calls in progress get to end.
const GRACE: Duration = Duration::from_secs(2);

/// The open port.
pub(crate) struct Door {
    address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    calls: TaskTracker,
}

/// The answer was lost on purpose.
#[derive(Debug)]
struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the answer was dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

impl Door {
    /// Lets calls in.
    pub(crate) fn open(listener: Listener, gate: Arc<Gate>) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let (stop, tasks, calls) = (CancellationToken::new(), TaskTracker::new(), TaskTracker::new());
        let accepting = accept(listener, address.port(), gate, stop.clone(), tasks.clone(), calls.clone());
        tasks.spawn(accepting);
        Ok(Self { address, stop, tasks, calls })
    }

    /// Where it is.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets nobody in any more, and waits for those inside.
    pub(crate) async fn shut(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.calls.close();
        let inside = async {
            self.tasks.wait().await;
            self.calls.wait().await;
        };
        if tokio::time::timeout(GRACE, inside).await.is_err() {
            tracing::warn!("calls were still in progress after the grace");
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn accept(
    mut listener: Listener,
    port: u16,
    gate: Arc<Gate>,
    stop: CancellationToken,
    tasks: TaskTracker,
    calls: TaskTracker,
) {
    let room = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let next = async {
            let place = room.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = stop.cancelled() => return,
            next = next => next,
        };
        match accepted {
            Ok((stream, _)) => {
                let serving = serve(stream, port, gate.clone(), stop.clone(), calls.clone());
                tasks.spawn(async move {
                    serving.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn serve(stream: Stream, port: u16, gate: Arc<Gate>, stop: CancellationToken, calls: TaskTracker) {
    // Small answers at once: callers wait for each.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let answer = answer(request, port, gate.clone(), calls.clone());
        async move { answer.await.map(dated) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            match tokio::time::timeout(GRACE, connection).await {
                Ok(ended) => ended,
                Err(_) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn answer(
    request: Request<Incoming>,
    port: u16,
    gate: Arc<Gate>,
    calls: TaskTracker,
) -> Result<Response<Full<Bytes>>, Dropped> {
    let (parts, body) = request.into_parts();
    if let Err(why) = admit(&parts, port) {
        let error = ApiError::new("AccessDeniedException", format!("The rehearsal does not answer: {why}"));
        return Ok(refusal(&parts, error.with_status(StatusCode::FORBIDDEN.as_u16())).map(Full::new));
    }
    if welcome::is_for_people(&parts) {
        return Ok(welcome::page(port).map(Full::new));
    }
    let body = match tokio::time::timeout(BODY_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a body could not be read");
            return Ok(refuse(StatusCode::PAYLOAD_TOO_LARGE));
        }
        Err(_) => return Ok(refuse(StatusCode::REQUEST_TIMEOUT)),
    };
    if let Err(refusal) = authenticate(&parts, &body, gate.callers(), rehearsal_world::now()) {
        return Ok(refusal.map(Full::new));
    }
    let (call, reply) = match decode(&parts, &body) {
        Ok(decoded) => decoded,
        Err(refusal) => return Ok(refusal.map(Full::new)),
    };
    // On its own: a call that has begun goes on in AWS, too, when the caller hangs up.
    let passing = calls.spawn(async move { gate.pass(call).await });
    match passing.await {
        // Without a code it is not the service that answers.
        Ok(Some(Err(error))) if error.code.is_empty() => Ok(unreadable(error.status)),
        Ok(Some(result)) => Ok(reply.encode(result).map(Full::new)),
        Ok(None) | Err(_) => Err(Dropped),
    }
}

/// The same, with the time of day of this world: SDKs set the clock by it that they sign with.
fn dated(mut answer: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(rehearsal_world::system())) {
        answer.headers_mut().insert(DATE, date);
    }
    answer
}

/// What a balancer before a service says of it, which no SDK can read.
fn unreadable(status: u16) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut answer = Response::new(Full::from(format!("<html><body><h1>{status}</h1></body></html>")));
    *answer.status_mut() = status;
    answer
}

/// An answer to what never became a call.
fn refuse(status: StatusCode) -> Response<Full<Bytes>> {
    let mut refusal = Response::new(Full::default());
    *refusal.status_mut() = status;
    refusal
}
