//! What a deployment took: time, calls, money.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// The memory it is given, which its price depends on.
    pub memory_mb: u64,
}

impl LambdaUse {
    /// The sums over these functions.
    pub fn of(by_function: BTreeMap<String, FunctionUse>) -> Self {
        let sum = |part: fn(&FunctionUse) -> u64| by_function.values().map(part).sum();
        Self {
            invocations: sum(|function| function.invocations),
            ms: sum(|function| function.ms),
            init_ms: sum(|function| function.init_ms),
            by_function,
        }
    }
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
