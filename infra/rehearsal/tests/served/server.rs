//! `rehearse serve` as a process, as a user starts it.

use crate::binaries;
use crate::processes::LOOK_AGAIN;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

/// The binary that all this is about.
pub const REHEARSE: &str = env!("CARGO_BIN_EXE_rehearse");
/// The longest that anything may take.
pub const DEADLINE: Duration = Duration::from_secs(180);
/// The longest that one answer may take.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// The longest that a cloud may take to be gone.
pub const END_DEADLINE: Duration = Duration::from_secs(30);
/// The last line that it says when it is up.
const LAST_WORDS: &str = "Ctrl-C takes everything down.";
/// As many clouds at a time as leave their clients room.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A served cloud. If it is dropped it is killed, and its watchdog ends the rest.
pub struct Served {
    child: Child,
    out: Option<Lines<BufReader<ChildStdout>>>,
    /// What it said.
    pub said: Vec<String>,
    _turn: SemaphorePermit<'static>,
}

impl Served {
    /// Starts one on any ports and waits until it says that it is up.
    pub async fn start() -> Self {
        Self::start_on(&["--port", "0", "--traffic-port", "0"]).await
    }

    /// The same on ports of one's own.
    pub async fn start_on(options: &[&str]) -> Self {
        let mut served = Self::begin(options).await;
        let out = served.out.as_mut().expect("it is listened to");
        let up = tokio::time::timeout(DEADLINE, async {
            while let Some(line) = out.next_line().await.expect("its output is text") {
                let last = line == LAST_WORDS;
                served.said.push(line);
                if last {
                    return true;
                }
            }
            false
        });
        assert!(up.await.expect("it is up in time"), "it ended: {:?}", served.said);
        served
    }

    /// Starts one and does not wait.
    pub async fn begin(options: &[&str]) -> Self {
        let turn = TURNS.acquire().await.expect("never closed");
        // Beforehand, so that no deadline has to allow for a build.
        binaries::build();
        let mut child = Command::new(REHEARSE)
            .arg("serve")
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let out = child.stdout.take().expect("it is piped");
        Self { child, out: Some(BufReader::new(out).lines()), said: Vec::new(), _turn: turn }
    }

    /// Listens no more.
    pub fn hang_up(&mut self) {
        self.out = None;
    }

    pub fn process(&self) -> Pid {
        let id = self.child.id().and_then(|id| i32::try_from(id).ok());
        Pid::from_raw(id.expect("it runs"))
    }

    /// Sends a signal and waits for the end.
    pub async fn end(mut self, by: Signal) -> ExitStatus {
        kill(self.process(), by).expect("it runs");
        let ended = tokio::time::timeout(END_DEADLINE, self.child.wait()).await;
        ended.expect("it ends in time").expect("it can be waited for")
    }

    /// Ends it as a user does, and makes sure that it went well.
    pub async fn close(self) {
        assert_eq!(self.end(Signal::SIGTERM).await.code(), Some(0));
    }

    /// `http://127.0.0.1:PORT` of all APIs.
    pub fn endpoint(&self) -> &str {
        self.said[0].strip_prefix("The cloud is up at ").expect("it says so")
    }

    pub fn port(&self) -> &str {
        self.endpoint().rsplit(':').next().expect("there is one")
    }

    /// Where users reach the service whose repository this is.
    pub fn address(&self, repository: &str) -> SocketAddr {
        let ending = format!(" to {repository}");
        let line = self.said.iter().find(|line| line.ends_with(&ending)).expect("it says where");
        let address = line.trim().strip_prefix("http://").and_then(|rest| rest.split('/').next());
        address.and_then(|address| address.parse().ok()).expect("an address")
    }

    /// The commands that it says can be typed.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        self.said.iter().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with("aws "))
    }

    /// What it says is to be exported.
    pub fn exports(&self) -> BTreeMap<String, String> {
        let line = self.said.iter().find_map(|line| line.strip_prefix("  export ")).expect("it says what");
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        line.split(' ').filter_map(pair).collect()
    }

    /// `rehearse push`, as a user types it.
    pub async fn push(&self, options: &[&str]) {
        let mut push = Command::new(REHEARSE);
        push.args(["push", "--port", self.port()]).args(options).stdin(Stdio::null());
        let done = tokio::time::timeout(DEADLINE, push.output()).await.expect("in time").expect("it runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// What users of a service are shown.
    pub async fn body(&self, repository: &str) -> Result<String, String> {
        get(self.address(repository)).await
    }
}

/// A request on a connection of its own; what it answers, or why that is a failure.
pub async fn get(address: SocketAddr) -> Result<String, String> {
    let exchange = async {
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let request = Request::get(format!("http://{address}/")).body(Empty::<Bytes>::new());
        let answer = client.request(request.map_err(|error| error.to_string())?).await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        let body = String::from_utf8_lossy(&body).trim().to_owned();
        if status == StatusCode::OK { Ok(body) } else { Err(format!("{status} {body}")) }
    };
    tokio::time::timeout(PATIENCE, exchange).await.map_err(|_| "no answer".to_owned())?
}

/// Waits until something is so.
pub async fn until(what: &str, so: impl AsyncFn() -> bool) {
    until_asked(what, LOOK_AGAIN, so).await;
}

/// Waits until something is so, and asks no more often than this.
pub async fn until_asked(what: &str, every: Duration, so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        tokio::time::sleep(every).await;
    }
}
