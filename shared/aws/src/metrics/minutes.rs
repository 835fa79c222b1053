//! Reads, in one call, what both sides of a deployment did in each period, and what their load balancer did besides.

use super::{by_period, rank, whole};
use crate::{At, Aws, date_time};
use aws_sdk_cloudwatch::types::{MetricDataQuery, MetricDataResult};
use changeover_domain::span::Seconds;
use changeover_domain::verdict::gathered::{Answered, Balancer, Minute};
use changeover_domain::{StepError, Timestamp};
use std::collections::BTreeMap;

/// Most target groups whose counts are read for one side: ECS takes so many load balancers for a service.
pub const MAX_GROUPS: usize = 5;
/// Most latency limits that answers are counted beyond.
pub const MAX_LIMITS: usize = 4;

/// Counts of a target group by statistic `Sum`: what each is called here, and there.
const SUMS: [(&str, &str); 6] = [
    ("requests", "RequestCount"),
    ("well", "HTTPCode_Target_2XX_Count"),
    ("elsewhere", "HTTPCode_Target_3XX_Count"),
    ("wrong", "HTTPCode_Target_4XX_Count"),
    ("errors", "HTTPCode_Target_5XX_Count"),
    ("refused", "TargetConnectionErrorCount"),
];
/// What is read of the whole load balancer, its other target groups included.
const WHOLE: [(&str, &str); 4] = [
    ("requests", "RequestCount"),
    ("errors", "HTTPCode_Target_5XX_Count"),
    ("own_502", "HTTPCode_ELB_502_Count"),
    ("own_504", "HTTPCode_ELB_504_Count"),
];
/// The percentiles that latency limits are made from.
const PERCENTILES: [&str; 3] = ["p50", "p90", "p99"];

/// What is asked of CloudWatch.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked<'a> {
    /// The target groups of the new tasks, each with its load balancer, by ARN.
    pub next: Vec<(&'a str, &'a str)>,
    /// Those of the old tasks; none where they are the same.
    pub live: Vec<(&'a str, &'a str)>,
    /// From here; the period that it falls into counts, as CloudWatch rounds it down.
    pub from: Timestamp,
    /// To here.
    pub to: Timestamp,
    /// How long a period is; 60 s is what load balancers report.
    pub period: Seconds,
    /// Beyond how many seconds answers are counted as slow.
    pub limits: &'a [f64],
    /// Whether percentiles are wanted, to make limits from.
    pub percentiles: bool,
}

/// Every period in which something was counted, in order of time. What CloudWatch has not heard of yet is not in them.
///
/// # Errors
/// `Busy` or `Aws`, as GetMetricData answers.
pub async fn minutes(aws: &Aws, asked: &Asked<'_>) -> Result<Vec<Minute>, StepError> {
    let queries = queries(asked);
    let on = asked.next.first().map_or("no target group", |(group, _)| group);
    let mut results: Vec<MetricDataResult> = Vec::new();
    let mut token = None;
    // One page holds 100,800 points, which is more than a day of all of this; a second one is never expected.
    for _ in 0..super::MAX_PAGES {
        let answer = aws
            .cloudwatch()
            .get_metric_data()
            .start_time(date_time(asked.from))
            .end_time(date_time(asked.to))
            .set_metric_data_queries(Some(queries.clone()))
            .set_next_token(token)
            .send()
            .await
            .at("GetMetricData", on)?;
        results.extend(answer.metric_data_results.unwrap_or_default());
        token = answer.next_token;
        if token.is_none() {
            break;
        }
    }
    Ok(read(&results, asked))
}

/// The load balancers of all groups, each once.
fn balancers<'a>(asked: &Asked<'a>) -> Vec<&'a str> {
    let mut all: Vec<&str> = asked.next.iter().chain(&asked.live).map(|(_, balancer)| *balancer).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The groups with the prefix of their queries' ids.
