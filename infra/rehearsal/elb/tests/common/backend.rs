//! Backends: a server that does as each request asks, and raw ones that misbehave.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt, stream};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{handshake::derive_accept_key, protocol::Role};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A server that answers with its name.
pub struct Backend {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
    stop: DropGuard,
}

/// What a backend has seen, and what it is told to do.
pub struct Seen {
    name: String,
    /// Connections that carried a real request.
    pub connections: AtomicUsize,
    pub requests: AtomicUsize,
    /// Connections open now, those of health checks too.
    pub open: AtomicUsize,
    pub health_status: AtomicU16,
    pub health_headers: parking_lot::Mutex<Option<http::HeaderMap>>,
    /// A `/stream` sends one chunk for each permit, and ends when this is closed.
    pub chunks: Semaphore,
}

type Body = BoxBody<Bytes, Infallible>;

impl Backend {
    pub async fn start(name: &str) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let seen = Arc::new(Seen {
            name: name.to_owned(),
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            health_status: AtomicU16::new(200),
            health_headers: parking_lot::Mutex::new(None),
            chunks: Semaphore::new(0),
        });
        let stop = CancellationToken::new();
        tokio::spawn(serve(socket, Arc::clone(&seen), stop.clone()));
        Self { address, seen, stop: stop.drop_guard() }
    }

    pub fn requests(&self) -> usize {
        self.seen.requests.load(Ordering::Relaxed)
    }

    pub fn connections(&self) -> usize {
        self.seen.connections.load(Ordering::Relaxed)
    }

    pub fn answer_health_with(&self, status: u16) {
        self.seen.health_status.store(status, Ordering::Relaxed);
    }

    /// Dies as a killed process does: its port and connections are gone at once.
    pub async fn kill(self) {
        drop(self.stop);
        super::until("the port is closed", || std::net::TcpStream::connect(self.address).is_err()).await;
    }
}

async fn serve(socket: TcpListener, seen: Arc<Seen>, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = socket.accept() => accepted,
        };
        let (stream, _) = accepted.expect("a connection");
        let (seen, stop) = (Arc::clone(&seen), stop.clone());
        tokio::spawn(async move {
            seen.open.fetch_add(1, Ordering::Relaxed);
            let first = std::sync::atomic::AtomicBool::new(true);
            let service = service_fn(|request: Request<Incoming>| {
                if request.uri().path() != "/health" && first.swap(false, Ordering::Relaxed) {
                    seen.connections.fetch_add(1, Ordering::Relaxed);
                }
                answer(Arc::clone(&seen), request)
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades();
            tokio::select! {
                () = stop.cancelled() => {}
                _ended = connection => {}
            }
            seen.open.fetch_sub(1, Ordering::Relaxed);
        });
    }
}

async fn answer(seen: Arc<Seen>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/health" {
        *seen.health_headers.lock() = Some(request.headers().clone());
        let status = seen.health_status.load(Ordering::Relaxed);
        return Ok(Response::builder().status(status).body(whole("")).expect("an answer"));
    }
    seen.requests.fetch_add(1, Ordering::Relaxed);
    Ok(match request.uri().path() {
        "/stream" => Response::new(BodyExt::boxed(StreamBody::new(chunks(seen)))),
        "/hang" => std::future::pending().await,
        "/ws" => websocket(request),
        "/big" => {
            let piece = Bytes::from(vec![b'x'; 64 * 1024]);
            let pieces = stream::iter((0..256).map(move |_| Ok(Frame::data(piece.clone()))));
            Response::new(BodyExt::boxed(StreamBody::new(pieces)))
        }
        "/echo" => {
            let body = request.into_body().filter_map_frames();
            Response::new(body)
        }
        "/error" => Response::builder().status(500).body(whole("broken")).expect("an answer"),
        "/missing" => Response::builder().status(404).body(whole("no")).expect("an answer"),
        "/headers" => {
            let told: Vec<String> = request
                .headers()
                .iter()
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default()))
                .collect();
            Response::builder()
                .header("x-version", &seen.name)
                .header("connection", "x-secret")
                .header("x-secret", "1")
                .header("server", "backend/1")
                .body(whole(&told.join("\n")))
                .expect("an answer")
        }
        _ => Response::builder().header("x-version", &seen.name).body(whole(&seen.name)).expect("an answer"),
    })
}

fn whole(text: &str) -> Body {
    Full::new(Bytes::from(text.to_owned())).boxed()
}

fn chunks(seen: Arc<Seen>) -> impl stream::Stream<Item = Result<Frame<Bytes>, Infallible>> + Send + Sync {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        while let Ok(permit) = seen.chunks.acquire().await {
            permit.forget();
            if sender.send(Ok(Frame::data(Bytes::from_static(b"chunk;")))).await.is_err() {
                return;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async move { Some((receiver.recv().await?, receiver)) })
}

trait Echo {
    fn filter_map_frames(self) -> Body;
}

impl Echo for Incoming {
    /// The same body; a broken one just ends.
    fn filter_map_frames(self) -> Body {
        let frames =
            stream::unfold(self, |mut body| async move { Some((Ok(body.frame().await?.ok()?), body)) });
        BodyExt::boxed(StreamBody::new(frames))
    }
}

/// Echoes every message.
fn websocket(mut request: Request<Incoming>) -> Response<Body> {
    let key = request.headers()[header::SEC_WEBSOCKET_KEY].clone();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        while let Some(Ok(message)) = socket.next().await {
            if message.is_close() || socket.send(message).await.is_err() {
                return;
            }
        }
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(header::CONNECTION, "upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(key.as_bytes()))
        .body(whole(""))
        .expect("an answer")
}

/// A backend that does with each connection as the test says, health checks aside. The number is that of
/// the request, over all connections.
pub async fn raw<F, R>(script: F) -> SocketAddr
where
    F: Fn(TcpStream, usize) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = socket.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut number = 0;
        loop {
            let (mut stream, _) = socket.accept().await.expect("a connection");
            let Some(head) = read_head(&mut stream).await else { continue };
            if head.starts_with("GET /health") {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
                continue;
            }
            number += 1;
            tokio::spawn(script(stream, number));
        }
    });
    address
}

/// A request's head; `None` if the connection ends before one.
pub async fn read_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    String::from_utf8(head).ok()
}

/// Closes with a reset, as the system does for a killed process with unread bytes.
pub fn reset(stream: TcpStream) {
    #[allow(deprecated, reason = "a linger of zero is what a reset is; it does not block")]
    stream.set_linger(Some(std::time::Duration::ZERO)).expect("a linger");
    drop(stream);
}
