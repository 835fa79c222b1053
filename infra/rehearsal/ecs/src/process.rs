//! One container's process and everything it started, in a group of its own.

use crate::logs::{Ring, follow};
use crate::watchdog::Watchdog;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use tokio::process::{Child, Command};
use tokio::sync::watch;

/// What a container gets of our own environment: enough to find programs, nothing secret.
const INHERITED: [&str; 4] = ["PATH", "HOME", "LANG", "TMPDIR"];

/// A started process. Dropping it kills its group.
#[derive(Debug)]
pub(crate) struct Process {
    pid: Pid,
    exit: watch::Receiver<Option<i32>>,
}

impl Process {
    /// Starts a command with exactly this environment beside [`INHERITED`].
    pub(crate) fn start(
        command: &[String],
        environment: &[(String, String)],
        lines: &Arc<Ring>,
        watchdog: &Arc<Watchdog>,
    ) -> std::io::Result<Self> {
        let (program, arguments) =
            command.split_first().ok_or_else(|| std::io::Error::other("no command specified"))?;
        let inherited = INHERITED.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(inherited)
            .envs(environment.iter().cloned())
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).map(Pid::from_raw);
        let pid = pid.ok_or_else(|| std::io::Error::other("the process ended before it had an id"))?;
        watchdog.add(pid);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(follow(stdout, lines.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(follow(stderr, lines.clone()));
        }
        let (tell, exit) = watch::channel(None);
        tokio::spawn(reap(child, pid, tell, watchdog.clone()));
        Ok(Self { pid, exit })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// The exit code, if it has exited.
    pub(crate) fn exited(&self) -> Option<i32> {
        *self.exit.borrow()
    }

    /// Where the exit code will be.
    pub(crate) fn exit(&self) -> watch::Receiver<Option<i32>> {
        self.exit.clone()
    }

    /// Asks the process itself, as a container runtime asks only its first process.
    pub(crate) fn terminate(&self) {
        if self.exited().is_none() {
            // ESRCH: it has just exited, which is what was wanted.
            let _ = kill(self.pid, Signal::SIGTERM);
        }
    }

    /// Kills the whole group.
    pub(crate) fn kill(&self) {
        if self.exited().is_none() {
            let _ = killpg(self.pid, Signal::SIGKILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits for the process, then ends whatever it left behind, as the end of a container does.
async fn reap(mut child: Child, pid: Pid, tell: watch::Sender<Option<i32>>, watchdog: Arc<Watchdog>) {
    let code = match child.wait().await {
        Ok(status) => exit_code(status),
        Err(error) => {
            tracing::warn!(%pid, %error, "waiting for a task's process failed");
            128 + Signal::SIGKILL as i32
        }
    };
    let _ = killpg(pid, Signal::SIGKILL);
    watchdog.gone(pid);
    tell.send_replace(Some(code));
}

/// As container runtimes report it: a signal is 128 and its number.
fn exit_code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(255)
}
