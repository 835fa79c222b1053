//! Starts the real binary and speaks raw HTTP to it.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// No test waits longer than this for anything.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Fails the test if `what` does not happen in time.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {DEADLINE:?}"),
    }
}

/// The command, with output captured, on a free port, killed when the test forgets it.
pub fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sample-webapp"));
    command.env_clear().env("PORT", "0").args(args);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// A running application.
pub struct App {
    pub address: SocketAddr,
    child: Child,
}

impl App {
    pub async fn start(args: &[&str]) -> Self {
        Self::from(command(args)).await
    }

    /// Waits for the application to say where it listens.
    pub async fn from(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout is piped")).lines();
        let address = within("listening", async {
            loop {
                let line =
                    lines.next_line().await.expect("stdout is readable").expect("it listens before it ends");
                if let Some((_, address)) = line.split_once("http://") {
                    break address.parse().expect("an address");
                }
            }
        })
        .await;
        // Read on, so that the application never writes to a closed pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { address, child }
    }

    pub fn terminate(&self) {
        let id = self.child.id().expect("still running");
        kill(Pid::from_raw(i32::try_from(id).expect("a process id")), Signal::SIGTERM).expect("signals");
    }

    pub async fn ended(mut self) -> ExitStatus {
        within("exit", self.child.wait()).await.expect("the process can be waited for")
    }

    pub async fn get(&self, target: &str) -> Answer {
        let mut connection = Connection::open(self).await;
        connection.ask(target).await;
        connection.answer().await
    }
}

/// An answer as it came over the wire, chunks joined.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// One connection, used by hand.
pub struct Connection(pub BufReader<TcpStream>);

impl Connection {
    pub async fn open(app: &App) -> Self {
        Self(BufReader::new(TcpStream::connect(app.address).await.expect("connects")))
    }

    pub async fn ask(&mut self, target: &str) {
        self.send(&format!("GET {target} HTTP/1.1\r\nhost: test\r\n\r\n")).await;
    }

    pub async fn send(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("writes");
    }

    /// The next answer, which must be whole.
    pub async fn answer(&mut self) -> Answer {
        self.try_answer().await.expect("a whole answer")
    }

    /// The next answer, or `None` if the connection ended before it did.
    pub async fn try_answer(&mut self) -> Option<Answer> {
        within("an answer", self.read_answer()).await
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await.ok()? == 0 {
                return None;
            }
        }
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let mut answer = Answer { status, head, body: String::new() };
        if let Some(length) = answer.header("content-length") {
            let mut body = vec![0; length.parse().ok()?];
            self.0.read_exact(&mut body).await.ok()?;
            answer.body = String::from_utf8(body).ok()?;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            while let Some(chunk) = self.read_chunk().await? {
                answer.body += &chunk;
            }
        }
        Some(answer)
    }

    /// `None` when cut off, `Some(None)` for the last chunk.
    async fn read_chunk(&mut self) -> Option<Option<String>> {
        let mut size = String::new();
        self.0.read_line(&mut size).await.ok()?;
        let size = usize::from_str_radix(size.trim_end(), 16).ok()?;
        let mut chunk = vec![0; size + 2];
        self.0.read_exact(&mut chunk).await.ok()?;
        chunk.truncate(size);
        Some(if size == 0 { None } else { Some(String::from_utf8(chunk).ok()?) })
    }

    /// Whether the other end closes the connection in order, with nothing more to say.
    pub async fn closes(&mut self) -> bool {
        let mut rest = Vec::new();
        within("close", self.0.read_to_end(&mut rest)).await.is_ok_and(|read| read == 0)
    }
}
