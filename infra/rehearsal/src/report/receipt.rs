//! What a deployment took: time, calls, money.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What a deployment took and cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// From the beginning of the execution to its end.
    pub wall_ms: u64,
    /// Where that time went.
    pub waiting: Waiting,
    /// The time in each state, in the order in which they were first entered.
    pub states: Vec<StateTime>,
    /// What the functions took.
    pub lambda: LambdaUse,
    /// State transitions of the state machine.
    pub transitions: u64,
    /// How often each AWS API was called, by `service:Operation`.
    pub aws_calls: BTreeMap<String, u64>,
    /// How many of those calls AWS answered with a throttling error.
    #[serde(default)]
    pub throttled: u64,
    /// How often Step Functions ran a task again after an error.
    #[serde(default)]
    pub retries: u64,
    /// What it cost at AWS's published prices.
    pub cost: Cost,
}

/// Where the time went: what a deployment must wait for, and what we added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Waiting for ECS to start tasks.
    pub ecs_ms: u64,
    /// Waiting for health checks.
    pub health_ms: u64,
    /// Baking.
    pub bake_ms: u64,
    /// Draining.
    pub drain_ms: u64,
    /// Everything else: our own.
    pub overhead_ms: u64,
}

/// The time spent in one state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTime {
    /// The state.
    pub state: String,
    /// How often it was entered.
    pub entered: u64,
    /// The time in it altogether.
    pub ms: u64,
}

/// What the functions took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LambdaUse {
    /// Invocations altogether.
    pub invocations: u64,
    /// Time from invocation to answer.
    pub ms: u64,
    /// Time from starting a process to its first poll.
    pub init_ms: u64,
    /// What AWS charges for: both, each invocation rounded up to a millisecond.
    #[serde(default)]
    pub billed_ms: u64,
    /// By function.
    pub by_function: BTreeMap<String, FunctionUse>,
}

/// What one function took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionUse {
    /// How often it was invoked.
    pub invocations: u64,
    /// Time from invocation to answer.
    pub ms: u64,
    /// Time from starting a process to its first poll.
    pub init_ms: u64,
    /// What AWS charges for: both, each invocation rounded up to a millisecond.
    #[serde(default)]
    pub billed_ms: u64,
    /// The memory it is given, which its price depends on.
    pub memory_mb: u64,
    /// The most that it held, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<u64>,
}

/// One invocation, as Lambda's REPORT line tells it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The function.
    pub function: String,
    /// From invocation to answer.
    pub duration: Duration,
    /// From starting the process to its first poll, if one had to be started.
    pub init: Option<Duration>,
    /// What AWS charges for.
    pub billed_ms: u64,
    /// The memory the function is given.
    pub memory_mb: u64,
    /// The most memory that the process has held.
    pub peak_memory_mb: Option<u64>,
}

impl LambdaUse {
    /// The sums over these functions.
    pub fn of(by_function: BTreeMap<String, FunctionUse>) -> Self {
        let sum = |part: fn(&FunctionUse) -> u64| by_function.values().map(part).sum();
        Self {
            invocations: sum(|function| function.invocations),
            ms: sum(|function| function.ms),
            init_ms: sum(|function| function.init_ms),
            billed_ms: sum(|function| function.billed_ms),
            by_function,
        }
    }

    /// The sums over these invocations. Durations are added up before they are rounded to milliseconds.
    pub fn sum(invocations: impl IntoIterator<Item = Invocation>) -> Self {
        let mut times: BTreeMap<String, (Duration, Duration)> = BTreeMap::new();
        let mut functions: BTreeMap<String, FunctionUse> = BTreeMap::new();
        for invocation in invocations {
            let (ran, began) = times.entry(invocation.function.clone()).or_default();
            *ran += invocation.duration;
            *began += invocation.init.unwrap_or_default();
            let (ms, init_ms) = (millis(*ran), millis(*began));
            let function = functions.entry(invocation.function).or_default();
            function.invocations += 1;
            (function.ms, function.init_ms) = (ms, init_ms);
            function.billed_ms += invocation.billed_ms;
            function.memory_mb = invocation.memory_mb;
            function.peak_memory_mb = function.peak_memory_mb.max(invocation.peak_memory_mb);
        }
        Self::of(functions)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// What AWS charges for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// State transitions of the state machine.
    pub transitions: u64,
    /// The functions.
    pub lambda: LambdaUse,
    /// DynamoDB write request units.
    pub dynamodb_writes: u64,
    /// DynamoDB read request units.
    pub dynamodb_reads: u64,
    /// Metrics asked for with GetMetricData.
    pub metrics: u64,
}

/// What it cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The sum.
    pub total_usd: f64,
    /// What it is made of.
    pub items: Vec<LineItem>,
}

/// One thing that AWS charges for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LineItem {
    /// What.
    pub what: String,
    /// How much of it.
    pub quantity: f64,
    /// In which unit.
    pub unit: String,
    /// The price of one unit.
    pub unit_usd: f64,
    /// The price of all.
    pub usd: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocations_add_up_by_function() {
        let one = |function: &str, micros, init: Option<u64>, billed_ms, peak| Invocation {
            function: function.to_owned(),
            duration: Duration::from_micros(micros),
            init: init.map(Duration::from_millis),
            billed_ms,
            memory_mb: 128,
            peak_memory_mb: peak,
        };
        let used = LambdaUse::sum([
            one("swap", 1_500, Some(8), 10, Some(21)),
            one("swap", 1_500, None, 2, Some(19)),
            one("plan", 40_000, Some(9), 49, None),
        ]);
        assert_eq!((used.invocations, used.ms, used.init_ms, used.billed_ms), (3, 43, 17, 61));
        let swap = &used.by_function["swap"];
        assert_eq!((swap.invocations, swap.ms, swap.billed_ms, swap.peak_memory_mb), (2, 3, 12, Some(21)));
        assert_eq!(used.by_function["plan"].peak_memory_mb, None);
    }
}
