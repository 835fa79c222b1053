//! The Runtime API (2018-06-01) of one execution environment: one listener on loopback.
//!
//! Owns: handing out the next event, taking its answer. Never: deciding what the answer means. In AWS nobody but the
//! function's own process reaches it; here every program of the machine could, so its address has a secret in its path
//! that only that process is told.

use crate::failure::MAX_PAYLOAD;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rehearsal_wire::admit;
use serde_json::json;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

/// Answers waiting to be looked at; a runtime has one invocation at a time, so few are ever there.
const ANSWER_QUEUE: usize = 8;

/// An event on its way to the function.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) function_arn: String,
    pub(crate) trace_id: String,
    pub(crate) deadline: SystemTime,
    pub(crate) payload: Bytes,
}

/// What the function's runtime told.
#[derive(Debug)]
pub(crate) enum Answer {
    /// It asked for the next event: initialised, or done with the last one.
    Polled,
    Response(Bytes),
    Error(Bytes),
    InitError(Bytes),
    /// Its response was over the limit.
    TooLarge,
}

/// The listener and both directions of its traffic. Closed when dropped.
pub(crate) struct RuntimeApi {
    address: SocketAddr,
    secret: String,
    events: mpsc::Sender<Event>,
    answers: mpsc::Receiver<Answer>,
    task: JoinHandle<()>,
}

struct Shared {
    port: u16,
    /// What every path begins with.
    prefix: String,
    events: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    answers: mpsc::Sender<Answer>,
    /// The invocation that may be answered now.
    current: Mutex<Option<String>>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (events, next_events) = mpsc::channel(1);
        let (answer, answers) = mpsc::channel(ANSWER_QUEUE);
        let secret = rehearsal_world::uuid().simple().to_string();
        let shared = Arc::new(Shared {
            port: address.port(),
            prefix: format!("/{secret}/2018-06-01/runtime/"),
            events: tokio::sync::Mutex::new(next_events),
            answers: answer,
            current: Mutex::new(None),
        });
        let task = tokio::spawn(accept(listener, shared));
        Ok(Self { address, secret, events, answers, task })
    }

    /// What the function's process is told: host, port and the secret, as `AWS_LAMBDA_RUNTIME_API`. Runtimes put
    /// `http://` before it and their paths behind it.
    pub(crate) fn location(&self) -> String {
        format!("{}/{}", self.address, self.secret)
    }

    /// Hands an event to the function; false if the listener is gone.
    pub(crate) async fn send(&self, event: Event) -> bool {
        self.events.send(event).await.is_ok()
    }

    /// The next thing the runtime tells; nothing if the listener is gone.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        self.answers.recv().await
    }

    /// Something told already, without waiting.
    pub(crate) fn answered(&mut self) -> Option<Answer> {
        self.answers.try_recv().ok()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Connections live and die with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        connections.spawn(async move {
            let service = service_fn(move |request| serve(shared.clone(), request));
            // A runtime that hangs up in mid-request has died; its process's end tells that better.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, rest) = request.into_parts();
    if let Err(why) = admit(&head, shared.port) {
        return Ok(refuse(StatusCode::FORBIDDEN, "Forbidden", &why));
    }
    let request = Request::from_parts(head, rest);
    let Some(path) = request.uri().path().strip_prefix(&shared.prefix).map(str::to_owned) else {
        return Ok(refuse(StatusCode::FORBIDDEN, "Forbidden", "this is the Runtime API of another process"));
    };
    let parts: Vec<&str> = path.split('/').collect();
    let method = request.method().clone();
    Ok(match (method, parts.as_slice()) {
        (Method::GET, ["invocation", "next"]) => next(&shared).await,
        (Method::POST, ["invocation", id, "response"]) => take(&shared, id, request, Answer::Response).await,
        (Method::POST, ["invocation", id, "error"]) => take(&shared, id, request, Answer::Error).await,
        (Method::POST, ["init", "error"]) => match body(request).await {
            Some(body) => tell(&shared, Answer::InitError(body)).await,
            None => refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", "Too large"),
        },
        _ => refuse(StatusCode::NOT_FOUND, "NotFound", "No such resource in the Runtime API"),
    })
}

async fn next(shared: &Shared) -> Response<Full<Bytes>> {
    if shared.answers.send(Answer::Polled).await.is_err() {
        return gone();
    }
    let event = shared.events.lock().await.recv().await;
    let Some(event) = event else { return gone() };
    *shared.current.lock() = Some(event.request_id.clone());
    let deadline = event.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis();
    Response::builder()
        .header("content-type", "application/json")
        .header("lambda-runtime-aws-request-id", event.request_id)
        .header("lambda-runtime-deadline-ms", deadline.to_string())
        .header("lambda-runtime-invoked-function-arn", event.function_arn)
        .header("lambda-runtime-trace-id", event.trace_id)
        .body(Full::new(event.payload))
        .unwrap_or_else(|_| gone())
}

async fn take(
    shared: &Shared,
    id: &str,
    request: Request<Incoming>,
    answer: fn(Bytes) -> Answer,
) -> Response<Full<Bytes>> {
    if shared.current.lock().as_deref() != Some(id) {
        return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID");
    }
    let body = body(request).await;
    *shared.current.lock() = None;
    match body {
        Some(body) => tell(shared, answer(body)).await,
        None => {
            tell(shared, Answer::TooLarge).await;
            let message = format!("Exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).");
            refuse(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message)
        }
    }
}

async fn body(request: Request<Incoming>) -> Option<Bytes> {
    Limited::new(request.into_body(), MAX_PAYLOAD)
        .collect()
        .await
        .ok()
        .map(http_body_util::Collected::to_bytes)
}

async fn tell(shared: &Shared, answer: Answer) -> Response<Full<Bytes>> {
    match shared.answers.send(answer).await {
        Ok(()) => json_response(StatusCode::ACCEPTED, &json!({ "status": "OK" })),
        Err(_) => gone(),
    }
}

fn refuse(status: StatusCode, error_type: &str, message: &str) -> Response<Full<Bytes>> {
    json_response(status, &json!({ "errorType": error_type, "errorMessage": message }))
}

fn gone() -> Response<Full<Bytes>> {
    refuse(StatusCode::INTERNAL_SERVER_ERROR, "ContainerError", "The execution environment is shutting down")
}

fn json_response(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    async fn status(api: &RuntimeApi, path: &str, headers: &str) -> String {
        let mut stream = TcpStream::connect(api.address).await.unwrap();
        let request =
            format!("POST {path} HTTP/1.1\r\n{headers}connection: close\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    }

    #[tokio::test]
    async fn only_the_process_that_was_told_is_answered() {
        let api = RuntimeApi::start().await.unwrap();
        let host = format!("host: {}\r\n", api.address);
        let (own, bare) =
            (format!("/{}/2018-06-01/runtime/init/error", api.secret), "/2018-06-01/runtime/init/error");
        assert_eq!(api.location(), format!("{}/{}", api.address, api.secret));
        assert_eq!(status(&api, bare, &host).await, "403", "a stranger");
        assert_eq!(status(&api, &format!("/{}{bare}", rehearsal_world::uuid().simple()), &host).await, "403");
        let rebound = format!("host: evil.example:{}\r\n", api.address.port());
        assert_eq!(status(&api, &own, &rebound).await, "403", "a page whose name points here");
        assert_eq!(status(&api, &own, &format!("{host}origin: http://evil.example\r\n")).await, "403");
        assert_eq!(status(&api, &own, &host).await, "202");
    }
}
