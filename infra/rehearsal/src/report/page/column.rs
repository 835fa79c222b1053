//! Traffic as columns of a chart: few enough to be drawn, whatever the length of the run. Pure.

use crate::report::fact::{Sample, Scenario, Second, Series, VersionRequests};

/// The most columns in a chart.
const MAX_COLUMNS: usize = 600;
const SECOND_MS: u64 = 1_000;

/// One column: rates over a stretch of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// From when.
    pub from_ms: u64,
    /// Until when.
    pub to_ms: u64,
    /// By version, in the order of [`versions`].
    pub by_version: Vec<Rate>,
}

/// One version in a column.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rate {
    /// Answered well, a second.
    pub ok: f64,
    /// Failed, a second.
    pub failed: f64,
    /// The worst median of a second.
    pub p50_ms: Option<f64>,
    /// The worst 99th percentile of a second.
    pub p99_ms: Option<f64>,
}

impl Column {
    /// All that failed, a second.
    pub fn failed(&self) -> f64 {
        self.by_version.iter().map(|rate| rate.failed).sum()
    }

    /// Everything, a second.
    pub fn total(&self) -> f64 {
        self.by_version.iter().map(|rate| rate.ok + rate.failed).sum()
    }
}

/// The versions in the order in which they first answered.
pub fn versions(scenario: &Scenario) -> Vec<&str> {
    let mut versions: Vec<&str> = Vec::new();
    let fine = scenario.samples.iter().flat_map(|sample| sample.requests.keys());
    let coarse = scenario.series.seconds.iter().flat_map(|second| second.by_version.keys());
    for name in fine.chain(coarse) {
        if !versions.contains(&name.as_str()) {
            versions.push(name);
        }
    }
    versions
}

/// Columns a second wide or wider, with latencies.
pub fn seconds(series: &Series, versions: &[&str]) -> Vec<Column> {
    let column = |second: &Second| {
        let rate = |name: &&str| second.by_version.get(*name).map_or_else(Rate::default, of_second);
        let (from_ms, to_ms) = (second.at_ms, second.at_ms + SECOND_MS);
        Column { from_ms, to_ms, by_version: versions.iter().map(rate).collect() }
    };
    merged(series.seconds.iter().map(column).collect())
}

/// Columns as narrow as there are samples, without latencies; columns of seconds if there are no samples.
pub fn columns(scenario: &Scenario, versions: &[&str]) -> Vec<Column> {
    if scenario.samples.is_empty() {
        return seconds(&scenario.series, versions);
    }
    let column = |sample: &Sample| {
        let a_second = SECOND_MS as f64 / sample.for_ms.max(1) as f64;
        let rate = |name: &&str| {
            let counted = sample.requests.get(*name).copied().unwrap_or_default();
            let (ok, failed) = (counted.ok as f64 * a_second, counted.failed as f64 * a_second);
            Rate { ok, failed, ..Rate::default() }
        };
        let (from_ms, to_ms) = (sample.at_ms, sample.at_ms + sample.for_ms);
        Column { from_ms, to_ms, by_version: versions.iter().map(rate).collect() }
    };
    merged(scenario.samples.iter().map(column).collect())
}

fn of_second(version: &VersionRequests) -> Rate {
    let VersionRequests { ok, failed, p50_ms, p99_ms } = *version;
    Rate { ok: ok as f64, failed: failed as f64, p50_ms, p99_ms }
}

/// As many neighbours in one as there must be.
fn merged(columns: Vec<Column>) -> Vec<Column> {
    let each = columns.len().div_ceil(MAX_COLUMNS).max(1);
    columns.chunks(each).filter_map(one).collect()
}

fn one(columns: &[Column]) -> Option<Column> {
    let (first, last) = (columns.first()?, columns.last()?);
    let length = columns.len() as f64;
    let rate = |version: usize| {
        let mut sum = Rate::default();
        for rate in columns.iter().map(|column| column.by_version[version]) {
            sum.ok += rate.ok / length;
            sum.failed += rate.failed / length;
            sum.p50_ms = worse(sum.p50_ms, rate.p50_ms);
            sum.p99_ms = worse(sum.p99_ms, rate.p99_ms);
        }
        sum
    };
    let by_version = (0..first.by_version.len()).map(rate).collect();
    Some(Column { from_ms: first.from_ms, to_ms: last.to_ms, by_version })
}

fn worse(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.max(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fact::SampleRequests;

    fn scenario(length: u64) -> Scenario {
        let second = |at: u64| {
            let counted = VersionRequests { ok: 10, failed: at % 2, p99_ms: Some(at as f64), p50_ms: None };
            let name = if at < length / 2 { "v9" } else { "v1" };
            Second { at_ms: at * 1_000, by_version: [(name.to_owned(), counted)].into() }
        };
        let series = Series { seconds: (0..length).map(second).collect(), ..Series::default() };
        Scenario { series, ..Scenario::default() }
    }

    #[test]
    fn versions_are_in_order_of_appearance() {
        assert_eq!(versions(&scenario(10)), ["v9", "v1"]);
    }

    #[test]
    fn a_short_run_has_a_column_a_second_and_a_long_one_not_too_many() {
        let short = scenario(10);
        let drawn = seconds(&short.series, &versions(&short));
        assert_eq!(drawn.len(), 10);
        assert_eq!((drawn[1].from_ms, drawn[1].to_ms, drawn[1].failed()), (1_000, 2_000, 1.0));
        let long = scenario(6_000);
        let drawn = columns(&long, &versions(&long));
        assert_eq!(drawn.len(), 600);
        assert_eq!((drawn[0].total().round(), drawn[0].failed()), (11.0, 0.5));
        assert_eq!(drawn[0].by_version[0].p99_ms, Some(9.0));
    }

    #[test]
    fn samples_become_rates() {
        let counted = SampleRequests { ok: 20, failed: 5 };
        let sample = Sample {
            at_ms: 500,
            for_ms: 250,
            requests: [("v1".to_owned(), counted)].into(),
            ..Sample::default()
        };
        let scenario = Scenario { samples: vec![sample], ..Scenario::default() };
        let drawn = columns(&scenario, &versions(&scenario));
        assert_eq!((drawn[0].from_ms, drawn[0].to_ms), (500, 750));
        assert_eq!((drawn[0].total(), drawn[0].failed()), (100.0, 20.0));
    }
}
