//! Bodies on their way through, frame by frame; nothing is gathered.

use super::link::Link;
use crate::target::InFlight;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// What a client gets: the balancer's own words, or a target's.
pub(crate) enum Body {
    Own(Option<Bytes>),
    Relay(Box<Relay>),
}

impl Body {
    pub(crate) fn own(bytes: Bytes) -> Self {
        Self::Own((!bytes.is_empty()).then_some(bytes))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Own(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Relay(relay) => relay.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own(bytes) => bytes.is_none(),
            Self::Relay(relay) => relay.ended || relay.inner.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Relay(relay) => relay.inner.size_hint(),
        }
    }
}

/// A target's body: it holds the request in flight until it has ended, and it ends broken when the target
/// is cut off or stays silent too long.
pub(crate) struct Relay {
    inner: Incoming,
    in_flight: InFlight,
    /// Given back for the next request once the body has ended; until then it is ours alone.
    link: Option<Link>,
    node: usize,
    silence: Duration,
    ended: bool,
    waiting: Option<Waiting>,
}

/// Made only when a body keeps us waiting, which most never do.
struct Waiting {
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    silence: Pin<Box<Sleep>>,
}

impl Relay {
    pub(crate) fn new(
        inner: Incoming,
        in_flight: InFlight,
        link: Link,
        node: usize,
        silence: Duration,
    ) -> Self {
        Self { inner, in_flight, link: Some(link), node, silence, ended: false, waiting: None }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if self.in_flight.target().cut.is_cancelled() {
            return Poll::Ready(Some(Err(io::Error::other("the target's deregistration delay is over"))));
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Pending => {}
            Poll::Ready(frame) => {
                self.ended = frame.is_none();
                if let Some(waiting) = &mut self.waiting {
                    waiting.silence.as_mut().reset(Instant::now() + self.silence);
                }
                return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
            }
        }
        let waiting = self.waiting.get_or_insert_with(|| Waiting {
            cut: Box::pin(self.in_flight.target().cut.clone().cancelled_owned()),
            silence: Box::pin(sleep(self.silence)),
        });
        if waiting.cut.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(io::Error::other("the target's deregistration delay is over"))));
        }
        ready!(waiting.silence.as_mut().poll(context));
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, "the target fell silent"))))
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let whole = self.ended || self.inner.is_end_stream();
        // A connection with half a body on it is of no use to anybody: dropping the link closes it.
        if let Some(link) = self.link.take().filter(|_| whole) {
            let (target, node, limit) = (Arc::clone(self.in_flight.target()), self.node, self.silence);
            if link.is_usable() {
                target.keep_link(node, link, limit);
            } else if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                runtime.spawn(async move {
                    if let Some(link) = link.ready().await {
                        target.keep_link(node, link, limit);
                    }
                });
            }
        }
    }
}

/// A client's body on its way to a target.
pub(crate) struct Upload {
    inner: Option<Incoming>,
    progress: Arc<Progress>,
}

/// How an upload goes, for whoever waits for its answer.
pub(crate) struct Progress {
    last: Mutex<Instant>,
    broken: AtomicBool,
}

impl Progress {
    /// Ends when nothing has moved for `limit`.
    pub(crate) async fn stalled(&self, limit: Duration) {
        loop {
            let due = *self.last.lock() + limit;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }

    /// Whether it was the client that failed.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Acquire)
    }
}

impl Upload {
    pub(crate) fn new(inner: Incoming) -> (Self, Arc<Progress>) {
        let progress =
            Arc::new(Progress { last: Mutex::new(Instant::now()), broken: AtomicBool::new(false) });
        let inner = (!inner.is_end_stream()).then_some(inner);
        (Self { inner, progress: Arc::clone(&progress) }, progress)
    }
}

impl HttpBody for Upload {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let frame = ready!(Pin::new(inner).poll_frame(context));
        *self.progress.last.lock() = Instant::now();
        if matches!(frame, Some(Err(_))) {
            self.progress.broken.store(true, Ordering::Release);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or(SizeHint::with_exact(0), HttpBody::size_hint)
    }
}
