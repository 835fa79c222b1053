//! The container's own health check: asks the application that listens on a port how it is.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::handshake;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rehearsal_world::net::Stream;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What is asked for.
pub const PATH: &str = "/sound";
/// The exit code that says that it is not well.
const UNWELL: u8 = 1;

/// Asks, and says by an exit code what the answer was.
pub async fn ask(port: u16) -> u8 {
    match status((Ipv4Addr::LOCALHOST, port).into()).await {
        Ok(StatusCode::OK) => 0,
        Ok(_) | Err(_) => UNWELL,
    }
}

async fn status(address: SocketAddr) -> io::Result<StatusCode> {
    let stream = Stream::connect(address).await?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
    let request = Request::builder().uri(PATH).header(HOST, address.to_string());
    let request = request.body(Empty::<Bytes>::new()).map_err(io::Error::other)?;
    // The connection has to be driven while the answer is waited for, and ends with this.
    tokio::select! {
        answer = sender.send_request(request) => Ok(answer.map_err(io::Error::other)?.status()),
        ended = connection => Err(io::Error::other(format!("the connection ended: {ended:?}"))),
    }
}
