//! What a scenario looks like at one moment.

use crate::report::Moment;

/// Everything that the live view shows. Plain figures: whoever makes a frame has a clock, the view has none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Frame {
    /// The scenario's name.
    pub scenario: String,
    /// How long its traffic has been running.
    pub elapsed_ms: u64,
    /// The state that the deployment is in; empty before it begins.
    pub state: String,
    /// What is worth saying of it.
    pub note: String,
    /// The sides of a pair, or the one service that is rolled.
    pub sides: Vec<Side>,
    /// Requests that ended in the last second.
    pub rate: f64,
    /// Requests sent and not over.
    pub in_flight: usize,
    /// Requests so far.
    pub total: u64,
    /// How many of them failed.
    pub failed: u64,
    /// What has happened so far, in order. Those not shown before become lines above the live view.
    pub moments: Vec<Moment>,
}

/// One side.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// `blue`, `green`, or the service's name.
    pub name: String,
    /// The version that it runs, if that is known.
    pub version: Option<String>,
    /// Its share of a hundred.
    pub weight: u32,
    /// Targets that the load balancer holds for healthy.
    pub healthy: u32,
    /// Tasks that run.
    pub running: u32,
}
