//! What the functions print, line by line, bounded.

use parking_lot::Mutex;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Lines kept per function; the oldest go first.
const MAX_LINES: usize = 4_096;

/// The longest line; CloudWatch Logs splits at the same size.
const MAX_LINE: u64 = 256 * 1024;

/// One line of a function's log.
#[derive(Debug, Clone)]
pub struct LogLine {
    /// When it was read.
    pub at: SystemTime,
    /// The function's name.
    pub function: String,
    /// The environment's log stream.
    pub stream: String,
    /// Without the line feed.
    pub text: String,
}

/// Gets every line as it is read.
pub type LogSink = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// The logs of all functions.
#[derive(Default)]
pub(crate) struct Logs {
    lines: Mutex<HashMap<String, VecDeque<LogLine>>>,
    sink: Mutex<Option<LogSink>>,
}

impl Logs {
    pub(crate) fn set_sink(&self, sink: LogSink) {
        *self.sink.lock() = Some(sink);
    }

    pub(crate) fn of(&self, function: &str) -> Vec<LogLine> {
        self.lines.lock().get(function).map(|lines| lines.iter().cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn write(&self, function: &str, stream: &str, text: String) {
        let line = LogLine {
            at: rehearsal_world::system(),
            function: function.to_owned(),
            stream: stream.to_owned(),
            text,
        };
        let sink = self.sink.lock().clone();
        if let Some(sink) = sink {
            sink(&line);
        }
        let mut lines = self.lines.lock();
        let lines = lines.entry(function.to_owned()).or_default();
        if lines.len() == MAX_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }
}

/// Copies a process's output into the log until it closes. A line without an end is cut at the bound.
pub(crate) async fn follow(
    output: impl AsyncRead + Unpin,
    logs: Arc<Logs>,
    function: String,
    stream: String,
) {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut output).take(MAX_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                logs.write(&function, &stream, text.trim_end_matches(['\n', '\r']).to_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_are_kept_in_order_and_bounded() {
        let logs = Arc::new(Logs::default());
        let text: String = (0..MAX_LINES + 3).map(|n| format!("line {n}\n")).collect();
        follow(text.as_bytes(), logs.clone(), "plan".to_owned(), "s".to_owned()).await;
        let lines = logs.of("plan");
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines[0].text, "line 3");
        assert_eq!(lines[MAX_LINES - 1].text, format!("line {}", MAX_LINES + 2));
        assert!(logs.of("swap").is_empty());
    }

    #[tokio::test]
    async fn a_line_without_end_is_cut() {
        let logs = Arc::new(Logs::default());
        let text = vec![b'x'; usize::try_from(MAX_LINE).unwrap() + 1];
        follow(text.as_slice(), logs.clone(), "plan".to_owned(), "s".to_owned()).await;
        let lengths: Vec<_> = logs.of("plan").iter().map(|line| line.text.len()).collect();
        assert_eq!(lengths, [256 * 1024, 1]);
    }
}
