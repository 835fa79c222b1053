//! What tasks print: the last lines of each container, bounded.

use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Lines kept per container.
const LINE_LIMIT: usize = 500;
/// Bytes kept of a line.
const LINE_BYTES: usize = 4096;
/// Bytes read at a time.
const CHUNK_BYTES: usize = 4096;

/// One printed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Milliseconds since 1970.
    pub timestamp: u64,
    /// The line, without its end.
    pub message: String,
}

/// What one container printed, as the `awslogs` driver would deliver it.
#[derive(Debug, Clone)]
pub struct LogStream {
    /// `awslogs-group`.
    pub group: String,
    /// `prefix/container/task-id`.
    pub stream: String,
    /// The task it belongs to.
    pub task_arn: String,
    /// Its last lines, oldest first.
    pub lines: Vec<LogLine>,
}

/// The last lines of one container.
#[derive(Debug, Default)]
pub(crate) struct Ring(Mutex<VecDeque<LogLine>>);

impl Ring {
    pub(crate) fn lines(&self) -> Vec<LogLine> {
        self.0.lock().iter().cloned().collect()
    }

    pub(crate) fn push(&self, bytes: &[u8]) {
        let since = rehearsal_world::since_epoch();
        let timestamp = since.as_millis().try_into().unwrap_or(u64::MAX);
        let message = String::from_utf8_lossy(bytes).trim_end_matches('\r').to_owned();
        let mut lines = self.0.lock();
        if lines.len() == LINE_LIMIT {
            lines.pop_front();
        }
        lines.push_back(LogLine { timestamp, message });
    }
}

/// Takes what a container prints, line by line.
#[derive(Debug, Clone)]
pub struct Printed(pub(crate) Arc<Ring>);

impl Printed {
    /// One line, without its end.
    pub fn line(&self, text: &str) {
        self.0.push(&text.as_bytes()[..text.len().min(LINE_BYTES)]);
    }
}

/// Reads lines into the ring until the pipe closes. Of a line that is too long, the start is kept.
pub(crate) async fn follow(mut pipe: impl AsyncRead + Unpin, ring: Arc<Ring>) {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut line = Vec::new();
    loop {
        let read = match pipe.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        for &byte in &chunk[..read] {
            if byte == b'\n' {
                ring.push(&line);
                line.clear();
            } else if line.len() < LINE_BYTES {
                line.push(byte);
            }
        }
    }
    if !line.is_empty() {
        ring.push(&line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_last_lines_are_kept_and_long_ones_cut() {
        let ring = Arc::new(Ring::default());
        let mut text = "old\n".repeat(LINE_LIMIT);
        text.push_str(&"x".repeat(LINE_BYTES + 10));
        text.push_str("\r\nlast");
        follow(text.as_bytes(), ring.clone()).await;
        let lines = ring.lines();
        assert_eq!(lines.len(), LINE_LIMIT);
        assert_eq!(lines[LINE_LIMIT - 1].message, "last");
        assert_eq!(lines[LINE_LIMIT - 2].message.len(), LINE_BYTES);
    }
}
