//! One HTTP request and its answer, with a second try exactly where browsers make one.

use crate::check;
use crate::config::Config;
use crate::connection::{Connection, NotConnected, describe, reason};
use crate::jar::Jar;
use crate::pool::Pool;
use crate::request::{self, Kind, Outcome, Reason};
use crate::schedule::Planned;
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The largest answer that is read.
const MAX_BODY: usize = 1 << 20;
/// The size of what is posted.
const POSTED: usize = 1_024;
/// How long a connection may take, after the end of an answer, to be ready for another request.
const READY_WITHIN: Duration = Duration::from_secs(1);

/// What exchanges share.
pub struct Client {
    /// What traffic to make.
    pub config: Config,
    /// Kept-alive connections.
    pub pool: Pool,
    /// The regulars' cookies.
    pub jar: Jar,
    /// All tasks of this traffic.
    pub tasks: TaskTracker,
    /// Cancelled at the end: close what lasts.
    pub stopping: CancellationToken,
    /// Cancelled at the very end: whatever is still open is dropped.
    pub killed: CancellationToken,
}

/// What became of an exchange.
pub struct Result {
    /// When the (last) request left.
    pub sent: Instant,
    /// Over which connection.
    pub connection: request::Connection,
    /// Whether there was a second try.
    pub retried: bool,
    /// The status, if there was one.
    pub status: Option<u16>,
    /// The version that answered.
    pub version: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// What was seen of a failure.
    pub detail: String,
    /// The connection, if it can be used again.
    pub left_open: Option<Connection>,
}

impl Result {
    /// A result without an answer.
    pub fn without_answer(connection: request::Connection, outcome: Outcome, detail: String) -> Self {
        let sent = Instant::now();
        Self {
            sent,
            connection,
            retried: false,
            status: None,
            version: None,
            outcome,
            detail,
            left_open: None,
        }
    }

    fn failed(connection: request::Connection, reason: Reason, detail: String) -> Self {
        Self::without_answer(connection, Outcome::Failed(reason), detail)
    }

    /// What not getting a connection comes to.
    pub fn not_connected(error: NotConnected) -> Self {
        match error {
            NotConnected::Failed(reason, detail) => Self::failed(request::Connection::Fresh, reason, detail),
            NotConnected::Own(detail) => {
                Self::without_answer(request::Connection::Fresh, Outcome::Unsent, detail)
            }
        }
    }

    /// The same, with the head of an answer.
    pub fn with_head<B>(mut self, response: &Response<B>) -> Self {
        self.status = Some(response.status().as_u16());
        let version = response.headers().get("x-version").and_then(|version| version.to_str().ok());
        self.version = version.map(str::to_owned);
        self
    }
}

/// What one try came to.
enum Try {
    Over(Result),
    /// The kept-alive connection had been closed before it brought a byte of an answer.
    Stale(Result),
}

impl Client {
    /// Asks, and reads the whole answer.
    pub async fn exchange(&self, planned: &Planned) -> Result {
        let pooled = if planned.fresh { None } else { self.pool.take(self.config.timeouts.idle) };
        let Some(connection) = pooled else { return self.over_fresh(planned).await };
        match self.attempt(planned, connection, request::Connection::Reused).await {
            Try::Over(result) => result,
            Try::Stale(_) => Result { retried: true, ..self.over_fresh(planned).await },
        }
    }

    async fn over_fresh(&self, planned: &Planned) -> Result {
        let config = &self.config;
        let opened = Connection::open(config.target, &config.timeouts, &self.tasks, &self.killed).await;
        let connection = match opened {
            Ok(connection) => connection,
            Err(error) => return Result::not_connected(error),
        };
        let (Try::Over(mut result) | Try::Stale(mut result)) =
            self.attempt(planned, connection, request::Connection::Fresh).await;
        if planned.fresh {
            result.left_open = None;
        }
        result
    }

