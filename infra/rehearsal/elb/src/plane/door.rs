//! A listener's open port: accepts clients and hands each to the next node.

use super::connection;
use super::headers::AnswerRules;
use crate::elb::Inner;
use crate::state::BalancerRuntime;
use arc_swap::ArcSwap;
use rehearsal_world::net::Listener;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long to wait before accepting again when the system is out of something, such as file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What connections of one listener share.
pub(crate) struct Door {
    pub(crate) inner: Arc<Inner>,
    pub(crate) listener: String,
    pub(crate) port: u16,
    pub(crate) balancer: Arc<BalancerRuntime>,
    /// What the listener's attributes make of answers.
    pub(crate) answers: Arc<ArcSwap<AnswerRules>>,
    pub(crate) close: CancellationToken,
}

/// Opens a port on loopback; 0 lets the system choose.
pub(crate) async fn open(port: u16) -> io::Result<(Listener, SocketAddr)> {
    let socket = Listener::bind(port).await?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

impl Door {
    /// Accepts until the listener is deleted or the service stops.
    pub(crate) async fn serve(self: Arc<Self>, mut socket: Listener) {
        loop {
            let accepted = tokio::select! {
                biased;
                () = self.close.cancelled() => return,
                accepted = socket.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let inner = &self.inner;
                    let turn = inner.next_node.fetch_add(1, Ordering::Relaxed) % inner.nodes.len();
                    let node = Arc::clone(&inner.nodes[turn]);
                    inner.spawn(connection::serve(Arc::clone(&self), node, stream, peer));
                }
                Err(error) => {
                    tracing::warn!(%error, listener = self.listener, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}
