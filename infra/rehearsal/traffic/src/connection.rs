//! One HTTP/1.1 connection that knows whether a byte of an answer has come.

use crate::config::Timeouts;
use crate::request::Reason;
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rehearsal_world::net::Stream;
use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a connection sends requests through.
pub type Sender = SendRequest<Full<Bytes>>;

/// Why there is no connection.
#[derive(Debug)]
pub enum NotConnected {
    /// The server's doing.
    Failed(Reason, String),
    /// Ours: no socket or no port to be had.
    Own(String),
}

/// An open connection.
pub struct Connection {
    /// Sends requests.
    pub sender: Sender,
    /// When the last answer was over.
    pub idle_since: Instant,
    received: Arc<AtomicU64>,
}

impl Connection {
    /// Opens one; a task of `tasks` drives it until it is dropped or closed, or `killed`.
    pub async fn open(
        target: SocketAddr,
        timeouts: &Timeouts,
        tasks: &TaskTracker,
        killed: &CancellationToken,
    ) -> Result<Self, NotConnected> {
        let stream = connect(target, timeouts).await?;
        let received = Arc::new(AtomicU64::new(0));
        let io = TokioIo::new(Counted { stream, received: Arc::clone(&received) });
        let (sender, driver) = http1::handshake(io)
            .await
            .map_err(|error| NotConnected::Failed(reason(&error), describe(&error)))?;
        let killed = killed.clone();
        tasks.spawn(async move {
            tokio::select! {
                biased;
                // Whoever uses the connection sees the error; there is nobody else to tell.
                _ = driver => {}
                () = killed.cancelled() => {}
            }
        });
        Ok(Self { sender, idle_since: Instant::now(), received })
    }

    /// How many bytes have come over it so far.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }
}

/// Establishes a TCP connection.
pub async fn connect(target: SocketAddr, timeouts: &Timeouts) -> Result<Stream, NotConnected> {
    let connected = tokio::time::timeout(timeouts.connect, Stream::connect(target)).await;
    let stream = match connected {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(not_connected(&error)),
        Err(_) => return Err(NotConnected::Failed(Reason::Timeout, "no connection in time".to_owned())),
    };
    stream.set_nodelay(true).map_err(|error| not_connected(&error))?;
    Ok(stream)
}

fn not_connected(error: &io::Error) -> NotConnected {
    match error.kind() {
        ErrorKind::ConnectionRefused => NotConnected::Failed(Reason::Refused, error.to_string()),
        // Some systems report a connection that is already gone again as an invalid argument of its options.
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::InvalidInput => {
            NotConnected::Failed(Reason::Reset, error.to_string())
        }
        ErrorKind::TimedOut => NotConnected::Failed(Reason::Timeout, error.to_string()),
        _ => NotConnected::Own(error.to_string()),
    }
}

/// Why an exchange broke off before a whole head of an answer.
pub fn reason(error: &hyper::Error) -> Reason {
    if let Some(io) = io_kind(error) {
        return match io {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::ConnectionAborted => {
                Reason::Reset
            }
            ErrorKind::TimedOut => Reason::Timeout,
            _ => Reason::Closed,
        };
    }
    if error.is_parse() { Reason::Protocol } else { Reason::Closed }
}

fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

/// An error with its sources.
pub fn describe(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        words = format!("{words}: {error}");
        next = error.source();
    }
    words
}

/// Counts what is read.
struct Counted {
    stream: Stream,
    received: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        let read = (buf.filled().len() - before) as u64;
        self.received.fetch_add(read, Ordering::Release);
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