    async fn attempt(&self, planned: &Planned, mut connection: Connection, over: request::Connection) -> Try {
        let kind = planned.kind;
        let request = match self.request(planned) {
            Ok(request) => request,
            Err(error) => return Try::Over(Result::without_answer(over, Outcome::Unsent, error.to_string())),
        };
        let before = connection.received();
        let sent = Instant::now();
        let deadline = sent + self.config.timeouts.request;
        let answered = timeout_at(deadline, connection.sender.try_send_request(request)).await;
        let response = match answered {
            Ok(Ok(response)) => response,
            Ok(Err(mut error)) => {
                let never_sent = error.take_message().is_some();
                let silent = connection.received() == before;
                let error = error.into_error();
                let failed = Result { sent, ..Result::failed(over, reason(&error), describe(&error)) };
                let reused = over == request::Connection::Reused;
                return if reused && silent && (never_sent || kind.is_idempotent()) {
                    Try::Stale(failed)
                } else {
                    Try::Over(failed)
                };
            }
            Err(_) => {
                let failed = Result::failed(over, Reason::Timeout, "no answer in time".to_owned());
                return Try::Over(Result { sent, ..failed });
            }
        };
        if let Some(regular) = planned.regular {
            self.jar.keep(regular, response.headers());
        }
        let ok = Result::without_answer(over, Outcome::Ok, String::new());
        let result = Result { sent, ..ok }.with_head(&response);
        Try::Over(self.read(kind, response, result, connection, deadline).await)
    }

    async fn read(
        &self,
        kind: Kind,
        response: Response<Incoming>,
        mut result: Result,
        connection: Connection,
        deadline: Instant,
    ) -> Result {
        let status = response.status().as_u16();
        let read = match timeout_at(deadline, whole(response.into_body())).await {
            Ok(read) => read,
            Err(_) => Err((Reason::Timeout, "no end of the answer in time".to_owned())),
        };
        let judged = read.and_then(|body| {
            if status >= 500 {
                return Err((Reason::Status, excerpt(&body)));
            }
            if self.config.check_bodies {
                let judged = check::judge(kind, status, result.version.as_deref(), &body);
                return judged.map_err(|reason| (reason, excerpt(&body)));
            }
            Ok(())
        });
        // After an answer that was whole, however bad, the connection is as good as any.
        if matches!(judged, Ok(()) | Err((Reason::Status | Reason::WrongBody, _))) {
            result.left_open = Some(connection);
        }
        if let Err((reason, detail)) = judged {
            result.outcome = Outcome::Failed(reason);
            result.detail = detail;
        }
        result
    }

    fn request(&self, planned: &Planned) -> http::Result<Request<Full<Bytes>>> {
        let mut request = Request::builder().uri(planned.kind.target()).header(HOST, &self.config.host);
        if let (Some(regular), Some(headers)) = (planned.regular, request.headers_mut()) {
            self.jar.sent_by(regular, headers);
        }
        if planned.kind == Kind::Post {
            let request = request.method(Method::POST).header(CONTENT_TYPE, "application/octet-stream");
            return request.body(Full::new(Bytes::from_static(&[b'.'; POSTED])));
        }
        request.body(Full::default())
    }

    /// Keeps a connection for later once it is ready for another request. To be called after the exchange has
    /// been counted, since users do not wait for this.
    pub async fn keep(&self, mut connection: Connection) {
        let ready = tokio::time::timeout(READY_WITHIN, connection.sender.ready()).await;
        if matches!(ready, Ok(Ok(()))) && !self.stopping.is_cancelled() {
            connection.idle_since = Instant::now();
            self.pool.put(connection);
        }
    }
}

/// The whole body, or why there is none.
async fn whole(mut body: Incoming) -> std::result::Result<Bytes, (Reason, String)> {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| (Reason::TruncatedBody, describe(&error)))?;
        if let Some(data) = frame.data_ref() {
            if all.len() + data.len() > MAX_BODY {
                return Err((Reason::WrongBody, format!("more than {MAX_BODY} bytes")));
            }
            all.extend_from_slice(data);
        }
    }
    Ok(all.freeze())
}

fn excerpt(body: &[u8]) -> String {
    const MOST: usize = 200;
    String::from_utf8_lossy(&body[..body.len().min(MOST)]).trim_end().to_owned()
}
