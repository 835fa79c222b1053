//! The service: functions by name, and everyone's way in.

use crate::failure::{Failure, InvokeError, Refusal};
use crate::fault::{FaultRule, Faults};
use crate::function::{Config, Function};
use crate::invoke::invoke;
use crate::logs::{LogLine, LogSink, Logs};
use crate::pool::Pool;
use crate::record::{Ended, EndedSink, Record};
use bytes::Bytes;
use parking_lot::Mutex;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Invocations kept on record; the oldest go first.
const MAX_RECORDS: usize = 65_536;

/// Gets every event that was given up, with the function that could not deal with it.
pub type DeadLetterSink = Arc<dyn Fn(&Function, &Bytes) + Send + Sync>;

/// AWS Lambda in miniature. Cheap to clone; when the last clone is dropped, every process is killed.
#[derive(Clone)]
pub struct Lambda {
    pub(crate) inner: Arc<Inner>,
    /// Cancels what runs when the last handle goes: invocations keep `inner` alive, but not this.
    _guard: Arc<DropGuard>,
}

/// What handles and running invocations share.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) pools: Mutex<BTreeMap<String, Pool>>,
    pub(crate) tags: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) logs: Arc<Logs>,
    dead_letters: Mutex<Option<DeadLetterSink>>,
    ended: Mutex<Option<EndedSink>>,
    pub(crate) stop: CancellationToken,
    pub(crate) running: TaskTracker,
    records: Mutex<VecDeque<Record>>,
}

impl Lambda {
    /// A Lambda without functions.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let stop = CancellationToken::new();
        let guard = Arc::new(stop.clone().drop_guard());
        let inner = Inner {
            config,
            pools: Mutex::default(),
            tags: Mutex::default(),
            faults: Mutex::default(),
            logs: Arc::default(),
            dead_letters: Mutex::default(),
            ended: Mutex::default(),
            stop,
            running: TaskTracker::new(),
            records: Mutex::default(),
        };
        Self { inner: Arc::new(inner), _guard: guard }
    }

    /// Whether functions are called here instead of started as processes.
    #[must_use]
    pub fn is_linked(&self) -> bool {
        self.inner.config.code.is_some()
    }

    /// Deploys a function, in place of one of the same name: idle environments of that one end at once,
    /// busy ones with their invocation.
    pub fn deploy(&self, function: Function) {
        let name = function.name.clone();
        let pool = Pool::new(function, self.inner.config.max_environments);
        let before = self.inner.pools.lock().insert(name, pool);
        drop(before);
    }

    /// Invokes a function and awaits its answer. The invocation goes on if the caller stops waiting, as
    /// one in AWS does.
    pub async fn invoke(&self, name_or_arn: &str, payload: Bytes) -> Result<Bytes, InvokeError> {
        self.run(name_or_arn, payload).await.map_err(|failure| failure.for_step_functions())
    }

    pub(crate) async fn run(&self, name_or_arn: &str, payload: Bytes) -> Result<Bytes, Failure> {
        if self.inner.stop.is_cancelled() {
            return Err(Failure::Refused(Refusal::Unavailable));
        }
        let task = measured(self.inner.clone(), name_or_arn.to_owned(), payload);
        match self.inner.running.spawn(task).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Failure::Refused(Refusal::Unavailable)),
        }
    }

    /// Spoils invocations to come.
    pub fn inject(&self, rule: FaultRule) {
        self.inner.faults.lock().add(rule);
    }

    /// How many invocations of a function were spoiled so far.
    #[must_use]
    pub fn spoiled(&self, function: &str) -> u64 {
        self.inner.faults.lock().spoiled(function)
    }

    /// Forgets every fault that was injected.
    pub fn clear_faults(&self) {
        self.inner.faults.lock().clear();
    }

    /// The latest lines of a function's log, oldest first.
    #[must_use]
    pub fn logs(&self, name: &str) -> Vec<LogLine> {
        self.inner.logs.of(name)
    }

    /// Sends every log line somewhere as it is read.
    pub fn set_log_sink(&self, sink: LogSink) {
        self.inner.logs.set_sink(sink);
    }

    /// Says who keeps the events of asynchronous invocations that failed once too often; without, they are lost.
    pub fn set_dead_letter_sink(&self, sink: DeadLetterSink) {
        *self.inner.dead_letters.lock() = Some(sink);
    }

    /// Tells somewhere how every invocation ends, as it does.
    pub fn set_ended_sink(&self, sink: EndedSink) {
        *self.inner.ended.lock() = Some(sink);
    }

    /// The latest finished invocations, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.inner.records.lock().iter().cloned().collect()
    }

    /// Kills every process and waits until all are gone. Later invocations are refused.
    pub async fn shutdown(&self) {
        self.inner.stop.cancel();
        self.inner.running.close();
        self.inner.running.wait().await;
        let idle: Vec<_> = self.inner.pools.lock().values_mut().flat_map(Pool::drain).collect();
        for mut environment in idle {
            environment.kill().await;
        }
    }
}

/// Runs an invocation and tells how it ended.
pub(crate) async fn measured(inner: Arc<Inner>, name: String, payload: Bytes) -> Result<Bytes, Failure> {
    let outcome = invoke(inner.clone(), name.clone(), payload).await;
    inner.tell(&name, &outcome);
    outcome
}

impl Inner {
    /// The function of that name, ARN, or partial ARN, with or without a qualifier.
    pub(crate) fn resolve(&self, name_or_arn: &str) -> Result<Arc<Function>, Refusal> {
        let name = match name_or_arn.split_once(":function:") {
            Some((_, rest)) => rest,
            None => name_or_arn,
        };
        let name = name.split(':').next().unwrap_or_default();
        let pools = self.pools.lock();
        pools.get(name).map(|pool| pool.function.clone()).ok_or_else(|| {
            let Config { account, region, .. } = &self.config;
            let arn = format!("arn:aws:lambda:{region}:{account}:function:{name}");
            Refusal::NotFound(arn)
        })
    }

    /// Hands on an event that no more tries are made with.
    pub(crate) fn bury(&self, name: &str, event: &Bytes) {
        let sink = self.dead_letters.lock().clone();
        if let (Some(sink), Ok(function)) = (sink, self.resolve(name)) {
            sink(&function, event);
        }
    }

    /// Tells how an invocation ended. What Lambda refuses for another reason than too many is no invocation.
    fn tell(&self, name: &str, outcome: &Result<Bytes, Failure>) {
        let ended = match outcome {
            Ok(_) => Ended::Answered,
            Err(Failure::Refused(Refusal::Throttled)) => Ended::Throttled,
            Err(Failure::Refused(_)) => return,
            Err(_) => Ended::Failed,
        };
        let sink = self.ended.lock().clone();
        if let (Some(sink), Ok(function)) = (sink, self.resolve(name)) {
            sink(&function, ended);
        }
    }

    pub(crate) fn record(&self, record: Record) {
        let mut records = self.records.lock();
        if records.len() == MAX_RECORDS {
            records.pop_front();
        }
        records.push_back(record);
    }
}
