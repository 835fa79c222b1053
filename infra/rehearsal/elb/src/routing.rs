//! What a target group's attributes say of how its requests are divided among its targets.

use std::collections::BTreeMap;
use std::time::Duration;

/// Keys of target group attributes that choosing goes by.
pub(crate) const ALGORITHM: &str = "load_balancing.algorithm.type";
pub(crate) const SLOW_START: &str = "slow_start.duration_seconds";
pub(crate) const STICKY: &str = "stickiness.enabled";
pub(crate) const STICKY_SECONDS: &str = "stickiness.lb_cookie.duration_seconds";
pub(crate) const ROUTE_COUNT: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count";
pub(crate) const ROUTE_PERCENT: &str =
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage";

/// How the next target is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Algorithm {
    #[default]
    RoundRobin,
    LeastOutstandingRequests,
    /// Without anomaly mitigation all weights are the same.
    WeightedRandom,
}

/// How a group's requests are divided among its targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Routing {
    pub(crate) algorithm: Algorithm,
    /// For how long a target that joins healthy ones gets an increasing share; zero for none.
    pub(crate) slow_start: Duration,
    /// How long a client stays with its target, if it does.
    pub(crate) stickiness: Option<Duration>,
    /// With fewer healthy targets all get requests, unhealthy ones too.
    minimum_count: usize,
    /// The same in per cent of all targets.
    minimum_percent: Option<usize>,
}

impl Default for Routing {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            slow_start: Duration::ZERO,
            stickiness: None,
            minimum_count: 1,
            minimum_percent: None,
        }
    }
}

impl Routing {
    /// What valid attributes say.
    pub(crate) fn of(attributes: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| attributes.get(key).map_or("", String::as_str);
        let seconds = |key: &str| Duration::from_secs(text(key).parse().unwrap_or(0));
        Self {
            algorithm: match text(ALGORITHM) {
                "least_outstanding_requests" => Algorithm::LeastOutstandingRequests,
                "weighted_random" => Algorithm::WeightedRandom,
                _ => Algorithm::RoundRobin,
            },
            slow_start: seconds(SLOW_START),
            stickiness: (text(STICKY) == "true").then(|| seconds(STICKY_SECONDS)),
            minimum_count: text(ROUTE_COUNT).parse().unwrap_or(1),
            minimum_percent: text(ROUTE_PERCENT).parse().ok(),
        }
    }

    /// Whether so many of all targets are too few: then all get requests, whatever their health.
    pub(crate) fn fails_open(&self, healthy: usize, all: usize) -> bool {
        healthy < self.minimum_count
            || self.minimum_percent.is_some_and(|percent| healthy * 100 < all * percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_are_a_count_and_a_share() {
        let usual = Routing::default();
        assert!(usual.fails_open(0, 4) && !usual.fails_open(1, 4));
        let pairs = [(ROUTE_COUNT, "2"), (ROUTE_PERCENT, "50"), (STICKY, "true"), (STICKY_SECONDS, "60")];
        let attributes = pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let strict = Routing::of(&attributes);
        assert!(strict.fails_open(1, 1) && strict.fails_open(2, 5) && !strict.fails_open(2, 4));
        assert_eq!(strict.stickiness, Some(Duration::from_secs(60)));
    }
}
