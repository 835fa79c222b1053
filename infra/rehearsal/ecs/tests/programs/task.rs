//! A small server to be a task in this crate's tests: answers every request on `PORT` with the status in
//! `STATUS` (200), and says when it listens. SIGTERM ends it, as it ends any process that does not care.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let variable = |name: &str, fallback: &str| std::env::var(name).unwrap_or_else(|_| fallback.to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{}", variable("PORT", "0")))?;
    println!("{} listens on {}", variable("NAME", "task"), listener.local_addr()?);
    let status = variable("STATUS", "200");
    for stream in listener.incoming() {
        let mut stream = stream?;
        // One short request per connection, which is all a health check sends; a client that hangs up early
        // is no reason to stop.
        let _ = stream.read(&mut [0; 1024]);
        let answer = format!("HTTP/1.1 {status} Answer\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        let _ = stream.write_all(answer.as_bytes());
    }
    Ok(())
}
