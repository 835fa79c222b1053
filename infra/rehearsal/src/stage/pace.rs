//! How quick the load balancers of a stage are: as AWS allows at most, or brisker where many deployments are to be
//! seen in little time.

use rehearsal_cloud::{METRICS_SPEED, MetricPace};
use rehearsal_ecs::config::{Lag, Lags};
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
    convergence_seconds: Option<u32>,
    function_timeout_seconds: Option<u32>,
    /// Nodes learn this many times as fast as the load balancer's own default.
    speed: u32,
    /// Tasks and nodes take as long as AWS's own do, and metrics come by the minute.
    by_the_minute: bool,
    /// How many times as long as in a quick rehearsal things may take until somebody gives up waiting.
    pub(crate) patience: u32,
}

/// What a quick rehearsal tells the stack: load balancers here learn within seconds, and a minute of their metrics lasts a
/// second (`METRICS_SPEED`), so nothing has to wait as long as in AWS.
const QUICK: [(&str, &str); 5] = [
    ("PollSeconds", "1"),
    ("MetricPeriodSeconds", "1"),
    ("MetricDelaySeconds", "2"),
    ("RoomPatienceSeconds", "5"),
    ("DataPatienceSeconds", "6"),
];

impl Pace {
    /// AWS's shortest health check interval.
    pub const AWS: Self = Self {
        check_interval_seconds: 5,
        // Three seconds for the last node to learn, two for the longest request, the rest for a busy machine.
        deregistration_delay_seconds: 8,
        stop_timeout_seconds: 10,
        convergence_seconds: Some(3),
        function_timeout_seconds: Some(10),
        speed: 1,
        by_the_minute: false,
        patience: 1,
    };

    /// AWS's own, with every default of the template: checks every 30 s, 300 s of deregistration, metrics of a minute,
    /// starts as on Fargate. A deployment takes a good part of an hour, so this is for imagined time.
    pub const OWN: Self = Self {
        check_interval_seconds: 30,
        deregistration_delay_seconds: 300,
        stop_timeout_seconds: 30,
        convergence_seconds: None,
        function_timeout_seconds: None,
        speed: 1,
        by_the_minute: true,
        patience: 60,
    };

    /// Several times as quick: the order of things is the same, the waits are shorter.
    pub const BRISK: Self = Self {
        check_interval_seconds: 1,
        // Not even one second for the last node, two for the longest request, the rest as above.
        deregistration_delay_seconds: 5,
        stop_timeout_seconds: 5,
        convergence_seconds: Some(1),
        function_timeout_seconds: Some(4),
        speed: 4,
        by_the_minute: false,
        patience: 1,
    };

    /// The longest that a request or a WebSocket may last. The last one begins when the last node has not yet learned
    /// that its target drains, and ends before any load balancer would cut it off.
    pub fn longest_exchange(&self) -> Duration {
        let drains = Duration::from_secs(u64::from(self.deregistration_delay_seconds));
        drains.saturating_sub(self.balancers().draining_lag.1 + MARGIN)
    }

    /// What the stack is told; of AWS's own pace nothing, since the template's defaults are made for it.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (String, String)> {
        let waits = [
            ("ConvergenceSeconds", self.convergence_seconds),
            ("FunctionTimeoutSeconds", self.function_timeout_seconds),
            ("GateTimeoutSeconds", self.function_timeout_seconds),
        ];
        let waits = waits.into_iter().filter_map(|(name, seconds)| Some((name, seconds?.to_string())));
        let quick = QUICK.into_iter().filter(|_| !self.by_the_minute);
        quick
            .map(|(name, value)| (name, value.to_owned()))
            .chain(waits)
            .map(|(name, value)| (name.to_owned(), value))
    }

    /// Whether every default of the template holds.
    pub(crate) fn is_own(&self) -> bool {
        self.by_the_minute
    }

    /// How long periods of metrics are, and how late they are complete.
    pub(super) fn metrics(&self) -> MetricPace {
        if self.by_the_minute { MetricPace::AWS } else { MetricPace::faster(METRICS_SPEED) }
    }

    /// The longest between two looks at the stage, besides those at every change.
    pub(crate) fn look_again(&self) -> Duration {
        Duration::from_millis(if self.by_the_minute { 2_000 } else { 50 })
    }

    /// How long tasks take.
    pub(super) fn tasks(&self) -> rehearsal_ecs::Config {
        let usual = rehearsal_ecs::Config::default();
        if !self.by_the_minute {
            return usual;
        }
        rehearsal_ecs::Config {
            tick: Duration::from_secs(1),
            lags: Lags {
                provision: Lag::millis(8_000, 20_000),
                pull: Lag::millis(10_000, 40_000),
                start: Lag::millis(1_000, 5_000),
                deprovision: Lag::millis(2_000, 10_000),
            },
            launch_backoff: Duration::from_secs(10),
            placement_retry: Duration::from_secs(15),
            unchecked: rehearsal_ecs::config::UNCHECKED,
            scale_in: rehearsal_ecs::config::SCALE_IN,
            ..usual
        }
    }

    pub(super) fn balancers(&self) -> Config {
        let usual = Config::default();
        if self.by_the_minute {
            // AWS gives no figures. New requests came to a draining target for up to 17 s, and weights were not with
            // every node when others stopped the old tasks at once.
            return Config {
                weight_lag: (Duration::from_secs(1), Duration::from_secs(60)),
                target_lag: (Duration::from_secs(1), Duration::from_secs(10)),
                draining_lag: (Duration::from_secs(1), Duration::from_secs(17)),
                ..usual
            };
        }
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
        for pace in [Pace::AWS, Pace::BRISK, Pace::OWN] {
            for kind in [Kind::Slow, Kind::Stream] {
                assert!(kind.least_time() <= pace.longest_exchange(), "{pace:?} has no time for {kind:?}");
            }
        }
    }
}
