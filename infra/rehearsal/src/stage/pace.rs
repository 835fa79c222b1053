//! How quick the load balancers of a stage are: as AWS allows at most, or brisker where many deployments are to be
//! seen in little time.

use rehearsal_elb::Config;
use std::time::Duration;

/// How quick health checks, drains and load balancer nodes are, and how long functions may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two health checks of a target.
    pub check_interval_seconds: u32,
    /// How long a target drains: longer than every node takes to learn of it and the longest request takes.
    pub deregistration_delay_seconds: u32,
    /// How long a task may take from SIGTERM to its end.
    pub stop_timeout_seconds: u32,
    /// At least as long as the slowest node takes to learn of new weights.
    convergence_seconds: u32,
    function_timeout_seconds: u32,
    /// Nodes learn this many times as fast as the load balancer's own default.
    speed: u32,
}

impl Pace {
    /// AWS's shortest health check interval.
    pub const AWS: Self = Self {
        check_interval_seconds: 5,
        deregistration_delay_seconds: 5,
        stop_timeout_seconds: 10,
        convergence_seconds: 3,
        function_timeout_seconds: 10,
        speed: 1,
    };

    /// Several times as quick: the order of things is the same, the waits are shorter.
    pub const BRISK: Self = Self {
        check_interval_seconds: 1,
        // Two seconds for the longest request, the rest for a machine that many stages share.
        deregistration_delay_seconds: 4,
        stop_timeout_seconds: 5,
        convergence_seconds: 1,
        function_timeout_seconds: 4,
        speed: 4,
    };

    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let all = [
            ("ConvergenceSeconds", self.convergence_seconds),
            ("FunctionTimeoutSeconds", self.function_timeout_seconds),
        ];
        all.into_iter().map(|(name, seconds)| (name.to_owned(), seconds.to_string()))
    }

    pub(super) fn balancers(&self) -> Config {
        let usual = Config::default();
        let quicker = |(least, most): (Duration, Duration)| (least / self.speed, most / self.speed);
        Config {
            weight_lag: quicker(usual.weight_lag),
            target_lag: quicker(usual.target_lag),
            draining_lag: quicker(usual.draining_lag),
            health_check_interval_floor: Duration::from_secs(u64::from(self.check_interval_seconds)),
            ..usual
        }
    }
}
