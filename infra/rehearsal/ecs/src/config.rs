//! How this ECS behaves: who it is, how quick it is, and what it has to give.

use crate::container::Containers;
use std::sync::Arc;
use std::time::Duration;

/// How long AWS lets a task run that nothing checks, until it counts.
pub const UNCHECKED: Duration = Duration::from_secs(40);

/// How long AWS's managed scaling wants to see that less is enough: 15 minutes.
pub const SCALE_IN: Duration = Duration::from_secs(15 * 60);

/// Settings of one rehearsed ECS. `Config::default()` is quick but otherwise like AWS.
#[derive(Debug, Clone)]
pub struct Config {
    /// Account id in every ARN.
    pub account: String,
    /// Region in every ARN.
    pub region: String,
    /// Seeds ids and lags; the same seed and the same calls give the same ids.
    pub seed: u64,
    /// How often the scheduler looks at each service, and how often a draining target is asked after.
    pub tick: Duration,
    /// How long each stage of a task's life takes.
    pub lags: Lags,
    /// What a container without `stopTimeout` gets between SIGTERM and SIGKILL.
    pub stop_timeout: Duration,
    /// What the ceiling of a rolling deployment counts.
    pub ceiling: CeilingCounts,
    /// How long a task of a service without any health check is RUNNING until it counts: 40 s in AWS.
    pub unchecked: Duration,
    /// Wait after the first launch that did not reach RUNNING; doubles with every round of failures.
    pub launch_backoff: Duration,
    /// The longest wait between launches.
    pub launch_backoff_most: Duration,
    /// Wait after a task found no place.
    pub placement_retry: Duration,
    /// How long an instance has been idle before managed scaling ends it: 15 minutes in AWS.
    pub scale_in: Duration,
    /// Quota of concurrently running Fargate vCPUs; `None` has no end.
    pub fargate_vcpus: Option<u32>,
    /// What runs containers in place of processes of their commands.
    pub containers: Option<Arc<dyn Containers>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            seed: 1,
            tick: Duration::from_millis(100),
            lags: Lags::default(),
            stop_timeout: Duration::from_secs(30),
            ceiling: CeilingCounts::RunningAndPending,
            // As much shorter as a rehearsal's minutes are.
            unchecked: UNCHECKED / 60,
            launch_backoff: Duration::from_millis(500),
            launch_backoff_most: Duration::from_secs(27 * 60),
            placement_retry: Duration::from_secs(1),
            // As much shorter as a rehearsal's minutes are.
            scale_in: SCALE_IN / 60,
            fargate_vcpus: None,
            containers: None,
        }
    }
}

/// What counts against `maximumPercent`; AWS's API model and its guide disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CeilingCounts {
    /// RUNNING and PENDING tasks, as the API model says.
    RunningAndPending,
    /// STOPPING tasks too, as the developer guide says.
    StoppingToo,
}

/// A time drawn anew for every task, between two bounds.
#[derive(Debug, Clone, Copy)]
pub struct Lag {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

impl Lag {
    /// Between so many milliseconds.
    pub const fn millis(least: u64, most: u64) -> Self {
        Self { least: Duration::from_millis(least), most: Duration::from_millis(most) }
    }
}

/// How long the stages of a task's life take, beyond what its processes and targets need.
#[derive(Debug, Clone, Copy)]
pub struct Lags {
    /// PROVISIONING.
    pub provision: Lag,
    /// PENDING: the pull of the image.
    pub pull: Lag,
    /// ACTIVATING: from the start of the processes to RUNNING.
    pub start: Lag,
    /// DEPROVISIONING.
    pub deprovision: Lag,
}

impl Default for Lags {
    fn default() -> Self {
        Self {
            provision: Lag::millis(20, 80),
            pull: Lag::millis(50, 200),
            start: Lag::millis(50, 150),
            deprovision: Lag::millis(20, 80),
        }
    }
}
