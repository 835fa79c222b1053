//! One function's process and everything it may have started, killed together.

use crate::logs::{Logs, follow};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use tokio::process::{Child, Command};

/// A process in a group of its own; the group is killed when this is dropped.
pub(crate) struct Process {
    child: Child,
    pid: u32,
}

impl Process {
    /// Starts the binary with exactly these variables and follows what it prints.
    pub(crate) fn start(
        binary: &Path,
        variables: Vec<(String, String)>,
        logs: &Arc<Logs>,
        function: &str,
        stream: &str,
    ) -> std::io::Result<Self> {
        let mut command = Command::new(binary);
        command.env_clear().envs(variables).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let pid = child.id().ok_or_else(|| std::io::Error::other("the process ended before it had an id"))?;
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(follow(stdout, logs.clone(), function.to_owned(), stream.to_owned()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(follow(stderr, logs.clone(), function.to_owned(), stream.to_owned()));
        }
        Ok(Self { child, pid })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs, as far as anyone has looked.
    pub(crate) fn alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the end and says it in Lambda's words.
    pub(crate) async fn ended(&mut self) -> String {
        match self.child.wait().await {
            Ok(status) => {
                self.kill_group();
                in_words(status)
            }
            Err(error) => format!("Runtime exited with error: {error}"),
        }
    }

    /// Kills the group and waits until the process is gone.
    pub(crate) async fn kill(&mut self) {
        self.kill_group();
        // An error means there is no such child any more, which is what was wanted.
        let _ = self.child.wait().await;
    }

    fn kill_group(&self) {
        if let Ok(pid) = i32::try_from(self.pid) {
            // ESRCH: everyone of the group has gone already.
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill_group();
    }
}

fn in_words(status: ExitStatus) -> String {
    if status.success() {
        return "Runtime exited without providing a reason".to_owned();
    }
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(9)) => "Runtime exited with error: signal: killed".to_owned(),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(11)) => "Runtime exited with error: signal: segmentation fault".to_owned(),
        (None, Some(15)) => "Runtime exited with error: signal: terminated".to_owned(),
        (None, signal) => format!("Runtime exited with error: signal: {}", signal.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exits_are_told_in_lambdas_words() {
        assert_eq!(in_words(ExitStatus::from_raw(1 << 8)), "Runtime exited with error: exit status 1");
        assert_eq!(in_words(ExitStatus::from_raw(9)), "Runtime exited with error: signal: killed");
        assert_eq!(in_words(ExitStatus::from_raw(0)), "Runtime exited without providing a reason");
    }
}
