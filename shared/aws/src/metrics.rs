//! CloudWatch: what a target group did in a span of time.

use crate::{At, Aws, date_time};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use changeover_domain::metrics::{Counts, Period, Slow, unanswered};
use changeover_domain::span::Seconds;
use changeover_domain::{StepError, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The namespace of Application Load Balancer metrics.
const NAMESPACE: &str = "AWS/ApplicationELB";
/// How long targets take to answer, in seconds.
const RESPONSE_TIME: &str = "TargetResponseTime";
/// Answers of targets by their status. Those that the load balancer gives itself are not among them.
const CODES: [(&str, &str); 4] = [
    ("well", "HTTPCode_Target_2XX_Count"),
    ("elsewhere", "HTTPCode_Target_3XX_Count"),
    ("wrong", "HTTPCode_Target_4XX_Count"),
    (ERRORS, "HTTPCode_Target_5XX_Count"),
];
/// The id of the query for answers that are errors.
const ERRORS: &str = "errors";
/// The percentile of response time that is compared.
const LATENCY: &str = "p90";

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
    /// Until here numbers are complete.
    pub complete: Timestamp,
    /// How long a period is; 60 s is what load balancers report.
    pub period: Seconds,
}

/// The counts of a window. What CloudWatch has not heard of yet is not in them. Besides the counts of those that it is
/// compared with, if there are any, answers that are slow in comparison are counted.
pub async fn counts(aws: &Aws, window: &Window<'_>, beside: Option<&Counts>) -> Result<Counts, StepError> {
    let slow_limit = beside.and_then(Counts::slow_limit);
    let mut request = aws
        .cloudwatch()
        .get_metric_data()
        .start_time(date_time(window.from))
        .end_time(date_time(window.to))
        .metric_data_queries(query("requests", "RequestCount", "Sum", window))
        .metric_data_queries(query("refused", "TargetConnectionErrorCount", "Sum", window))
        .metric_data_queries(query("latency", RESPONSE_TIME, LATENCY, window))
        .metric_data_queries(query("slowest", RESPONSE_TIME, "Maximum", window))
        .metric_data_queries(query("busy", RESPONSE_TIME, "Sum", window))
        .metric_data_queries(query("answers", RESPONSE_TIME, "SampleCount", window));
    for (id, name) in CODES {
        request = request.metric_data_queries(query(id, name, "Sum", window));
    }
    if let Some(limit) = slow_limit {
        request = request.metric_data_queries(query("within", RESPONSE_TIME, &rank(limit), window));
    }
    let answer = request.send().await.at("GetMetricData", window.target_group)?;
    let results = answer.metric_data_results();
    let counted = Counts {
        requests: total(values(results, "requests")),
        errors: total(values(results, ERRORS)),
        p90: median(values(results, "latency").collect()),
        slowest: values(results, "slowest").max_by(f64::total_cmp),
        slow: slow_limit.map(|limit| slow(results, limit)),
    };
    // One of the two sides may not have had a slow request yet.
    let patience = counted.answer_patience().max(beside.map_or(Seconds(0), Counts::answer_patience));
    let lost = unanswered(&periods(results, window, patience), window.period);
    Ok(Counts { errors: counted.errors + lost, ..counted })
}

/// What each period of a window had, and which of them are settled: complete, and so long over that whoever answers
/// within this patience has answered.
fn periods(results: &[MetricDataResult], window: &Window<'_>, patience: Seconds) -> Vec<Period> {
    let of = |id| by_period(results, id);
    let (requests, refused, times, busy) = (of("requests"), of("refused"), of("answers"), of("busy"));
    let codes = CODES.map(|(id, _)| of(id));
    let period = i64::try_from(window.period.0).unwrap_or(i64::MAX);
    let patience = i64::try_from(patience.max(window.period).0).unwrap_or(i64::MAX);
    let settled = window.complete.as_second().saturating_sub(patience);
    let starts: BTreeSet<i64> =
        [&requests, &refused, &busy].into_iter().flat_map(|one| one.keys().copied()).collect();
    let at = |one: &BTreeMap<i64, f64>, start| one.get(&start).copied().unwrap_or(0.0);
    let each = starts.into_iter().map(|start| Period {
        requests: whole(at(&requests, start)),
        // An upgrade to a WebSocket is an answer that no code is counted for, but a response time.
        answers: whole(codes.iter().map(|code| at(code, start)).sum::<f64>().max(at(&times, start))),
        refused: whole(at(&refused, start)),
        busy: at(&busy, start),
        settled: start.saturating_add(period) <= settled,
    });
    each.collect()
}

/// The share of values up to a limit, in percent, as CloudWatch writes it.
fn rank(limit: f64) -> String {
    format!("PR(:{limit:.3})")
}

