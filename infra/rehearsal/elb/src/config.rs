//! What a caller may choose about a miniature load balancing service.

use std::time::Duration;

/// Shortest and longest time a change takes to reach a node; drawn anew for each node and change.
pub type Lag = (Duration, Duration);

/// AWS's shortest health check interval.
const AWS_INTERVAL_FLOOR: Duration = Duration::from_secs(5);

/// Settings of one [`crate::Elb`].
#[derive(Debug, Clone)]
pub struct Config {
    /// Account id in ARNs.
    pub account: String,
    /// Region in ARNs.
    pub region: String,
    /// Where every random choice starts, so that a run can be repeated.
    pub seed: u64,
    /// Balancer nodes; each has its own view of rules and targets. At least one.
    pub nodes: usize,
    /// How late a node learns of rules, their weights and actions.
    pub weight_lag: Lag,
    /// How late a node learns that a target is new, healthy or unhealthy.
    pub target_lag: Lag,
    /// How late a node learns that a target is draining: until then it gets new requests.
    pub draining_lag: Lag,
    /// How late a node hears that a target closed an idle connection: a request that it sends over it meanwhile is
    /// answered 502. In AWS it is the network's time, about a millisecond; longer here, so that minutes show what days
    /// would.
    pub close_lag: Lag,
    /// The shortest health check interval that is accepted. AWS's 5 s; only tests go lower.
    pub health_check_interval_floor: Duration,
    /// How many seconds of metrics are kept.
    pub metrics_history: Duration,
    /// How long a connection to a target may take to be established.
    pub connect_timeout: Duration,
    /// How long `shutdown` waits for requests in flight before it closes their connections.
    pub shutdown_grace: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            seed: 0,
            nodes: 3,
            weight_lag: (Duration::from_millis(200), Duration::from_millis(2_500)),
            target_lag: (Duration::from_millis(100), Duration::from_millis(1_500)),
            draining_lag: (Duration::ZERO, Duration::from_secs(3)),
            close_lag: (Duration::ZERO, Duration::from_millis(250)),
            health_check_interval_floor: AWS_INTERVAL_FLOOR,
            metrics_history: Duration::from_secs(3_600),
            connect_timeout: Duration::from_secs(10),
            shutdown_grace: Duration::from_secs(5),
        }
    }
}

impl Config {
    /// The same with every change reaching every node at once: for tests of anything but lag.
    #[must_use]
    pub fn without_lag(mut self) -> Self {
        self.weight_lag = (Duration::ZERO, Duration::ZERO);
        self.target_lag = (Duration::ZERO, Duration::ZERO);
        self.draining_lag = (Duration::ZERO, Duration::ZERO);
        self.close_lag = (Duration::ZERO, Duration::ZERO);
        self
    }
}
