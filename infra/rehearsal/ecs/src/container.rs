//! The seam of what runs a container: a process of its command, or something imagined in its place.

pub use crate::logs::Printed;
use crate::process::Process;
use crate::watchdog::Watchdog;
use std::fmt::Debug;
use std::io;
use std::sync::Arc;
use tokio::sync::watch;

/// What a container is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// To end, when it has finished: SIGTERM.
    Terminate,
    /// To be gone: SIGKILL.
    Kill,
}

/// Runs containers in another way than as processes.
pub trait Containers: Debug + Send + Sync {
    /// Starts a command with exactly this environment.
    ///
    /// # Errors
    /// If there is no such program.
    fn start(
        &self,
        command: &[String],
        environment: &[(String, String)],
        printed: Printed,
    ) -> io::Result<Started>;
}

/// A container that was started.
pub struct Started {
    /// Its exit code, once it has one.
    pub exit: watch::Receiver<Option<i32>>,
    /// Takes signals.
    pub signal: Box<dyn Fn(Signal) + Send + Sync>,
}

/// A container that runs. Dropping it kills it.
pub(crate) enum Running {
    Process(Process),
    Imagined(Started),
}

impl Running {
    pub(crate) fn start(
        containers: Option<&Arc<dyn Containers>>,
        command: &[String],
        environment: &[(String, String)],
        printed: Printed,
        watchdog: &Arc<Watchdog>,
    ) -> io::Result<Self> {
        match containers {
            Some(containers) => containers.start(command, environment, printed).map(Self::Imagined),
            None => Process::start(command, environment, &printed.0, watchdog).map(Self::Process),
        }
    }

    /// The process, if it is one.
    pub(crate) fn pid(&self) -> Option<u32> {
        match self {
            Self::Process(process) => Some(process.pid()),
            Self::Imagined(_) => None,
        }
    }

    /// The exit code, if it has exited.
    pub(crate) fn exited(&self) -> Option<i32> {
        match self {
            Self::Process(process) => process.exited(),
            Self::Imagined(started) => *started.exit.borrow(),
        }
    }

    /// Waits for the exit code, apart from the container itself.
    pub(crate) fn exit(&self) -> impl Future<Output = i32> + Send + use<> {
        let mut exit = match self {
            Self::Process(process) => process.exit(),
            Self::Imagined(started) => started.exit.clone(),
        };
        async move {
            // The sender is gone without a code only when the runtime itself is on its way out.
            let code = exit.wait_for(Option::is_some).await.ok().and_then(|code| *code);
            code.unwrap_or(KILLED)
        }
    }

    /// Asks it to end.
    pub(crate) fn terminate(&self) {
        match self {
            Self::Process(process) => process.terminate(),
            Self::Imagined(started) => (started.signal)(Signal::Terminate),
        }
    }

    /// Ends it.
    pub(crate) fn kill(&self) {
        match self {
            Self::Process(process) => process.kill(),
            Self::Imagined(started) => (started.signal)(Signal::Kill),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("pid", &self.pid()).field("exited", &self.exited()).finish()
    }
}

/// The exit code of what SIGKILL ended.
pub const KILLED: i32 = 128 + 9;