/// The slow answers of all periods: shares cannot be added up, answers can.
fn slow(results: &[MetricDataResult], limit: f64) -> Slow {
    let (answers, within) = (by_period(results, "answers"), by_period(results, "within"));
    let (mut slow, mut of) = (0.0, 0.0);
    for (period, count) in &answers {
        // A period that one of the two does not know yet says nothing.
        if let Some(percent) = within.get(period) {
            slow += count * (100.0 - percent) / 100.0;
            of += count;
        }
    }
    Slow { limit, answers: whole(slow), of: whole(of) }
}

/// The values of one query by the second at which their period begins.
fn by_period(results: &[MetricDataResult], id: &str) -> BTreeMap<i64, f64> {
    let of = results.iter().filter(|result| result.id() == Some(id));
    of.flat_map(|result| result.timestamps().iter().map(DateTime::secs).zip(result.values().iter().copied()))
        .collect()
}

/// The values of one query.
fn values<'a>(results: &'a [MetricDataResult], id: &'a str) -> impl Iterator<Item = f64> + 'a {
    results.iter().filter(move |result| result.id() == Some(id)).flat_map(MetricDataResult::values).copied()
}

/// The middle one: the slowest of many periods says more of chance than of a version.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// A sum of counts, which CloudWatch tells as floating point.
fn total(values: impl Iterator<Item = f64>) -> u64 {
    values.map(whole).sum()
}

fn whole(value: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "counts are whole and not negative"
    )]
    let count = value.max(0.0).round() as u64;
    count
}

fn query(id: &str, name: &str, statistic: &str, window: &Window<'_>) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name(name)
        .dimensions(dimension("TargetGroup", last_part(window.target_group, "targetgroup/")))
        .dimensions(dimension(
            "LoadBalancer",
            last_part(window.load_balancer, "loadbalancer/").trim_start_matches("loadbalancer/"),
        ))
        .build();
    let period = i32::try_from(window.period.0).unwrap_or(i32::MAX);
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
        let window = Window {
            target_group: "arn:aws:elasticloadbalancing:r:1:targetgroup/blue/73e2d6bc24d8a067",
            load_balancer: "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/50dc6c495c0c9188",
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            complete: Timestamp::UNIX_EPOCH,
            period: Seconds(60),
        };
        let query = query("requests", "RequestCount", "Sum", &window);
        let metric = query.metric_stat().unwrap().metric().unwrap();
        let values: Vec<_> = metric.dimensions().iter().map(|d| d.value().unwrap()).collect();
        assert_eq!(values, ["targetgroup/blue/73e2d6bc24d8a067", "app/web/50dc6c495c0c9188"]);
    }

    #[test]
    fn answers_are_those_with_a_code_or_a_time_and_periods_settle_with_age() {
        let result = |id: &str, values: &[(i64, f64)]| {
            MetricDataResult::builder()
                .id(id)
                .set_timestamps(Some(values.iter().map(|(second, _)| DateTime::from_secs(*second)).collect()))
                .set_values(Some(values.iter().map(|(_, value)| *value).collect()))
                .build()
        };
        let results = [
            result("requests", &[(120, 100.0), (60, 100.0), (0, 100.0)]),
            result("well", &[(120, 60.0), (60, 60.0), (0, 90.0)]),
            result("errors", &[(60, 10.0)]),
            result("answers", &[(60, 75.0), (0, 90.0)]),
            result("busy", &[(60, 7.5)]),
        ];
        let window = Window {
            target_group: "",
            load_balancer: "",
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            complete: Timestamp::from_second(200).unwrap(),
            period: Seconds(60),
        };
        let at = |patience| periods(&results, &window, Seconds(patience));
        let answers: Vec<_> = at(0).iter().map(|period| (period.answers, period.settled)).collect();
        assert_eq!(answers, [(90, true), (75, true), (60, false)], "five upgrades have no code");
        assert_eq!(at(90).iter().filter(|period| period.settled).count(), 1);
        assert_eq!(unanswered(&at(0), window.period), 34);
    }

    #[test]
    fn slow_answers_of_all_periods_are_counted() {
        let at = |second: i64| DateTime::from_secs(second);
        let result = |id: &str, values: [(i64, f64); 2]| {
            MetricDataResult::builder()
                .id(id)
                .set_timestamps(Some(values.map(|(second, _)| at(second)).to_vec()))
                .set_values(Some(values.map(|(_, value)| value).to_vec()))
                .build()
        };
        // The newest period first, as CloudWatch answers, and one that only one of them knows.
        let results =
            [result("answers", [(120, 40.0), (60, 200.0)]), result("within", [(60, 90.0), (0, 50.0)])];
        assert_eq!(slow(&results, 0.45), Slow { limit: 0.45, answers: 20, of: 200 });
        assert_eq!(rank(0.45), "PR(:0.450)");
    }
}
