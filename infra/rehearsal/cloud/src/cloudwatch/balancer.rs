//! The metrics of `AWS/ApplicationELB`, from the counters of the load balancer itself.
//!
//! As in AWS, a count that is zero is not reported, and nothing is without requests.

use super::metric::Metric;
use super::stat::Samples;
use crate::account::Account;
use rehearsal_elb::{Elb, MetricWindow};
use std::ops::Range;

/// The namespace.
pub(super) const NAMESPACE: &str = "AWS/ApplicationELB";

/// What is reported of a target group.
const OF_TARGETS: [&str; 9] = [
    "RequestCount",
    "HTTPCode_Target_2XX_Count",
    "HTTPCode_Target_3XX_Count",
    "HTTPCode_Target_4XX_Count",
    "HTTPCode_Target_5XX_Count",
    "TargetConnectionErrorCount",
    "TargetResponseTime",
    "HealthyHostCount",
    "UnHealthyHostCount",
];

/// The samples of a metric within a span of seconds; none if it is not one of the load balancer's.
pub(super) fn samples(elb: &Elb, account: &Account, metric: &Metric, span: Range<u64>) -> Samples {
    let arn = |resource: &str| account.arn("elasticloadbalancing", resource);
    let balancer = metric.dimension("LoadBalancer").map(|name| arn(&format!("loadbalancer/{name}")));
    let group = metric.dimension("TargetGroup").map(arn);
    match (group, balancer, metric.dimensions.len()) {
        (Some(group), Some(_), 2) => of_group(elb, &group, &metric.name, &span),
        (Some(group), None, 1) if metric.name == "RequestCountPerTarget" => {
            of_group(elb, &group, &metric.name, &span)
        }
        (None, Some(balancer), 1) => of_balancer(elb, &balancer, &metric.name, &span),
        _ => Samples::default(),
    }
}

fn of_group(elb: &Elb, group: &str, name: &str, span: &Range<u64>) -> Samples {
    if name == "HealthyHostCount" || name == "UnHealthyHostCount" {
        return hosts(elb, group, name, span);
    }
    of_window(&elb.metrics(group, span.start, span.end), name)
}

fn of_window(window: &MetricWindow, name: &str) -> Samples {
    match name {
        "RequestCount" => counted(window.requests),
        "HTTPCode_Target_2XX_Count" => counted(window.target_2xx),
        "HTTPCode_Target_3XX_Count" => counted(window.target_3xx),
        "HTTPCode_Target_4XX_Count" => counted(window.target_4xx),
        "HTTPCode_Target_5XX_Count" => counted(window.target_5xx),
        "TargetConnectionErrorCount" => counted(window.connection_errors),
        "UnhealthyRoutingRequestCount" => counted(window.unhealthy_routing_requests),
        "RequestCountPerTarget" => {
            let targets = window.healthy_hosts.last.max(1);
            let mut samples = counted(window.requests);
            samples.sum /= number(targets as u64);
            samples
        }
        "TargetResponseTime" => times(window),
        _ => Samples::default(),
    }
}

/// Every request is a sample of 1, so that their sum is what counts.
fn counted(count: u64) -> Samples {
    if count == 0 { Samples::default() } else { Samples::of(1.0, number(count)) }
}

/// The times are a sample of all: they give the shape, the answers give the number.
fn times(window: &MetricWindow) -> Samples {
    let mut samples = Samples::default();
    for time in &window.response_times {
        samples.merge(Samples::of(*time, 1.0));
    }
    if samples.count > 0.0 {
        let answered = window.target_2xx + window.target_3xx + window.target_4xx + window.target_5xx;
        let all = number(answered).max(samples.count);
        samples.sum *= all / samples.count;
        samples.count = all;
    }
    samples
}

/// One sample a second, and the extremes between.
fn hosts(elb: &Elb, group: &str, name: &str, span: &Range<u64>) -> Samples {
    let mut samples = Samples::default();
    let mut seen = false;
    for second in span.clone() {
        let window = elb.metrics(group, second, second + 1);
        seen |= window.healthy_hosts.maximum + window.unhealthy_hosts.maximum > 0;
        let counts = if name == "HealthyHostCount" { window.healthy_hosts } else { window.unhealthy_hosts };
        let mut sample = Samples::of(number(counts.last as u64), 1.0);
        sample.minimum = number(counts.minimum as u64);
        sample.maximum = number(counts.maximum as u64);
        samples.merge(sample);
    }
    if seen { samples } else { Samples::default() }
}

fn of_balancer(elb: &Elb, balancer: &str, name: &str, span: &Range<u64>) -> Samples {
    let window = elb.load_balancer_metrics(balancer, span.start, span.end);
    match name {
        "HTTPCode_ELB_4XX_Count" => return counted(window.elb_4xx),
        "HTTPCode_ELB_5XX_Count" => return counted(window.elb_5xx),
        "HTTPCode_ELB_502_Count" => return counted(window.elb_502),
        "HTTPCode_ELB_503_Count" => return counted(window.elb_503),
        "HTTPCode_ELB_504_Count" => return counted(window.elb_504),
        _ => {}
    }
    let mut samples = Samples::default();
    for group in groups_of(elb, balancer) {
        samples.merge(of_window(&elb.metrics(&group, span.start, span.end), name));
    }
    samples
}

fn groups_of(elb: &Elb, balancer: &str) -> Vec<String> {
    let rules = elb.snapshot().rules;
    let ours = rules.into_iter().filter(|rule| rule.load_balancer_arn == balancer);
    let mut groups: Vec<String> =
        ours.flat_map(|rule| rule.groups).map(|weight| weight.target_group_arn).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// Every metric there is of the target groups in use.
pub(super) fn metrics(elb: &Elb) -> Vec<Metric> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for rule in elb.snapshot().rules {
        let balancer = tail(&rule.load_balancer_arn, "loadbalancer/").trim_start_matches("loadbalancer/");
        for weight in &rule.groups {
            pairs.push((tail(&weight.target_group_arn, "targetgroup/").to_owned(), balancer.to_owned()));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    let metric = |name: &str, (group, balancer): &(String, String)| Metric {
        namespace: NAMESPACE.to_owned(),
        name: name.to_owned(),
        dimensions: [("TargetGroup", group), ("LoadBalancer", balancer)]
            .map(|(name, value)| (name.to_owned(), value.clone()))
            .into(),
    };
    pairs.iter().flat_map(|pair| OF_TARGETS.iter().map(move |name| metric(name, pair))).collect()
}

fn tail<'a>(arn: &'a str, from: &str) -> &'a str {
    arn.find(from).map_or(arn, |at| &arn[at..])
}

#[allow(clippy::cast_precision_loss, reason = "no rehearsal counts to 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
