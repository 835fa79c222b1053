//! The functions' way to AWS: whole HTTP requests over imagined connections to the cloud's front door. Serialisation,
//! signatures, validation, policies and throttles are the same bytes and the same code as over TCP.

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use rehearsal_world::net::Stream;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The shortest and the longest that a call to AWS is under way, in milliseconds: within a region a few to a few dozen.
const UNDER_WAY_MS: (u64, u64) = (4, 30);

/// The connections of one execution environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wires {
    idle: Arc<Mutex<Vec<Idle>>>,
}

#[derive(Debug)]
struct Idle(SendRequest<Full<Bytes>>);

impl Wires {
    /// A client that uses them.
    pub(crate) fn client(&self) -> SharedHttpClient {
        let connector = SharedHttpConnector::new(self.clone());
        http_client_fn(move |_, _| connector.clone())
    }

    async fn exchange(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (span_least, span_most) = UNDER_WAY_MS;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(span_least..=span_most))).await;
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let (mut parts, body) = request.into_parts();
        let body = body.collect().await.map_err(ConnectorError::user)?.to_bytes();
        let address = address(&parts).map_err(|error| ConnectorError::user(error.into()))?;
        parts.headers.entry(http::header::HOST).or_insert(host(address));
        let path = parts.uri.path_and_query().cloned();
        parts.uri = path.map_or_else(|| http::Uri::from_static("/"), http::Uri::from);
        let mut sender = self.sender(address).await.map_err(|error| ConnectorError::io(error.into()))?;
        let answer = sender.send_request(http::Request::from_parts(parts, Full::new(body))).await;
        let answer = answer.map_err(|error| ConnectorError::io(error.into()))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|error| ConnectorError::io(error.into()))?.to_bytes();
        self.idle.lock().push(Idle(sender));
        let answer = http::Response::from_parts(parts, SdkBody::from(body));
        HttpResponse::try_from(answer).map_err(|error| ConnectorError::other(error.into(), None))
    }

    /// A connection that is ready, kept or new.
    async fn sender(&self, address: SocketAddr) -> io::Result<SendRequest<Full<Bytes>>> {
        loop {
            let idle = self.idle.lock().pop();
            let Some(Idle(mut sender)) = idle else { break };
            if sender.ready().await.is_ok() {
                return Ok(sender);
            }
        }
        let stream = Stream::connect(address).await?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // It ends with its sender; its errors reach whoever has a request on it.
        tokio::spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

impl HttpConnector for Wires {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wires = self.clone();
        HttpConnectorFuture::new(async move { wires.exchange(request).await })
    }
}

/// Where a request goes: an address, since an imagined world has no names.
fn address(parts: &http::request::Parts) -> io::Result<SocketAddr> {
    let authority = parts.uri.authority().map(http::uri::Authority::as_str).unwrap_or_default();
    authority.parse().map_err(|_| io::Error::other(format!("{authority:?} is no address and port")))
}

fn host(address: SocketAddr) -> http::HeaderValue {
    // An address and a port are visible ASCII.
    http::HeaderValue::from_str(&address.to_string()).unwrap_or(http::HeaderValue::from_static("localhost"))
}

/// The world's time, as requests are signed with it.
pub(crate) fn time() -> SharedTimeSource {
    #[derive(Debug)]
    struct World;
    impl TimeSource for World {
        fn now(&self) -> SystemTime {
            rehearsal_world::system()
        }
    }
    SharedTimeSource::new(World)
}
