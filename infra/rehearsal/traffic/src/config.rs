//! What traffic to make.

use std::net::SocketAddr;
use std::time::Duration;

const DEFAULT_RATE: f64 = 200.0;
/// Above this many unanswered requests, a scheduled one is not sent but recorded as our own error. Small enough
/// for the file descriptors that an ordinary shell allows.
const DEFAULT_MAX_IN_FLIGHT: usize = 1_000;
const DEFAULT_WEBSOCKET_LIFE: Duration = Duration::from_secs(5);
const DEFAULT_ECHO_EVERY: Duration = Duration::from_secs(1);

/// What traffic to make, and against what.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to connect to.
    pub target: SocketAddr,
    /// The `Host` header.
    pub host: String,
    /// Requests a second, WebSockets not counted.
    pub rate: f64,
    /// Which kinds of requests.
    pub mix: Mix,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How long a WebSocket is used before it is closed.
    pub websocket_life: Duration,
    /// How often a WebSocket sends something to be echoed.
    pub echo_every: Duration,
    /// The most requests that may be unanswered at once.
    pub max_in_flight: usize,
    /// Who asks.
    pub users: Users,
    /// Whether bodies must be those of the sample application: each line begins with the version, and
    /// a stream has all its pieces. Off for a server of the user's own.
    pub check_bodies: bool,
    /// What is left to chance follows from this.
    pub seed: u64,
}

impl Config {
    /// The usual traffic: 200 requests a second of every kind.
    pub fn new(target: SocketAddr) -> Self {
        Self {
            target,
            host: target.to_string(),
            rate: DEFAULT_RATE,
            mix: Mix::default(),
            timeouts: Timeouts::default(),
            websocket_life: DEFAULT_WEBSOCKET_LIFE,
            echo_every: DEFAULT_ECHO_EVERY,
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
            users: Users::default(),
            check_bodies: true,
            seed: 0,
        }
    }
}

/// Who asks: strangers, who are new with every request, and regulars, who keep the cookies that they are given.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Users {
    /// How many regulars there are.
    pub regulars: u32,
    /// The share of the requests, from 0 to 1, that is theirs; WebSockets are strangers'.
    pub share: f64,
}

/// Shares of the kinds of requests. They need not add up to anything: 8 and 2 are the same as 0.8 and 0.2.
#[derive(Debug, Clone, PartialEq)]
pub struct Mix {
    /// `GET /`
    pub short: f64,
    /// `GET /slow?ms=2000`
    pub slow: f64,
    /// `GET /stream`, a second of chunks
    pub stream: f64,
    /// `POST /` with a body
    pub post: f64,
    /// The share of all these, from 0 to 1, that opens a connection of its own; the rest reuse kept-alive ones.
    pub fresh: f64,
    /// How many WebSockets are open at any time.
    pub websockets: usize,
}

impl Default for Mix {
    fn default() -> Self {
        Self { short: 0.84, slow: 0.05, stream: 0.05, post: 0.06, fresh: 0.2, websockets: 3 }
    }
}

impl Mix {
    /// Only `GET /` on kept-alive connections.
    pub fn short_only() -> Self {
        Self { short: 1.0, slow: 0.0, stream: 0.0, post: 0.0, fresh: 0.0, websockets: 0 }
    }
}

/// How long to wait for what.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// For a connection to be established.
    pub connect: Duration,
    /// From sending a request to the last byte of its answer.
    pub request: Duration,
    /// A kept-alive connection that was idle for longer is not used again. Shorter than a load balancer's idle
    /// timeout (60 s).
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            request: Duration::from_secs(10),
            idle: Duration::from_secs(30),
        }
    }
}
