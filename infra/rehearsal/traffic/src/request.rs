//! One request, and what became of it.

use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;
use std::time::Duration;

/// What kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `GET /`
    Short,
    /// `GET /slow?ms=2000`
    Slow,
    /// `GET /stream`
    Stream,
    /// `POST /` with a body
    Post,
    /// A WebSocket, from its opening to its end.
    WebSocket,
}

impl Kind {
    /// What it asks for.
    pub fn target(self) -> &'static str {
        match self {
            Self::Short | Self::Post => "/",
            Self::Slow => "/slow?ms=2000",
            Self::Stream => "/stream?ms=1000&pieces=10",
            Self::WebSocket => "/ws",
        }
    }

    /// How long its answer is made to take, at least.
    pub fn least_time(self) -> Duration {
        match self {
            Self::Short | Self::Post | Self::WebSocket => Duration::ZERO,
            Self::Slow => Duration::from_secs(2),
            Self::Stream => Duration::from_secs(1),
        }
    }

    /// Whether asking twice does the same as asking once, so that it may be asked again.
    pub fn is_idempotent(self) -> bool {
        matches!(self, Self::Short | Self::Slow | Self::Stream)
    }

    /// Whether its time says how fast the server answers, and not how long the answer is made to take.
    pub fn is_quick(self) -> bool {
        matches!(self, Self::Short | Self::Post)
    }
}

/// Which connection a request went over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Connection {
    /// Opened for this request.
    Fresh,
    /// Kept alive after an earlier one.
    Reused,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The user got a whole answer below 500.
    Ok,
    /// The user did not.
    Failed(Reason),
    /// We could not send it: too many in flight, or no socket to be had. Our error, not the server's, but a
    /// record with any such is no proof of anything.
    Unsent,
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The connection was refused.
    Refused,
    /// The connection was reset before a whole head of an answer.
    Reset,
    /// The connection was closed before a whole head of an answer, or a WebSocket without a close frame.
    Closed,
    /// No whole answer in time.
    Timeout,
    /// A status of 500 or above.
    Status,
    /// The body ended before its end.
    TruncatedBody,
    /// The body is not of the version in the head, or not all of it.
    WrongBody,
    /// Not HTTP.
    Protocol,
}

impl Reason {
    /// In plain words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset",
            Self::Closed => "connection closed without an answer",
            Self::Timeout => "timed out",
            Self::Status => "server error",
            Self::TruncatedBody => "body cut off",
            Self::WrongBody => "wrong body",
            Self::Protocol => "not an HTTP answer",
        }
    }
}

/// One request, all times in microseconds since the traffic began.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Its place in the schedule.
    pub id: u64,
    /// What kind.
    pub kind: Kind,
    /// Over which connection; of the last try, if it was tried again.
    pub connection: Connection,
    /// When it was to leave.
    pub scheduled_us: u64,
    /// When it left.
    pub sent_us: u64,
    /// When it was over.
    pub done_us: u64,
    /// The status, if there was one.
    pub status: Option<u16>,
    /// The version that answered, from `x-version`.
    #[serde(serialize_with = "plain")]
    pub version: Option<Arc<str>>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether it was sent again over a fresh connection, because a kept-alive one had been closed by the server
    /// before any byte of an answer. Browsers do the same, and users see nothing of it.
    pub retried: bool,
}

impl Request {
    /// How long the user waited, from when the request was to leave.
    pub fn latency_us(&self) -> u64 {
        self.done_us.saturating_sub(self.scheduled_us)
    }
}

fn plain<S: Serializer>(version: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    version.as_deref().serialize(serializer)
}
