//! The API: state machines and executions in AWS's own shapes.

mod executions;
mod input;
mod machines;
mod record;
mod redrive;
mod versions;

use crate::execution::{Ended, Run};
use crate::history::{Follows, Notice};
use crate::{Chance, Config, EventSink, Failure, Invoke};
use input::unknown;
use parking_lot::Mutex;
use record::{Deployed, Execution, Status};
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// So many events a watcher may be behind before it misses some.
const WATCHER_LAG: usize = 4_096;

/// Step Functions in miniature. Clones share one; when the last is dropped, every execution ends.
#[derive(Clone)]
pub struct StepFunctions {
    inner: Arc<Inner>,
    _last: Arc<LastHandle>,
}

struct Inner {
    config: Config,
    invoke: Arc<dyn Invoke>,
    sink: EventSink,
    chance: Chance,
    state: Mutex<State>,
    watchers: broadcast::Sender<Notice>,
    running: TaskTracker,
    shutdown: CancellationToken,
}

#[derive(Default)]
struct State {
    machines: BTreeMap<String, Deployed>,
    /// By ARN.
    executions: BTreeMap<String, Execution>,
    /// Grows with each execution: their order.
    count: u64,
}

struct LastHandle(CancellationToken);

impl Drop for LastHandle {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl StepFunctions {
    /// A Step Functions without state machines. Needs a tokio runtime with time.
    pub fn new(config: Config, invoke: Arc<dyn Invoke>, sink: EventSink) -> Self {
        let shutdown = CancellationToken::new();
        let inner = Inner {
            chance: Chance::new(config.seed),
            config,
            invoke,
            sink,
            state: Mutex::default(),
            watchers: broadcast::Sender::new(WATCHER_LAG),
            running: TaskTracker::new(),
            shutdown: shutdown.clone(),
        };
        Self { inner: Arc::new(inner), _last: Arc::new(LastHandle(shutdown)) }
    }

    /// Answers an API call.
    ///
    /// # Errors
    /// What AWS would answer.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let inner = &self.inner;
        match operation {
            "CreateStateMachine" => inner.create_state_machine(&input),
            "UpdateStateMachine" => inner.update_state_machine(&input),
            "DescribeStateMachine" => inner.describe_state_machine(&input),
            "DescribeStateMachineForExecution" => inner.describe_for_execution(&input),
            "ListStateMachines" => inner.list_state_machines(&input),
            "DeleteStateMachine" => inner.delete_state_machine(&input),
            "ValidateStateMachineDefinition" => Inner::validate(&input),
            "PublishStateMachineVersion" => inner.publish_version(&input),
            "ListStateMachineVersions" => inner.list_versions(&input),
            "DeleteStateMachineVersion" => inner.delete_version(&input),
            "StartExecution" => inner.start_execution(&input),
            "StopExecution" => inner.stop_execution(&input),
            "RedriveExecution" => inner.redrive_execution(&input),
            "DescribeExecution" => inner.describe_execution(&input),
            "ListExecutions" => inner.list_executions(&input),
            "GetExecutionHistory" => inner.execution_history(&input),
            "TagResource" => inner.tag(&input),
            "UntagResource" => inner.untag(&input),
            "ListTagsForResource" => inner.list_tags(&input),
            other => Err(unknown(other)),
        }
    }

    /// Every event of every execution from now on, as it happens. A watcher that is too slow is told how many it
    /// missed; the history has them all.
    pub fn subscribe(&self) -> broadcast::Receiver<Notice> {
        self.inner.watchers.subscribe()
    }

    /// State transitions of an execution so far, as AWS bills them: every state entered, every retry, every redrive.
    pub fn transitions(&self, execution_arn: &str) -> u64 {
        let state = self.inner.state.lock();
        let Some(execution) = state.executions.get(execution_arn) else { return 0 };
        let (mut count, mut tries) = (0, 0);
        for event in execution.history.lock().events() {
            match event["type"].as_str().unwrap_or_default() {
                "ExecutionRedriven" => (count, tries) = (count + 1, 0),
                kind if kind.ends_with("StateEntered") => (count, tries) = (count + 1, 0),
                "TaskScheduled" => {
                    tries += 1;
                    count += u64::from(tries > 1);
                }
                _ => {}
            }
        }
        count
    }

    /// Ends every execution at once, without a word, and waits until none is left.
    pub async fn shutdown(&self) {
        self.inner.shutdown.cancel();
        self.inner.running.close();
        self.inner.running.wait().await;
    }
}

impl Inner {
    /// Lets an execution run in the background.
    fn spawn(self: &Arc<Self>, run: Run) {
        let (timeout, stop) = (run.machine.timeout, run.stop.clone());
        let this = Arc::clone(self);
        let shutdown = self.shutdown.clone();
        self.running.spawn(async move {
            let bounded = async {
                match timeout {
                    None => Some(run.run().await),
                    Some(seconds) => tokio::time::timeout(Duration::from_secs(seconds), run.run()).await.ok(),
                }
            };
            tokio::select! {
                biased;
                // Stopped: whoever stopped it has said so.
                () = stop.cancelled() => {}
                () = shutdown.cancelled() => {}
                ended = bounded => this.settle(&run.arn, ended),
            }
        });
    }

    /// Writes down how an execution ended; none if it took too long.
    fn settle(&self, arn: &str, ended: Option<Ended>) {
        match ended {
            Some(Ended::Succeeded(output)) => {
                self.end(arn, Status::Succeeded, Some(output), None, Follows::Last);
            }
            Some(Ended::Failed(failure, follows)) => {
                self.end(arn, Status::Failed, None, Some(failure), follows);
            }
            None => self.end(arn, Status::TimedOut, None, None, Follows::Nothing),
        }
    }

    /// The only way an execution ends. What has ended stays as it is.
    fn end(
        &self,
        arn: &str,
        status: Status,
        output: Option<Value>,
        failure: Option<Failure>,
        follows: Follows,
    ) {
        let envelope = {
            let mut state = self.state.lock();
            let Some(execution) = state.executions.get_mut(arn).filter(|one| one.status == Status::Running)
            else {
                return;
            };
            execution.end(status, output, failure, follows);
            execution.envelope(&self.config, &self.chance.uuid())
        };
        (self.sink)(envelope);
    }
}
