//! Kills every task's process group when this process ends in whatever way, SIGKILL included.
//!
//! A shell in a group of its own holds the reading end of a pipe. It is told which groups exist; when the
//! pipe closes, because we closed it or because we are gone, it kills those that are left.

use nix::unistd::Pid;
use parking_lot::Mutex;
use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdin, Command, Stdio};

const SCRIPT: &str = r#"
trap '' HUP INT TERM
groups=' '
while read -r verb group; do
    case $verb in
        add) groups="$groups$group " ;;
        gone) groups="${groups%% $group *} ${groups#* $group }" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
"#;

/// The shell that outlives us.
pub(crate) struct Watchdog(Mutex<Option<(Child, ChildStdin)>>);

impl Watchdog {
    /// Starts it. Where there is no shell, tasks still die with their futures, but not with a SIGKILL of ours.
    pub(crate) fn start() -> Self {
        let shell = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut shell = match shell {
            Ok(shell) => shell,
            Err(error) => {
                tracing::warn!(%error, "no shell to clean up after a kill");
                return Self(Mutex::new(None));
            }
        };
        let pipe = shell.stdin.take();
        Self(Mutex::new(pipe.map(|pipe| (shell, pipe))))
    }

    /// None: there are no processes.
    pub(crate) fn none() -> Self {
        Self(Mutex::new(None))
    }

    pub(crate) fn add(&self, group: Pid) {
        self.tell("add", group);
    }

    pub(crate) fn gone(&self, group: Pid) {
        self.tell("gone", group);
    }

    fn tell(&self, verb: &str, group: Pid) {
        if let Some((_, pipe)) = self.0.lock().as_mut()
            && let Err(error) = pipe.write_all(format!("{verb} {group}\n").as_bytes())
        {
            tracing::warn!(%error, "the watchdog does not listen");
        }
    }

    /// Lets it kill what is left, and waits for its end.
    pub(crate) fn end(&self) {
        if let Some((mut shell, pipe)) = self.0.lock().take() {
            drop(pipe);
            // An error means that it has gone already.
            let _ = shell.wait();
        }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.end();
    }
}