fn groups<'a, 'b>(asked: &'b Asked<'a>) -> impl Iterator<Item = (String, &'a str, &'a str)> + 'b {
    let of = |side: &'static str, groups: &'b [(&'a str, &'a str)]| {
        let numbered = groups.iter().take(MAX_GROUPS).enumerate();
        numbered.map(move |(n, (group, balancer))| (format!("{side}{n}"), *group, *balancer))
    };
    of("next", &asked.next).chain(of("live", &asked.live))
}

fn queries(asked: &Asked<'_>) -> Vec<MetricDataQuery> {
    let mut all = Vec::new();
    for (prefix, group, balancer) in groups(asked) {
        let mut add = |id: &str, name: &str, statistic: &str| {
            let id = format!("{prefix}_{id}");
            all.push(super::query(&id, name, statistic, (Some(group), balancer), asked.period));
        };
        for (id, name) in SUMS {
            add(id, name, "Sum");
        }
        for (id, statistic) in [("timed", "SampleCount"), ("busy", "Sum"), ("slowest", "Maximum")] {
            add(id, super::RESPONSE_TIME, statistic);
        }
        for percentile in PERCENTILES.iter().filter(|_| asked.percentiles) {
            add(percentile, super::RESPONSE_TIME, percentile);
        }
        for (n, limit) in asked.limits.iter().take(MAX_LIMITS).enumerate() {
            add(&format!("within{n}"), super::RESPONSE_TIME, &rank(*limit));
        }
    }
    for (n, balancer) in balancers(asked).into_iter().enumerate() {
        for (id, name) in WHOLE {
            let id = format!("whole{n}_{id}");
            all.push(super::query(&id, name, "Sum", (None, balancer), asked.period));
        }
    }
    all
}

fn read(results: &[MetricDataResult], asked: &Asked<'_>) -> Vec<Minute> {
    let mut all: BTreeMap<i64, Minute> = BTreeMap::new();
    for (prefix, ..) in groups(asked) {
        for (start, answered) in side(results, &prefix, asked) {
            let Some(minute) = at(&mut all, start) else { continue };
            let side = if prefix.starts_with("next") { &mut minute.next } else { &mut minute.live };
            side.add(&answered);
        }
    }
    for n in 0..balancers(asked).len() {
        let of = |id: &str| by_period(results, &format!("whole{n}_{id}"));
        for (start, value) in of("requests") {
            at(&mut all, start).into_iter().for_each(|minute| minute.whole.requests += whole(value));
        }
        for (start, value) in of("errors") {
            at(&mut all, start).into_iter().for_each(|minute| minute.whole.errors += whole(value));
        }
        for (start, value) in of("own_502").into_iter().chain(of("own_504")) {
            at(&mut all, start).into_iter().for_each(|minute| minute.whole.given_up += whole(value));
        }
    }
    all.into_values().collect()
}

fn at(all: &mut BTreeMap<i64, Minute>, start: i64) -> Option<&mut Minute> {
    let begins = Timestamp::from_second(start).ok()?;
    Some(all.entry(start).or_insert_with(|| Minute {
        start: begins,
        next: Answered::default(),
        live: Answered::default(),
        whole: Balancer::default(),
    }))
}

