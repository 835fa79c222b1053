//! A connection to a target, that knows whether the target has said anything on it.

use super::body::Upload;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rehearsal_world::net::Stream;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

/// How long a connection may take to be ready again after a body has ended.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// One HTTP/1.1 connection to a target.
pub(crate) struct Link {
    sender: SendRequest<Upload>,
    received: Arc<AtomicU64>,
}

impl Link {
    /// Connects anew.
    pub(crate) async fn connect(address: SocketAddr, limit: Duration) -> io::Result<Self> {
        let stream = timeout(limit, Stream::connect(address)).await??;
        stream.set_nodelay(true)?;
        let received = Arc::new(AtomicU64::new(0));
        let counted = Counted { stream, received: Arc::clone(&received) };
        let (sender, connection) = http1::handshake(TokioIo::new(counted)).await.map_err(io::Error::other)?;
        // Ends when the sender is dropped, or the target closes. Its errors reach whoever has a request on it.
        tokio::spawn(async move {
            let _ = connection.with_upgrades().await;
        });
        Ok(Self { sender, received })
    }

    /// Open and idle, as far as we know.
    pub(crate) fn is_usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }

    /// How many bytes the target has sent on this connection.
    pub(crate) fn received(&self) -> u64 {
        self.received.load(Ordering::Acquire)
    }

    /// Sends a request; a failure carries it back if nothing of it has left.
    pub(crate) async fn send(
        &mut self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Upload>>> {
        self.sender.try_send_request(request).await
    }

    /// Waits until the connection can take the next request; `None` if it cannot any more.
    pub(crate) async fn ready(mut self) -> Option<Self> {
        matches!(timeout(READY_TIMEOUT, self.sender.ready()).await, Ok(Ok(()))).then_some(self)
    }
}

/// A stream that counts what comes in.
struct Counted {
    stream: Stream,
    received: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let news = buffer.filled().len() - before;
        if news > 0 {
            self.received.fetch_add(news as u64, Ordering::Release);
        }
        polled
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
