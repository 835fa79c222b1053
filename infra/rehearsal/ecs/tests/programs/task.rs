//! A small server to be a task in this crate's tests: answers every request on `PORT` with the status in
//! `STATUS` (200) and the name in `NAME`, and says when it listens. SIGTERM ends it, as it ends any process
//! that does not care.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let variable = |name: &str, fallback: &str| std::env::var(name).unwrap_or_else(|_| fallback.to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{}", variable("PORT", "0")))?;
    let (name, status) = (variable("NAME", "task"), variable("STATUS", "200"));
    println!("{name} listens on {}", listener.local_addr()?);
    for stream in listener.incoming() {
        let (stream, name, status) = (stream?, name.clone(), status.clone());
        // A client that hangs up early is no reason to stop.
        std::thread::spawn(move || drop(answer(stream, &status, &name)));
    }
    Ok(())
}

/// One short request per connection, which is all that health checks and tests send.
fn answer(mut stream: TcpStream, status: &str, name: &str) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut chunk = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut chunk)? {
            0 => return Ok(()),
            read => request.extend_from_slice(&chunk[..read]),
        }
    }
    let length = name.len();
    write!(stream, "HTTP/1.1 {status} Answer\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{name}")
}
