//! One request: chosen a target, sent there, and its answer passed back.

use super::answer;
use super::body::{Body, Progress, Relay, Upload};
use super::choose::{Choice, choose};
use super::connection::Client;
use super::headers::{self, Origin};
use super::link::Link;
use super::tunnel::tunnel;
use crate::metrics;
use crate::target::{InFlight, Target};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode, Version, header};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One request in so many goes over the connection that was idle for the longest, the others over the one used last:
/// AWS does not say which it takes, and ages of all kinds are to be met.
const LONGEST_IDLE_ONE_IN: u32 = 8;

/// Why no answer came from the target.
enum Failure {
    /// No connection could be established.
    Unreachable(io::Error),
    /// It took too long to answer.
    Timeout,
    /// The connection broke before the head of an answer.
    Broken,
    /// The client's own body was not HTTP, or ended early.
    BadClient,
    /// The deregistration delay is over.
    Cut,
}

/// Answers a client's request, with the headers that the listener sets.
pub(crate) async fn answer(client: &Client, request: Request<Incoming>) -> Response<Body> {
    let mut response = answer_of(client, request).await;
    client.door.answers.load().apply(response.headers_mut());
    response
}

async fn answer_of(client: &Client, mut request: Request<Incoming>) -> Response<Body> {
    client.door.balancer.metrics.lock().request(metrics::now());
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        return own_error(client, StatusCode::METHOD_NOT_ALLOWED);
    }
    let upgrade = headers::upgrade(request.headers()).map(|_| hyper::upgrade::on(&mut request));
    let (mut parts, body) = request.into_parts();
    let choice = choose(&client.node, &client.node.view.load(), &client.door.listener, &parts);
    let (target, fail_open, cookies) = match choice {
        Choice::Fixed(fixed) => return answer::fixed(&fixed),
        Choice::Nobody => return own_error(client, StatusCode::SERVICE_UNAVAILABLE),
        Choice::Target { target, fail_open, cookies } => (target, fail_open, cookies),
    };
    let in_flight = target.enter(&client.kill);
    target.group.metrics.lock().request(metrics::now(), fail_open);
    let origin = Origin {
        client: client.peer,
        rules: **client.door.balancer.headers.load(),
        port: client.door.port,
        epoch: metrics::now(),
        trace: client.node.trace(),
    };
    headers::to_target(&mut parts, &origin);
    let sent = Instant::now();
    match exchange(client, &target, parts, body).await {
        Ok((response, link)) => {
            let status = response.status().as_u16();
            target.group.metrics.lock().response(metrics::now(), status, sent.elapsed());
            pass_back(client, response, link, in_flight, upgrade, cookies)
        }
        Err(failure) => refuse(client, &target, &failure),
    }
}

/// The answer to a client whose target gave none.
fn refuse(client: &Client, target: &Target, failure: &Failure) -> Response<Body> {
    match failure {
        Failure::Unreachable(error) => {
            tracing::debug!(%error, address = %target.address, "could not connect to a target");
            target.group.metrics.lock().connection_error(metrics::now());
            let timed_out = error.kind() == io::ErrorKind::TimedOut;
            own_error(client, if timed_out { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY })
        }
        Failure::Timeout => own_error(client, StatusCode::GATEWAY_TIMEOUT),
        Failure::Broken | Failure::Cut => own_error(client, StatusCode::BAD_GATEWAY),
        Failure::BadClient => own_error(client, StatusCode::BAD_REQUEST),
    }
}

fn own_error(client: &Client, status: StatusCode) -> Response<Body> {
    client.door.balancer.metrics.lock().own_error(metrics::now(), status.as_u16());
    answer::error(status)
}

/// Sends a request and waits for the head of its answer.
///
/// Over an idle connection, if there is one that the node takes for open. A request that the target has closed under is
/// lost with it, a GET as well: a load balancer replays nothing. Only one of which nothing has left goes over a fresh
/// connection instead.
async fn exchange(
    client: &Client,
    target: &Arc<Target>,
    parts: Parts,
    body: Incoming,
) -> Result<(Response<Incoming>, Link), Failure> {
    let (upload, progress) = Upload::new(body);
    let mut request = Request::from_parts(parts, upload);
    let (node, config) = (&client.node, &client.door.inner.config);
    if let Some(mut link) = target.take_link(node.index, node.draw(LONGEST_IDLE_ONE_IN) == 0) {
        match attempt(client, target, &mut link, request, &progress).await {
            Ok(response) => return Ok((response, link)),
            Err((_, Some(unsent))) => request = unsent,
            Err((failure, None)) => {
                if matches!(failure, Failure::Broken) && link.was_closed() {
                    target.group.kept.lock().crossed += 1;
                }
                return Err(failure);
            }
        }
    }
    let lag = client.door.inner.draw(config.close_lag);
    let connected = Link::connect(target.address, config.connect_timeout, lag, Arc::clone(&target.closes));
    let mut link = tokio::select! {
        biased;
        () = target.cut.cancelled() => return Err(Failure::Cut),
        link = connected => link.map_err(Failure::Unreachable)?,
    };
    match attempt(client, target, &mut link, request, &progress).await {
        Ok(response) => Ok((response, link)),
        Err((failure, _)) => Err(failure),
    }
}

type Unsent = Option<Request<Upload>>;

/// Sends a request on one connection; a failure carries it back if nothing of it has left.
async fn attempt(
    client: &Client,
    target: &Target,
    link: &mut Link,
    request: Request<Upload>,
    progress: &Progress,
) -> Result<Response<Incoming>, (Failure, Unsent)> {
    tokio::select! {
        biased;
        sent = link.send(request) => sent.map_err(|mut error| {
            let failure = if progress.is_broken() { Failure::BadClient } else { Failure::Broken };
            (failure, error.take_message())
        }),
        () = target.cut.cancelled() => Err((Failure::Cut, None)),
        () = progress.stalled(client.silence) => Err((Failure::Timeout, None)),
    }
}

/// Turns a target's answer into what the client gets.
fn pass_back(
    client: &Client,
    mut response: Response<Incoming>,
    link: Link,
    in_flight: InFlight,
    upgrade: Option<OnUpgrade>,
    cookies: Vec<HeaderValue>,
) -> Response<Body> {
    let silence: Duration = client.silence;
    // Between the balancer and the client it is their version, whatever the target speaks.
    *response.version_mut() = Version::HTTP_11;
    let mut response = if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let (Some(upgrade), Some(protocol)) = (upgrade, headers::upgrade(response.headers())) else {
            return own_error(client, StatusCode::BAD_GATEWAY);
        };
        let joined = tunnel(upgrade, hyper::upgrade::on(&mut response), in_flight, silence);
        let stop = client.door.close.clone();
        client.door.inner.spawn(async move {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = joined => {}
            }
        });
        headers::strip_hop_by_hop(response.headers_mut());
        headers::set_upgrade(response.headers_mut(), protocol);
        response.map(|_| Body::Own(None))
    } else {
        headers::strip_hop_by_hop(response.headers_mut());
        let node = client.node.index;
        response.map(|body| Body::Relay(Box::new(Relay::new(body, in_flight, link, node, silence))))
    };
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
