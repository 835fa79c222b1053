//! CloudWatch: what target groups and their load balancers did in a span of time.

mod minutes;

pub use minutes::{Asked, MAX_GROUPS, MAX_LIMITS, minutes};

use crate::{At, Aws, date_time};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use changeover_domain::span::Seconds;
use changeover_domain::{StepError, Timestamp};
use std::collections::BTreeMap;

/// The namespace of Application Load Balancer metrics.
const NAMESPACE: &str = "AWS/ApplicationELB";
/// How long targets take to answer, in seconds.
const RESPONSE_TIME: &str = "TargetResponseTime";
/// Most pages that one question is read over.
const MAX_PAGES: usize = 10;

/// Which target group, when, at what grain.
#[derive(Debug, Clone, Copy)]
pub struct Window<'a> {
    /// The target group's ARN.
    pub target_group: &'a str,
    /// The load balancer's ARN.
    pub load_balancer: &'a str,
    /// From here; the period that it falls into counts, as CloudWatch rounds it down.
    pub from: Timestamp,
    /// To here.
    pub to: Timestamp,
    /// How long a period is; 60 s is what load balancers report.
    pub period: Seconds,
}

/// The requests of a window, as far as CloudWatch has heard of them.
///
/// # Errors
/// `Busy` or `Aws`, as GetMetricData answers.
pub async fn requests(aws: &Aws, window: &Window<'_>) -> Result<u64, StepError> {
    let place = (Some(window.target_group), window.load_balancer);
    let answer = aws
        .cloudwatch()
        .get_metric_data()
        .start_time(date_time(window.from))
        .end_time(date_time(window.to))
        .metric_data_queries(query("requests", "RequestCount", "Sum", place, window.period))
        .send()
        .await
        .at("GetMetricData", window.target_group)?;
    Ok(by_period(answer.metric_data_results(), "requests").into_values().map(whole).sum())
}

/// The share of values up to a limit, in percent, as CloudWatch writes it.
fn rank(limit: f64) -> String {
    format!("PR(:{limit:.4})")
}

/// The values of one query by the second at which their period begins.
fn by_period(results: &[MetricDataResult], id: &str) -> BTreeMap<i64, f64> {
    let of = results.iter().filter(|result| result.id() == Some(id));
    of.flat_map(|result| result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied()))
        .collect()
}

/// A count, which CloudWatch tells as floating point.
fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not negative"
    )]
    let count = value.max(0.0).round() as u64;
    count
}

/// One metric of a target group, or of a whole load balancer if none is named.
fn query(
    id: &str,
    name: &str,
    statistic: &str,
    (target_group, load_balancer): (Option<&str>, &str),
    period: Seconds,
) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let mut metric = Metric::builder().namespace(NAMESPACE).metric_name(name);
    if let Some(group) = target_group {
        metric = metric.dimensions(dimension("TargetGroup", last_part(group, "targetgroup/")));
    }
    let balancer = last_part(load_balancer, "loadbalancer/").trim_start_matches("loadbalancer/");
    let metric = metric.dimensions(dimension("LoadBalancer", balancer)).build();
    let period = i32::try_from(period.0).unwrap_or(i32::MAX);
    let stat = MetricStat::builder().metric(metric).period(period).stat(statistic).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

/// The part of an ARN that metrics go by: `targetgroup/NAME/ID`, `loadbalancer/app/NAME/ID`.
fn last_part<'a>(arn: &'a str, from: &str) -> &'a str {
    arn.find(from).map_or(arn, |at| &arn[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_the_tails_of_the_arns() {
        let group = "arn:aws:elasticloadbalancing:r:1:targetgroup/blue/73e2d6bc24d8a067";
        let balancer = "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/50dc6c495c0c9188";
        let values = |group| {
            let query = query("requests", "RequestCount", "Sum", (group, balancer), Seconds(60));
            let metric = query.metric_stat().unwrap().metric().unwrap();
            metric.dimensions().iter().map(|d| d.value().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(values(Some(group)), ["targetgroup/blue/73e2d6bc24d8a067", "app/web/50dc6c495c0c9188"]);
        assert_eq!(values(None), ["app/web/50dc6c495c0c9188"]);
    }

    #[test]
    fn a_limit_is_written_as_cloudwatch_reads_it() {
        assert_eq!(rank(0.45), "PR(:0.4500)");
    }
}
