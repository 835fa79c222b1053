//! Counters by the second, per target group and per load balancer, for whoever plays CloudWatch.
//!
//! Bounded: seconds older than the configured history are forgotten, and a second keeps at most
//! [`SAMPLES`] response times, chosen evenly among all of it.

use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Response times kept of one second.
const SAMPLES: usize = 512;

/// A target group over a span of time.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct MetricWindow {
    /// Requests for which a target was chosen.
    pub requests: u64,
    /// Answers 2xx of targets.
    pub target_2xx: u64,
    /// Answers 3xx of targets.
    pub target_3xx: u64,
    /// Answers 4xx of targets.
    pub target_4xx: u64,
    /// Answers 5xx of targets; the balancer's own 502, 503 and 504 are not among them.
    pub target_5xx: u64,
    /// Connections to targets that could not be established.
    pub connection_errors: u64,
    /// Requests sent to targets that were not healthy, because no target was.
    pub unhealthy_routing_requests: u64,
    /// Seconds from sending a request to the head of its answer: a sample, at most 512 for each second.
    pub response_times: Vec<f64>,
    /// Healthy targets.
    pub healthy_hosts: HostCounts,
    /// Unhealthy targets.
    pub unhealthy_hosts: HostCounts,
}

/// How many hosts there were over a span of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HostCounts {
    /// The fewest.
    pub minimum: usize,
    /// The most.
    pub maximum: usize,
    /// At the end.
    pub last: usize,
}

/// A load balancer over a span of time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LoadBalancerWindow {
    /// All requests, those without a target too.
    pub requests: u64,
    /// The balancer's own 4xx.
    pub elb_4xx: u64,
    /// The balancer's own 502.
    pub elb_502: u64,
    /// The balancer's own 503.
    pub elb_503: u64,
    /// The balancer's own 504.
    pub elb_504: u64,
    /// All of the balancer's own 5xx.
    pub elb_5xx: u64,
}

/// Whole seconds since the epoch.
pub(crate) fn now() -> u64 {
    rehearsal_world::since_epoch().as_secs()
}

/// One `T` for each second in which something happened, for as long as the history reaches.
struct Seconds<T> {
    history: u64,
    by_second: BTreeMap<u64, T>,
}

impl<T: Default> Seconds<T> {
    fn new(history: Duration) -> Self {
        Self { history: history.as_secs().max(1), by_second: BTreeMap::new() }
    }

    fn at(&mut self, second: u64) -> &mut T {
        let oldest = second.saturating_sub(self.history);
        while self.by_second.first_key_value().is_some_and(|(first, _)| *first < oldest) {
            self.by_second.pop_first();
        }
        self.by_second.entry(second).or_default()
    }

    fn between(&self, span: Range<u64>) -> impl Iterator<Item = &T> {
        let end = span.end.max(span.start);
        self.by_second.range(span.start..end).map(|(_, value)| value)
    }
}

#[derive(Default)]
struct GroupSecond {
    counts: MetricWindow,
    timed: u64,
}

/// What is counted of a target group.
pub(crate) struct GroupMetrics {
    seconds: Seconds<GroupSecond>,
    /// (second, healthy, unhealthy) at each change; the last one before a span tells how it began.
    hosts: BTreeMap<u64, (usize, usize, HostCounts, HostCounts)>,
    history: u64,
}

impl GroupMetrics {
    pub(crate) fn new(history: Duration) -> Self {
        Self { seconds: Seconds::new(history), hosts: BTreeMap::new(), history: history.as_secs().max(1) }
    }

    pub(crate) fn request(&mut self, second: u64, to_unhealthy: bool) {
        let counts = &mut self.seconds.at(second).counts;
        counts.requests += 1;
        counts.unhealthy_routing_requests += u64::from(to_unhealthy);
    }

    pub(crate) fn connection_error(&mut self, second: u64) {
        self.seconds.at(second).counts.connection_errors += 1;
    }

    pub(crate) fn response(&mut self, second: u64, status: u16, took: Duration) {
        let entry = self.seconds.at(second);
        match status {
            200..=299 => entry.counts.target_2xx += 1,
            300..=399 => entry.counts.target_3xx += 1,
            400..=499 => entry.counts.target_4xx += 1,
            500..=599 => entry.counts.target_5xx += 1,
            _ => {}
        }
        entry.timed += 1;
        let times = &mut entry.counts.response_times;
        if times.len() < SAMPLES {
            times.push(took.as_secs_f64());
        } else if let Ok(place) = usize::try_from(scramble(entry.timed) % entry.timed)
            && place < SAMPLES
        {
            times[place] = took.as_secs_f64();
        }
    }

    pub(crate) fn hosts(&mut self, second: u64, healthy: usize, unhealthy: usize) {
        let before = self.hosts.range(..=second).next_back().map_or((0, 0), |(_, at)| (at.0, at.1));
        let entry = self.hosts.entry(second).or_insert_with(|| {
            (before.0, before.1, HostCounts::steady(before.0), HostCounts::steady(before.1))
        });
        entry.0 = healthy;
        entry.1 = unhealthy;
        entry.2.see(healthy);
        entry.3.see(unhealthy);
        let oldest = second.saturating_sub(self.history);
        // The newest entry before the history stays: it tells how the history began.
        while self.hosts.range(..oldest).count() > 1 {
            self.hosts.pop_first();
        }
    }

