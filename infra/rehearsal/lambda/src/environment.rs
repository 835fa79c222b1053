//! One execution environment: a process, its Runtime API, and one invocation at a time.

use crate::failure::{Failure, MAX_PAYLOAD};
use crate::fault::Fault;
use crate::function::{Config, Function};
use crate::logs::Logs;
use crate::memory;
use crate::process::Process;
use crate::runtime_api::{Answer, Event, RuntimeApi};
use crate::variables::{VERSION, variables};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a process may take from exec to its first poll, as in AWS.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A started function process. Killed with everything it started when dropped.
pub(crate) struct Environment {
    process: Process,
    api: RuntimeApi,
    pub(crate) log_stream: String,
    started: Instant,
    initialised: bool,
}

/// How one run of an environment went.
pub(crate) struct Run {
    pub(crate) outcome: Result<Bytes, Failure>,
    pub(crate) duration: Duration,
    pub(crate) init: Option<Duration>,
    pub(crate) peak_memory_kib: Option<u64>,
    /// Whether the environment can take another invocation.
    pub(crate) reusable: bool,
}

impl Environment {
    /// Starts the process; it has not polled yet.
    pub(crate) async fn start(
        config: &Config,
        function: &Function,
        logs: &Arc<Logs>,
    ) -> std::io::Result<Self> {
        let api = RuntimeApi::start().await?;
        let log_stream = log_stream();
        let variables = variables(config, function, &api.address.to_string(), &log_stream);
        let started = Instant::now();
        let process = Process::start(&function.binary, variables, logs, &function.name, &log_stream)?;
        Ok(Self { process, api, log_stream, started, initialised: false })
    }

    /// Whether the process still runs.
    pub(crate) fn alive(&mut self) -> bool {
        self.process.alive()
    }

    /// Kills the process and waits for its end.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await;
    }

    /// Takes one event through: waits for the first poll if there was none, hands it over, awaits the
    /// answer. Whatever ends the process ends the environment.
    pub(crate) async fn run(&mut self, event: Event, limit: Duration, fault: Option<Fault>) -> Run {
        let request_id = event.request_id.clone();
        let init = match self.initialise(&request_id).await {
            Ok(init) => init,
            Err(failure) => return self.finish(Err(failure), Duration::ZERO, None, true).await,
        };
        let began = Instant::now();
        let outcome = match timeout(limit, self.answer(event, fault)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::TimedOut { request_id, after: limit }),
        };
        let broken = !matches!(outcome, Ok(_) | Err(Failure::Reported(_)));
        self.finish(outcome, began.elapsed(), init, broken).await
    }

    async fn finish(
        &mut self,
        outcome: Result<Bytes, Failure>,
        duration: Duration,
        init: Option<Duration>,
        broken: bool,
    ) -> Run {
        let peak_memory_kib = memory::peak_kib(self.process.pid());
        if broken {
            self.process.kill().await;
        }
        Run { outcome, duration, init, peak_memory_kib, reusable: !broken }
    }

    /// Waits for the first poll; how long it took since exec, the first time.
    async fn initialise(&mut self, request_id: &str) -> Result<Option<Duration>, Failure> {
        if self.initialised {
            return Ok(None);
        }
        match timeout(INIT_TIMEOUT, self.told(request_id)).await {
            Err(_) => Err(Failure::TimedOut { request_id: request_id.to_owned(), after: INIT_TIMEOUT }),
            Ok(Ok(Answer::Polled)) => {
                self.initialised = true;
                Ok(Some(self.started.elapsed()))
            }
            Ok(Ok(Answer::InitError(body))) => Err(Failure::Reported(body)),
            Ok(Ok(_)) => Err(Failure::exited(request_id, "Runtime answered before it asked")),
            Ok(Err(failure)) => Err(failure),
        }
    }

    async fn answer(&mut self, event: Event, fault: Option<Fault>) -> Result<Bytes, Failure> {
        let request_id = event.request_id.clone();
        match fault {
            Some(Fault::KillBefore) => return Err(self.killed(&request_id).await),
            Some(Fault::Stall) => return std::future::pending().await,
            _ => {}
        }
        if !self.api.send(event).await {
            return Err(Failure::exited(&request_id, "Runtime exited without providing a reason"));
        }
        let answer = loop {
            match self.told(&request_id).await? {
                Answer::Polled => {}
                answer => break answer,
            }
        };
        match fault {
            Some(Fault::ActThenDie) => return Err(self.killed(&request_id).await),
            Some(Fault::ActThenStall) => return std::future::pending().await,
            _ => {}
        }
        match answer {
            Answer::Response(body) => Ok(body),
            Answer::Error(body) | Answer::InitError(body) => Err(Failure::Reported(body)),
            Answer::TooLarge | Answer::Polled => Err(Failure::Runtime {
                error_type: "Function.ResponseSizeTooLarge",
                message: format!(
                    "Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes)."
                ),
            }),
        }
    }

    async fn killed(&mut self, request_id: &str) -> Failure {
        self.process.kill().await;
        Failure::exited(request_id, "Runtime exited with error: signal: killed")
    }

    /// What the runtime tells next, or that its process has ended. An answer given just before the end counts.
    async fn told(&mut self, request_id: &str) -> Result<Answer, Failure> {
        tokio::select! {
            biased;
            Some(answer) = self.api.answer() => Ok(answer),
            how = self.process.ended() => match self.api.answered() {
                Some(answer) => Ok(answer),
                None => Err(Failure::exited(request_id, &how)),
            },
        }
    }
}

/// `2026/01/31/[$LATEST]…`, as AWS names the stream of one environment.
fn log_stream() -> String {
    let seconds = rehearsal_world::since_epoch().as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    format!("{year:04}/{month:02}/{day:02}/[{VERSION}]{}", rehearsal_world::uuid().simple())
}

/// Days since 1970 as a date of the Gregorian calendar, counting years from March so that leap days come last.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_log_streams() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_484), (2026, 1, 31));
    }
}