/// One target group by the second at which each period begins.
fn side(results: &[MetricDataResult], prefix: &str, asked: &Asked<'_>) -> BTreeMap<i64, Answered> {
    let of = |id: &str| by_period(results, &format!("{prefix}_{id}"));
    let mut all: BTreeMap<i64, Answered> = BTreeMap::new();
    let mut each = |id: &str, put: &dyn Fn(&mut Answered, f64)| {
        for (start, value) in of(id) {
            put(all.entry(start).or_default(), value);
        }
    };
    each("requests", &|answered, value| answered.requests = whole(value));
    each("well", &|answered, value| answered.well = whole(value));
    each("elsewhere", &|answered, value| answered.redirects = whole(value));
    each("wrong", &|answered, value| answered.client_errors = whole(value));
    each("errors", &|answered, value| answered.errors = whole(value));
    each("refused", &|answered, value| answered.refused = whole(value));
    each("timed", &|answered, value| answered.timed = whole(value));
    each("busy", &|answered, value| answered.busy = value);
    each("slowest", &|answered, value| answered.slowest = value);
    let percentiles: Vec<_> = PERCENTILES.iter().map(|percentile| of(percentile)).collect();
    let within: Vec<_> = (0..asked.limits.len().min(MAX_LIMITS)).map(|n| of(&format!("within{n}"))).collect();
    for (start, answered) in &mut all {
        if let [Some(p50), Some(p90), Some(p99)] = [0, 1, 2].map(|n| percentiles[n].get(start).copied()) {
            answered.percentiles = Some([p50, p90, p99]);
        }
        // A period whose share one query does not know yet says nothing of it.
        let beyond = within.iter().map(|within| {
            let percent = within.get(start).copied().unwrap_or(100.0);
            whole(answered.timed as f64 * (100.0 - percent) / 100.0)
        });
        answered.beyond = beyond.collect();
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_cloudwatch::primitives::DateTime;

    const BALANCER: &str = "arn:aws:elasticloadbalancing:r:1:loadbalancer/app/web/50dc6c495c0c9188";

    fn asked(limits: &[f64]) -> Asked<'_> {
        Asked {
            next: vec![("targetgroup/green/1", BALANCER)],
            live: vec![("targetgroup/blue/1", BALANCER)],
            from: Timestamp::UNIX_EPOCH,
            to: Timestamp::UNIX_EPOCH,
            period: Seconds(60),
            limits,
            percentiles: true,
        }
    }

    fn result(id: &str, values: &[(i64, f64)]) -> MetricDataResult {
        MetricDataResult::builder()
            .id(id)
            .set_timestamps(Some(values.iter().map(|(second, _)| DateTime::from_secs(*second)).collect()))
            .set_values(Some(values.iter().map(|(_, value)| *value).collect()))
            .build()
    }

    #[test]
    fn every_query_has_an_id_that_cloudwatch_takes_and_no_other_has() {
        let queries = queries(&asked(&[0.1, 0.2]));
        let mut ids: Vec<&str> = queries.iter().filter_map(MetricDataQuery::id).collect();
        assert_eq!(ids.len(), 2 * (6 + 3 + 3 + 2) + 4);
        let fits = |id: &str| {
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        assert!(ids.iter().all(|id| fits(id)), "{ids:?}");
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), queries.len());
    }

    #[test]
    fn periods_are_put_together_from_all_that_is_known_of_them() {
        let results = [
            result("next0_requests", &[(120, 100.0), (60, 50.0)]),
            result("next0_errors", &[(60, 5.0)]),
            result("next0_timed", &[(60, 40.0)]),
            result("next0_within0", &[(60, 75.0)]),
            result("live0_requests", &[(60, 500.0)]),
            result("live0_p50", &[(60, 0.1)]),
            result("live0_p90", &[(60, 0.2)]),
            result("live0_p99", &[(60, 0.3)]),
            result("whole0_own_502", &[(60, 2.0)]),
            result("whole0_own_504", &[(60, 3.0)]),
            result("whole0_requests", &[(60, 900.0)]),
        ];
        let minutes = read(&results, &asked(&[0.25]));
        assert_eq!(minutes.len(), 2);
        let first = &minutes[0];
        assert_eq!((first.start.as_second(), first.next.requests, first.next.errors), (60, 50, 5));
        assert_eq!(first.next.beyond, [10]);
        assert_eq!((first.live.requests, first.live.percentiles), (500, Some([0.1, 0.2, 0.3])));
        assert_eq!((first.whole.given_up, first.whole.requests), (5, 900));
        assert_eq!(minutes[1].next.requests, 100);
    }
}
