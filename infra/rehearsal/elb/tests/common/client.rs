//! Clients, each with a connection of its own.

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

/// A kept-alive connection.
pub struct Client(SendRequest<Full<Bytes>>);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connected");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(connection);
        Self(sender)
    }

    /// The answer's head; its body is still to come.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.0.ready().await.expect("a connection");
        self.0.send_request(request).await.expect("an answer")
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "test").body(Full::default()).expect("a request");
        whole(self.send(request).await).await
    }

    /// With a cookie.
    pub async fn get_with(&mut self, cookie: &str) -> Answer {
        let request = Request::get("/").header("host", "test").header("cookie", cookie);
        whole(self.send(request.body(Full::default()).expect("a request")).await).await
    }

    pub async fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        let request =
            Request::post(path).header("host", "test").body(Full::new(body.into())).expect("a request");
        whole(self.send(request).await).await
    }
}

/// One request on a fresh connection.
pub async fn get(address: SocketAddr, path: &str) -> Answer {
    Client::connect(address).await.get(path).await
}

/// One request on a fresh connection, up to the answer's head.
pub async fn begin(address: SocketAddr, path: &str) -> Response<Incoming> {
    let request = Request::get(path).header("host", "test").body(Full::default()).expect("a request");
    Client::connect(address).await.send(request).await
}

pub async fn whole(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

/// The next piece of a body.
pub async fn piece(response: &mut Response<Incoming>) -> Option<Result<Bytes, hyper::Error>> {
    let frame = response.body_mut().frame().await?;
    Some(frame.map(|frame| frame.into_data().unwrap_or_default()))
}
