//! How quick the load balancers of a stage are: as AWS allows at most, or brisker where many deployments are to be
//! seen in little time.

use rehearsal_elb::Config;
use std::time::Duration;

/// What a target's drain has to spare: machines where this runs stall for a second now and then.
const MARGIN: Duration = Duration::from_secs(2);

/// How quick health checks, drains and load balancer nodes are, and how long functions may take.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two health checks of a target.
    pub check_interval_seconds: u32,
    /// How long a target drains: longer than the last node takes to learn of it and [`Pace::longest_exchange`] after
    /// that. With less, rolling loses requests, as it would anywhere.
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
        // Three seconds for the last node to learn, two for the longest request, the rest for a busy machine.
        deregistration_delay_seconds: 8,
        stop_timeout_seconds: 10,
        convergence_seconds: 3,
        function_timeout_seconds: 10,
        speed: 1,
    };

    /// Several times as quick: the order of things is the same, the waits are shorter.
    pub const BRISK: Self = Self {
        check_interval_seconds: 1,
        // Not even one second for the last node, two for the longest request, the rest as above.
        deregistration_delay_seconds: 5,
        stop_timeout_seconds: 5,
        convergence_seconds: 1,
        function_timeout_seconds: 4,
        speed: 4,
    };

    /// The longest that a request or a WebSocket may last. The last one begins when the last node has not yet learned
    /// that its target drains, and ends before any load balancer would cut it off.
    pub fn longest_exchange(&self) -> Duration {
        let drains = Duration::from_secs(u64::from(self.deregistration_delay_seconds));
        drains.saturating_sub(self.balancers().draining_lag.1 + MARGIN)
    }

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

#[cfg(test)]
mod tests {
    use super::Pace;
    use rehearsal_traffic::Kind;

    #[test]
    fn a_target_drains_for_longer_than_its_last_request() {
        for pace in [Pace::AWS, Pace::BRISK] {
            for kind in [Kind::Slow, Kind::Stream] {
                assert!(kind.least_time() <= pace.longest_exchange(), "{pace:?} has no time for {kind:?}");
            }
        }
    }
}
