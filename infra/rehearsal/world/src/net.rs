//! Connections: TCP on loopback, or memory between two tasks.
//!
//! What an imagined connection keeps of TCP: a port has one listener, connecting where nobody listens is refused, what was
//! sent before the end is still read, and the end is seen by the other side. It has no latency of its own.

use crate::imagined;
use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU16, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Bytes on their way in each direction of an imagined connection, as a socket's buffer would hold them.
const BUFFER: usize = 64 * 1024;
/// The first port that is given to who does not mind which.
const FIRST_FREE: u16 = 32_768;

/// The imagined ports.
#[derive(Default)]
pub(crate) struct Ports {
    listeners: BTreeMap<u16, mpsc::UnboundedSender<(DuplexStream, SocketAddr)>>,
    given: u16,
    turn: u16,
}

impl Ports {
    /// A port that nobody has; they go round.
    fn next(&mut self) -> io::Result<u16> {
        for _ in FIRST_FREE..=u16::MAX {
            self.given = self.given.wrapping_add(1) % (u16::MAX - FIRST_FREE);
            let port = FIRST_FREE + self.given;
            if !self.listeners.contains_key(&port) {
                return Ok(port);
            }
        }
        Err(io::ErrorKind::AddrNotAvailable.into())
    }
}

/// Listens on a port of loopback.
#[derive(Debug)]
pub enum Listener {
    /// For real.
    Tcp(TcpListener),
    /// In memory.
    Imagined {
        /// Where.
        address: SocketAddr,
        /// Who has connected.
        arriving: mpsc::UnboundedReceiver<(DuplexStream, SocketAddr)>,
    },
}

impl Listener {
    /// Begins to listen; port 0 is any port.
    ///
    /// # Errors
    /// As the system has it; `AddrInUse` if somebody listens there.
    pub async fn bind(port: u16) -> io::Result<Self> {
        match imagined::with(|world| Self::imagined(&mut world.ports, port)) {
            Some(listener) => listener,
            None => TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map(Self::Tcp),
        }
    }

    fn imagined(ports: &mut Ports, port: u16) -> io::Result<Self> {
        let port = if port == 0 { ports.next()? } else { port };
        if ports.listeners.contains_key(&port) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        let (sender, arriving) = mpsc::unbounded_channel();
        ports.listeners.insert(port, sender);
        Ok(Self::Imagined { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), arriving })
    }

    /// The next who connects, and from where.
    ///
    /// # Errors
    /// As the system has it.
    pub async fn accept(&mut self) -> io::Result<(Stream, SocketAddr)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Tcp(stream), peer))
            }
            Self::Imagined { arriving, .. } => {
                let (stream, peer) = arriving.recv().await.ok_or(io::ErrorKind::NotConnected)?;
                Ok((Stream::Imagined(stream), peer))
            }
        }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// As the system has it.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Tcp(listener) => listener.local_addr(),
            Self::Imagined { address, .. } => Ok(*address),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Imagined { address, .. } = self {
            let gone = imagined::with(|world| world.ports.listeners.remove(&address.port()));
            drop(gone);
        }
    }
}

/// Counts on, so that whoever looks for a free port begins where nobody has just looked. Real ports are never part of what
/// a seed repeats, so several rehearsals on one machine start at different places; imagined ones are.
#[must_use]
pub fn turn() -> u16 {
    static REAL: AtomicU16 = AtomicU16::new(0);
    let imagined = imagined::with(|world| {
        world.ports.turn = world.ports.turn.wrapping_add(1);
        world.ports.turn
    });
    imagined.unwrap_or_else(|| {
        let process = std::process::id().wrapping_mul(31) as u16;
        process.wrapping_add(REAL.fetch_add(1, Ordering::Relaxed))
    })
}

/// Whether nobody listens on a port of loopback.
#[must_use]
pub fn is_free(port: u16) -> bool {
    imagined::with(|world| !world.ports.listeners.contains_key(&port))
        .unwrap_or_else(|| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

/// A connection.
#[derive(Debug)]
pub enum Stream {
    /// For real.
    Tcp(TcpStream),
    /// In memory.
    Imagined(DuplexStream),
}

impl Stream {
    /// Connects.
    ///
    /// # Errors
    /// As the system has it; `ConnectionRefused` if nobody listens there.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        match imagined::with(|world| Self::imagined(&mut world.ports, address)) {
            Some(stream) => stream,
            None => TcpStream::connect(address).await.map(Self::Tcp),
        }
    }

    fn imagined(ports: &mut Ports, address: SocketAddr) -> io::Result<Self> {
        let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, ports.next()?));
        let listener = ports.listeners.get(&address.port()).ok_or(io::ErrorKind::ConnectionRefused)?;
        let (ours, theirs) = duplex(BUFFER);
        listener.send((theirs, peer)).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(Self::Imagined(ours))
    }

    /// Small pieces go at once.
    ///
    /// # Errors
    /// As the system has it.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(nodelay),
            Self::Imagined(_) => Ok(()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Imagined(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Imagined(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(context, slices),
            Self::Imagined(stream) => Pin::new(stream).poll_write_vectored(context, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Imagined(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(context),
            Self::Imagined(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Imagined(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
