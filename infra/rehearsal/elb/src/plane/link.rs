//! A connection to a target, and how requests are sent over it.

use super::body::Upload;
use super::kept::{Kept, Stream};
use crate::kept::Closes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rehearsal_world::net;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

/// How long a connection may take to be ready again after a body has ended.
const READY_TIMEOUT: Duration = Duration::from_secs(1);

/// One HTTP/1.1 connection to a target.
pub(crate) struct Link {
    sender: SendRequest<Upload>,
    kept: Arc<Kept>,
}

impl Link {
    /// Connects anew. That the target closes it while it is idle is heard `lag` later.
    pub(crate) async fn connect(
        address: SocketAddr,
        limit: Duration,
        lag: Duration,
        closes: Arc<Closes>,
    ) -> io::Result<Self> {
        let stream = timeout(limit, net::Stream::connect(address)).await??;
        stream.set_nodelay(true)?;
        closes.confirm();
        let kept = Arc::new(Kept::new(closes));
        let stream = TokioIo::new(Stream::new(stream, Arc::clone(&kept), lag));
        let (sender, connection) = http1::handshake(stream).await.map_err(io::Error::other)?;
        let idle = Arc::clone(&kept);
        // Ends when the sender is dropped, the target closes, or it was idle for too long. Its errors reach whoever
        // has a request on it.
        tokio::spawn(async move {
            tokio::select! {
                biased;
                _ended = connection.with_upgrades() => {}
                () = idle.expired() => {}
            }
        });
        Ok(Self { sender, kept })
    }

    /// Open and idle, as far as we know.
    pub(crate) fn is_usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed()
    }

    /// Nothing is on it from now on; after `limit` it ends.
    pub(crate) fn rest(&self, limit: Duration) {
        self.kept.rest(limit);
    }

    /// A request is to go over it. False if it has ended, as far as we know.
    pub(crate) fn take(&self) -> bool {
        self.is_usable() && self.kept.take()
    }

    /// Whether the target closed it while it was idle.
    pub(crate) fn was_closed(&self) -> bool {
        self.kept.was_closed()
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