    pub(crate) fn window(&self, span: Range<u64>) -> MetricWindow {
        let mut sum = MetricWindow::default();
        for GroupSecond { counts, .. } in self.seconds.between(span.clone()) {
            sum.requests += counts.requests;
            sum.target_2xx += counts.target_2xx;
            sum.target_3xx += counts.target_3xx;
            sum.target_4xx += counts.target_4xx;
            sum.target_5xx += counts.target_5xx;
            sum.connection_errors += counts.connection_errors;
            sum.unhealthy_routing_requests += counts.unhealthy_routing_requests;
            sum.response_times.extend_from_slice(&counts.response_times);
        }
        let before = self.hosts.range(..span.start).next_back().map_or((0, 0), |(_, at)| (at.0, at.1));
        sum.healthy_hosts = HostCounts::steady(before.0);
        sum.unhealthy_hosts = HostCounts::steady(before.1);
        for (_, _, healthy, unhealthy) in
            self.hosts.range(span.start..span.end.max(span.start)).map(|at| at.1)
        {
            sum.healthy_hosts.merge(*healthy);
            sum.unhealthy_hosts.merge(*unhealthy);
        }
        sum
    }
}

impl HostCounts {
    fn steady(count: usize) -> Self {
        Self { minimum: count, maximum: count, last: count }
    }

    fn see(&mut self, count: usize) {
        self.minimum = self.minimum.min(count);
        self.maximum = self.maximum.max(count);
        self.last = count;
    }

    fn merge(&mut self, later: Self) {
        self.minimum = self.minimum.min(later.minimum);
        self.maximum = self.maximum.max(later.maximum);
        self.last = later.last;
    }
}

/// What is counted of a load balancer.
pub(crate) struct BalancerMetrics {
    seconds: Seconds<LoadBalancerWindow>,
}

impl BalancerMetrics {
    pub(crate) fn new(history: Duration) -> Self {
        Self { seconds: Seconds::new(history) }
    }

    pub(crate) fn request(&mut self, second: u64) {
        self.seconds.at(second).requests += 1;
    }

    /// Counts an error that the balancer itself answered.
    pub(crate) fn own_error(&mut self, second: u64, status: u16) {
        let counts = self.seconds.at(second);
        counts.elb_4xx += u64::from((400..500).contains(&status));
        counts.elb_5xx += u64::from((500..600).contains(&status));
        counts.elb_502 += u64::from(status == 502);
        counts.elb_503 += u64::from(status == 503);
        counts.elb_504 += u64::from(status == 504);
    }

    pub(crate) fn window(&self, span: Range<u64>) -> LoadBalancerWindow {
        self.seconds.between(span).fold(LoadBalancerWindow::default(), |mut sum, counts| {
            sum.requests += counts.requests;
            sum.elb_4xx += counts.elb_4xx;
            sum.elb_5xx += counts.elb_5xx;
            sum.elb_502 += counts.elb_502;
            sum.elb_503 += counts.elb_503;
            sum.elb_504 += counts.elb_504;
            sum
        })
    }
}

/// A well-mixed number from a counter (splitmix64): reservoir places need no better.
fn scramble(counter: u64) -> u64 {
    let mut mixed = counter.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    #[test]
    fn a_window_sums_its_seconds_and_no_others() {
        let mut metrics = GroupMetrics::new(Duration::from_secs(60));
        for second in 10..20 {
            metrics.request(second, false);
            metrics.response(second, if second == 12 { 500 } else { 200 }, MILLI);
        }
        let window = metrics.window(11..14);
        assert_eq!((window.requests, window.target_2xx, window.target_5xx), (3, 2, 1));
        assert_eq!(window.response_times.len(), 3);
        assert_eq!(metrics.window(Range { start: 14, end: 11 }), MetricWindow::default());
    }

    #[test]
    fn history_and_samples_are_bounded() {
        let mut metrics = GroupMetrics::new(Duration::from_secs(5));
        for second in 0..100 {
            metrics.request(second, false);
        }
        assert!(metrics.seconds.by_second.len() <= 6);
        for _ in 0..SAMPLES * 4 {
            metrics.response(99, 200, MILLI);
        }
        assert_eq!(metrics.window(0..100).response_times.len(), SAMPLES);
        for second in 0..1_000 {
            metrics.hosts(second, 1, 0);
        }
        assert!(metrics.hosts.len() <= 7);
    }

    #[test]
    fn host_counts_know_what_was_before_the_window() {
        let mut metrics = GroupMetrics::new(Duration::from_secs(600));
        metrics.hosts(10, 2, 0);
        metrics.hosts(30, 1, 1);
        let window = metrics.window(20..40);
        assert_eq!(window.healthy_hosts, HostCounts { minimum: 1, maximum: 2, last: 1 });
        assert_eq!(window.unhealthy_hosts, HostCounts { minimum: 0, maximum: 1, last: 1 });
        assert_eq!(metrics.window(40..50).healthy_hosts, HostCounts::steady(1));
    }

    #[test]
    fn own_errors_are_told_apart() {
        let mut metrics = BalancerMetrics::new(Duration::from_secs(60));
        for status in [502, 503, 503, 504, 400] {
            metrics.own_error(5, status);
        }
        let window = metrics.window(0..10);
        assert_eq!((window.elb_502, window.elb_503, window.elb_504), (1, 2, 1));
        assert_eq!((window.elb_5xx, window.elb_4xx), (4, 1));
    }
}
