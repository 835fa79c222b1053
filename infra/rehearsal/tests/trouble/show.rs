//! One sample service under traffic with the witness watching, for tests that do things to it.

use anyhow::Context as _;
use rehearsal::binaries::Binaries;
use rehearsal::scenario::{Observation, Observed};
use rehearsal::stage::{Image, Pace, Sample, Setting, Stage};
use rehearsal::story::{Story, stories, until_over};
use rehearsal::witness::{LedgerSeen, read_ledger};
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};

/// As many at a time as leave the traffic generator room to keep its schedule.
static TURNS: Semaphore = Semaphore::const_new(4);
static BINARIES: OnceLock<Binaries> = OnceLock::new();
/// Requests a second.
const RATE: f64 = 60.0;
const SEED: u64 = 5;
/// The longest that anything may take.
const DEADLINE: Duration = Duration::from_secs(180);
/// How often waiting looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// So many of the last lines of each log are told when something does not end.
const LAST_LINES: usize = 5;
/// How long users come before and after.
const AROUND: Duration = Duration::from_secs(1);

/// Which sample service.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Rolling,
    Pair,
}

pub struct Show {
    pub stage: Arc<Stage>,
    pub sample: Sample,
    observation: Observation,
    _turn: SemaphorePermit<'static>,
}

impl Show {
    pub async fn begin(kind: Kind, tags: &[(&str, &str)]) -> Self {
        Self::begin_with(kind, tags, |_| {}).await
    }

    /// The same on a stage that is set otherwise.
    pub async fn begin_with(kind: Kind, tags: &[(&str, &str)], otherwise: impl FnOnce(&mut Setting)) -> Self {
        let turn = TURNS.acquire().await.expect("never closed");
        let binaries = BINARIES.get_or_init(|| Binaries::build().expect("the functions build"));
        let usual = [
            ("image-tag", "v@"),
            ("steps", "20 100"),
            ("bake", "2s"),
            ("healthy-checks", "2"),
            ("minimum-requests", "5"),
        ];
        let tags: BTreeMap<String, String> =
            usual.iter().chain(tags).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let mut setting = Setting {
            seed: SEED,
            tasks: 2,
            pair: kind == Kind::Pair,
            rolling: u16::from(kind == Kind::Rolling),
            tags,
            pace: Pace::BRISK,
            ..Setting::default()
        };
        otherwise(&mut setting);
        let stage = Arc::new(Stage::set(binaries, &setting).await.expect("the stage is set"));
        let sample = stage.samples[0].clone();
        let observation = Observation::begin(&stage, &sample, RATE, SEED).await.expect("users come");
        tokio::time::sleep(AROUND).await;
        Self { stage, sample, observation, _turn: turn }
    }

    /// Pushes a version of the sample application; its digest.
    pub async fn push(&self, version: &str, options: &[&str]) -> String {
        let image = Image::sample(&self.stage.binaries, version, options);
        self.stage.push(&self.sample.repository, version, &image).await.expect("it is pushed")
    }

    /// Starts an execution for the service, as an operator does.
    pub async fn start(&self, mut input: Value) -> String {
        input["service"] = Value::String(self.sample.service.to_string());
        let machine = self.stage.state_machine().expect("there is one");
        let start = json!({"stateMachineArn": machine, "input": input.to_string()});
        let started = self.call(Service::StepFunctions, "StartExecution", start).await;
        started["executionArn"].as_str().expect("an ARN").to_owned()
    }

    pub async fn call(&self, service: Service, operation: &str, input: Value) -> Value {
        self.stage.call(service, operation, input).await.unwrap_or_else(|error| panic!("{error:#}"))
    }

    /// Gives the members of a pair these weights, as an operator does.
    pub async fn weigh(&self, weights: [u32; 2]) {
        self.stage.weigh(&self.sample, weights).await.expect("they are written");
    }

    pub async fn ledger(&self) -> LedgerSeen {
        read_ledger(&self.stage, &self.sample.service).await
    }

    /// Whether a note in a deployment's timeline says so.
    pub async fn noted(&self, words: &str) -> bool {
        let service = json!({":service": {"S": self.sample.service.to_string()}});
        let query = json!({
            "TableName": self.stage.table().expect("there is one"), "ConsistentRead": true,
            "KeyConditionExpression": "service = :service", "ExpressionAttributeValues": service,
        });
        let found = self.call(Service::DynamoDb, "Query", query).await;
        let items = found["Items"].as_array().expect("a list").iter();
        items.filter_map(|item| item.get("timeline")).any(|timeline| timeline.to_string().contains(words))
    }

    /// The alarms that are raised, by what the template calls them.
    pub async fn alarms(&self) -> Vec<String> {
        let raised = self.call(Service::CloudWatch, "DescribeAlarms", json!({"StateValue": "ALARM"})).await;
        let names: Vec<&str> = (raised["MetricAlarms"].as_array().expect("a list").iter())
            .filter_map(|alarm| alarm["AlarmName"].as_str())
            .collect();
        let ours = self.stage.cloud.stack().alarms.iter();
        ours.filter(|alarm| names.contains(&alarm.name.as_str()))
            .map(|alarm| alarm.logical_id.clone())
            .collect()
    }

