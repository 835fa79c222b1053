//! One execution environment: a process, its Runtime API, and one invocation at a time.

use crate::code::{Code, Instance, Print};
use crate::failure::{Failure, MAX_PAYLOAD};
use crate::fault::Fault;
use crate::function::{Config, Function};
use crate::logs::Logs;
use crate::process::Process;
use crate::runtime_api::{Answer, Event, RuntimeApi};
use crate::variables::{VERSION, variables};
use crate::{made, memory};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// How long a process may take from exec to its first poll, as in AWS.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A started function process. Killed with everything it started when dropped.
pub(crate) struct Environment {
    runs: Runs,
    pub(crate) log_stream: String,
    started: Instant,
    initialised: bool,
}

/// What runs the function's code.
enum Runs {
    /// A process of its binary.
    Process { process: Process, api: Box<RuntimeApi> },
    /// The same code, linked.
    Linked(Box<dyn Instance>),
    /// A command for each event.
    Made { code: Option<Arc<dyn Code>>, function: Box<Function>, command: Vec<String> },
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
        let log_stream = log_stream();
        let runs = match (&function.command, &config.code) {
            (Some(command), code) => Runs::Made {
                code: code.clone(),
                function: Box::new(function.clone()),
                command: command.clone(),
            },
            (None, Some(code)) => {
                let variables = variables(config, function, "", &log_stream);
                let (logs, name, stream) = (logs.clone(), function.name.clone(), log_stream.clone());
                let print: Print = Arc::new(move |line| logs.write(&name, &stream, line.to_owned()));
                Runs::Linked(code.begin(function, &variables, print).map_err(std::io::Error::other)?)
            }
            (None, None) => {
                let api = Box::new(RuntimeApi::start().await?);
                let variables = variables(config, function, &api.location(), &log_stream);
                let process = Process::start(&function.binary, variables, logs, &function.name, &log_stream)?;
                Runs::Process { process, api }
            }
        };
        Ok(Self { runs, log_stream, started: Instant::now(), initialised: false })
    }

    /// Whether it can still be asked.
    pub(crate) fn alive(&mut self) -> bool {
        match &mut self.runs {
            Runs::Process { process, .. } => process.alive(),
            Runs::Linked(_) | Runs::Made { .. } => true,
        }
    }

    /// Kills it, and waits for its end. Linked code has ended when nobody awaits it any more.
    pub(crate) async fn kill(&mut self) {
        if let Runs::Process { process, .. } = &mut self.runs {
            process.kill().await;
        }
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
        let peak_memory_kib = match &self.runs {
            Runs::Process { process, .. } => memory::peak_kib(process.pid()),
            Runs::Linked(_) | Runs::Made { .. } => None,
        };
        if broken {
            self.kill().await;
        }
        Run { outcome, duration, init, peak_memory_kib, reusable: !broken }
    }

    /// Waits for the first poll; how long it took since exec, the first time.
    async fn initialise(&mut self, request_id: &str) -> Result<Option<Duration>, Failure> {
        if self.initialised {
            return Ok(None);
        }
        if let Runs::Made { .. } = &self.runs {
            self.initialised = true;
            return Ok(Some(self.started.elapsed()));
        }
        if let Runs::Linked(instance) = &mut self.runs {
            instance.initialise().await;
            self.initialised = true;
            return Ok(Some(self.started.elapsed()));
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
        let answer = self.ask(event).await?;
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

    /// Hands an event over and waits for what comes of it.
    async fn ask(&mut self, event: Event) -> Result<Answer, Failure> {
        let request_id = event.request_id.clone();
        let answered = |answer: Result<Bytes, Bytes>| match answer {
            Ok(body) if body.len() > MAX_PAYLOAD => Answer::TooLarge,
            Ok(body) => Answer::Response(body),
            Err(body) => Answer::Error(body),
        };
        match &mut self.runs {
            Runs::Linked(instance) => return Ok(answered(instance.answer(event.payload).await)),
            Runs::Made { code, function, command } => {
                return Ok(answered(made::answer(code.as_ref(), function, command, event.payload).await));
            }
            Runs::Process { api, .. } => {
                if !api.send(event).await {
                    return Err(Failure::exited(&request_id, "Runtime exited without providing a reason"));
                }
            }
        }
        loop {
            match self.told(&request_id).await? {
                Answer::Polled => {}
                answer => return Ok(answer),
            }
        }
    }

    async fn killed(&mut self, request_id: &str) -> Failure {
        self.kill().await;
        Failure::exited(request_id, "Runtime exited with error: signal: killed")
    }

    /// What the runtime tells next, or that its process has ended. An answer given just before the end counts.
    async fn told(&mut self, request_id: &str) -> Result<Answer, Failure> {
        let Runs::Process { process, api } = &mut self.runs else {
            return Err(Failure::exited(request_id, "linked code tells nothing but its answer"));
        };
        tokio::select! {
            biased;
            Some(answer) = api.answer() => Ok(answer),
            how = process.ended() => match api.answered() {
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
