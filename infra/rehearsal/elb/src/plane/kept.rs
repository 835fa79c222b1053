//! A connection to a target between two requests: who may end it, and when a node hears that it has ended.
//!
//! An idle connection ends with the load balancer's idle timeout. A target may close it sooner. The node hears of that a
//! little later, and a request that it has sent meanwhile is lost: it is answered 502, whatever its method, since a
//! load balancer replays nothing. Across a real network the moment lasts about a millisecond, and days of production
//! meet it; a rehearsal lasts minutes, so here it is as long as `Config::close_lag`.

use crate::kept::Closes;
use parking_lot::Mutex;
use rehearsal_world::net;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// What those who share a connection know of it.
pub(crate) struct Kept {
    state: Mutex<State>,
    closes: Arc<Closes>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// A request is on it.
    Busy,
    /// None has been since then; one may take it for so long.
    Idle(Instant, Duration),
    /// The target closed it while it was idle; the node may not know yet.
    Closed,
    /// It was idle for too long.
    Expired,
}

/// How often a busy connection is looked at.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

impl Kept {
    pub(crate) fn new(closes: Arc<Closes>) -> Self {
        Self { state: Mutex::new(State::Busy), closes }
    }

    /// Nothing is on it from now on; after `limit` it ends.
    pub(crate) fn rest(&self, limit: Duration) {
        *self.state.lock() = State::Idle(Instant::now(), limit);
    }

    /// A request is to go over it. False if it has been idle for too long.
    pub(crate) fn take(&self) -> bool {
        let mut state = self.state.lock();
        match *state {
            State::Idle(since, limit) if since.elapsed() >= limit => *state = State::Expired,
            State::Idle(..) => *state = State::Busy,
            State::Busy | State::Closed | State::Expired => {}
        }
        *state != State::Expired
    }

    /// Whether the target closed it while it was idle.
    pub(crate) fn was_closed(&self) -> bool {
        *self.state.lock() == State::Closed
    }

    /// Ends when it has been idle for too long.
    pub(crate) async fn expired(&self) {
        loop {
            let due = match *self.state.lock() {
                State::Idle(since, limit) => since + limit,
                _ => Instant::now() + LOOK_AGAIN,
            };
            sleep_until(due).await;
            let mut state = self.state.lock();
            if let State::Idle(since, limit) = *state
                && since.elapsed() >= limit
            {
                *state = State::Expired;
            }
            if *state == State::Expired {
                return;
            }
        }
    }

    /// The target has closed it. True if nothing was on it.
    fn close(&self) -> bool {
        let mut state = self.state.lock();
        let State::Idle(since, _) = *state else { return false };
        *state = State::Closed;
        self.closes.note(since.elapsed());
        true
    }
}

/// A connection's stream, on which the end of an idle connection is heard late.
pub(crate) struct Stream {
    stream: net::Stream,
    kept: Arc<Kept>,
    lag: Duration,
    ending: Option<Ending>,
}

/// The target has closed; the node does not know yet.
struct Ending {
    heard: Pin<Box<Sleep>>,
    crossed: bool,
    reader: Option<Waker>,
}

impl Stream {
    pub(crate) fn new(stream: net::Stream, kept: Arc<Kept>, lag: Duration) -> Self {
        Self { stream, kept, lag, ending: None }
    }
}

impl Ending {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.crossed {
            self.reader = Some(context.waker().clone());
            ready!(self.heard.as_mut().poll(context));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(ending) = &mut self.ending {
            return ending.poll(context);
        }
        let (before, room) = (buffer.filled().len(), buffer.remaining());
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let ended = match &polled {
            Poll::Ready(Ok(())) => room > 0 && buffer.filled().len() == before,
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        if !ended || !self.kept.close() || self.lag.is_zero() {
            return polled;
        }
        let heard = Box::pin(sleep(self.lag));
        self.ending.insert(Ending { heard, crossed: false, reader: None }).poll(context)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(ending) = &mut self.ending else {
            return Pin::new(&mut self.stream).poll_write(context, bytes);
        };
        // It leaves the node, and nobody is there to read it.
        ending.crossed = true;
        if let Some(reader) = ending.reader.take() {
            reader.wake();
        }
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.ending.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            return self.poll_write(context, first);
        }
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
