//! A server made of one function: what to do with the n-th connection.

use rehearsal_traffic::{Config, Mix, Record, Timeouts, Traffic};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// No test waits longer than this for anything.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// A connection as a server sees it.
pub type Stream = BufReader<TcpStream>;

/// The answer of version `v1`.
pub const V1: &str = "HTTP/1.1 200 OK\r\nx-version: v1\r\ncontent-length: 3\r\n\r\nv1\n";

/// Serves every connection with `behave`, on a port of its own.
pub async fn serve<F, R>(behave: F) -> SocketAddr
where
    F: Fn(usize, Stream) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("binds");
    let address = listener.local_addr().expect("has an address");
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.expect("accepts");
            tokio::spawn(behave(number, BufReader::new(stream)));
        }
    });
    address
}

/// Answers every request on a connection with the same words.
pub async fn always(mut stream: Stream, answer: &str) {
    while request(&mut stream).await.is_some() {
        say(&mut stream, answer).await;
    }
}

/// Reads one request with its body; `None` at the end of the connection.
pub async fn request(stream: &mut Stream) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    if let Some(length) = length {
        let mut body = vec![0; length.parse().expect("a length")];
        stream.read_exact(&mut body).await.ok()?;
    }
    Some(head)
}

/// Writes, if there still is someone to write to.
pub async fn say(stream: &mut Stream, words: &str) {
    let _ = stream.write_all(words.as_bytes()).await;
}

/// Closes with a reset instead of an end.
pub fn reset(stream: &Stream) {
    stream.get_ref().set_zero_linger().expect("lingers for no time");
}

/// Only `GET /`, quickly, with short timeouts.
pub fn config(target: SocketAddr) -> Config {
    Config {
        rate: 100.0,
        mix: Mix::short_only(),
        timeouts: Timeouts {
            connect: Duration::from_secs(2),
            request: Duration::from_millis(500),
            idle: Duration::from_secs(30),
        },
        ..Config::new(target)
    }
}

/// Runs until `enough` requests are over.
pub async fn run(config: Config, enough: u64) -> Record {
    let traffic = Traffic::start(config);
    let over = async {
        loop {
            let totals = traffic.snapshot().totals;
            if totals.total + totals.unsent >= enough {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, over).await.expect("the traffic gets that far in time");
    tokio::time::timeout(DEADLINE, traffic.stop()).await.expect("the traffic ends in time")
}