    /// Waits until a deployment that ended so is counted, and the alarms have been evaluated after that.
    pub async fn evaluated(&self, outcome: &str) {
        let stack = self.stage.cloud.stack();
        let ended = [("Stack", stack.name.as_str()), ("Outcome", outcome)];
        let counted = async || self.measured("Changeover", "Deployments", &ended).await.is_some();
        self.until("it is counted", counted).await;
        // What queues hold is measured with each evaluation.
        let now = jiff::Timestamp::now().as_second();
        let queue = [("QueueName", stack.queues.first().expect("the template has a queue").name.as_str())];
        let after = async || {
            let last = self.measured("AWS/SQS", "ApproximateNumberOfMessagesVisible", &queue).await;
            last.is_some_and(|last| last > now)
        };
        self.until("the alarms are evaluated", after).await;
    }

    /// When a metric was measured last, in seconds since 1970.
    async fn measured(&self, namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Option<i64> {
        let now = jiff::Timestamp::now().as_second();
        let dimensions: Vec<Value> =
            dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        let input = json!({
            "Namespace": namespace, "MetricName": name, "Dimensions": dimensions, "Period": 1,
            "StartTime": now - 600, "EndTime": now + 1, "Statistics": ["SampleCount"],
        });
        let found = self.call(Service::CloudWatch, "GetMetricStatistics", input).await;
        let points = found["Datapoints"].as_array().expect("a list").iter();
        points.filter_map(|point| point["Timestamp"].as_i64()).max()
    }

    /// The execution that runs: there is one.
    pub async fn running(&self) -> String {
        let stories = self.stories().await;
        let mut running = stories.iter().filter(|story| story.status == "RUNNING");
        let one = running.next().expect("one runs").arn.clone();
        assert!(running.next().is_none(), "two run");
        one
    }

    /// Stops the execution that runs; which it was.
    pub async fn stop(&self) -> String {
        let running = self.running().await;
        self.call(Service::StepFunctions, "StopExecution", json!({"executionArn": running})).await;
        running
    }

    pub async fn stories(&self) -> Vec<Story> {
        stories(&self.stage).await.expect("Step Functions answers")
    }

    /// Waits until an execution that runs is in a state for the `nth` time, from one on.
    pub async fn reached(&self, state: &str, nth: usize) {
        let there = async || {
            self.stories().await.iter().any(|story| {
                let times = story.visits.iter().filter(|visit| visit.state == state).count();
                story.status == "RUNNING" && times >= nth
            })
        };
        self.until(&format!("an execution comes to {state}"), there).await;
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        let began = Instant::now();
        while !so().await {
            assert!(began.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until at least so many executions are over and nobody holds the service.
    pub async fn rests(&self, executions: usize) {
        let over = until_over(&self.stage, executions, DEADLINE, async |_| {}).await;
        if over.is_err() {
            eprintln!("{:#?}", self.stories().await);
            for group in &self.stage.cloud.stack().log_groups {
                let input = json!({"logGroupName": group.name});
                let told = self.stage.call(Service::Logs, "FilterLogEvents", input).await.unwrap_or_default();
                let events = told["events"].as_array().cloned().unwrap_or_default();
                for event in events.iter().rev().take(LAST_LINES).rev() {
                    eprintln!("{}: {}", group.name, event["message"].as_str().unwrap_or_default().trim());
                }
            }
        }
        over.context("it does not come to rest").unwrap_or_else(|error| panic!("{error:#}"));
        let free = async || self.ledger().await.holder.is_none();
        self.until("the service is free", free).await;
    }

    /// Takes everything down and tells what was seen; that everything is at rest is judged if it should be.
    pub async fn end(self, is_at_rest: bool) -> Observed {
        tokio::time::sleep(AROUND).await;
        let observed = self.observation.end(is_at_rest).await;
        self.stage.strike().await;
        observed.expect("the witness has seen it")
    }
}

/// How each deployment on record ended, with the digest that it was to bring.
pub fn ends(observed: &Observed) -> Vec<(&str, &str)> {
    observed
        .ledger
        .deployments
        .iter()
        .map(|one| (one.outcome.as_deref().unwrap_or_default(), one.digest.as_deref().unwrap_or_default()))
        .collect()
}

/// Why the last deployment ended as it did.
pub fn last_reason(observed: &Observed) -> &str {
    observed.ledger.deployments.last().and_then(|one| one.reason.as_deref()).unwrap_or_default()
}

/// Nobody noticed, and every invariant held.
pub fn nothing_broke(observed: &Observed) {
    let summary = &observed.record.summary;
    assert!(summary.totals.total > 100, "hardly anybody came: {}", summary.totals.total);
    assert_eq!(summary.totals.failed, 0, "{:?}", summary.failures.first());
    let broken: Vec<String> =
        observed.breaches.sentences().map(|(number, one)| format!("invariant {number}: {one}")).collect();
    assert_eq!(broken, [""; 0]);
}
