//! Seconds of traffic as columns of a chart: few enough to be drawn, whatever the length of the run. Pure.

use crate::report::fact::{Second, Series};

/// The most columns in a chart.
const MAX_COLUMNS: usize = 600;

/// One column: rates over a second or several.
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
pub fn versions(series: &Series) -> Vec<&str> {
    let mut versions: Vec<&str> = Vec::new();
    for name in series.seconds.iter().flat_map(|second| second.by_version.keys()) {
        if !versions.contains(&name.as_str()) {
            versions.push(name);
        }
    }
    versions
}

/// The columns of a series.
pub fn columns(series: &Series, versions: &[&str]) -> Vec<Column> {
    let each = series.seconds.len().div_ceil(MAX_COLUMNS).max(1);
    series.seconds.chunks(each).filter_map(|seconds| column(seconds, versions)).collect()
}

fn column(seconds: &[Second], versions: &[&str]) -> Option<Column> {
    let length = seconds.len() as f64;
    let by_version = versions.iter().map(|name| {
        let mut rate = Rate::default();
        for version in seconds.iter().filter_map(|second| second.by_version.get(*name)) {
            rate.ok += version.ok as f64 / length;
            rate.failed += version.failed as f64 / length;
            rate.p50_ms = worse(rate.p50_ms, version.p50_ms);
            rate.p99_ms = worse(rate.p99_ms, version.p99_ms);
        }
        rate
    });
    let by_version = by_version.collect();
    Some(Column { from_ms: seconds.first()?.at_ms, to_ms: seconds.last()?.at_ms + 1_000, by_version })
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
    use crate::report::fact::SecondVersion;

    fn series(length: u64) -> Series {
        let second = |at: u64| {
            let counted = SecondVersion { ok: 10, failed: at % 2, p99_ms: Some(at as f64), p50_ms: None };
            let name = if at < length / 2 { "v9" } else { "v1" };
            Second { at_ms: at * 1_000, by_version: [(name.to_owned(), counted)].into() }
        };
        Series { seconds: (0..length).map(second).collect(), ..Series::default() }
    }

    #[test]
    fn versions_are_in_order_of_appearance() {
        assert_eq!(versions(&series(10)), ["v9", "v1"]);
    }

    #[test]
    fn a_short_run_has_a_column_a_second_and_a_long_one_not_too_many() {
        let short = series(10);
        let drawn = columns(&short, &versions(&short));
        assert_eq!(drawn.len(), 10);
        assert_eq!((drawn[1].from_ms, drawn[1].to_ms, drawn[1].failed()), (1_000, 2_000, 1.0));
        let long = series(6_000);
        let drawn = columns(&long, &versions(&long));
        assert_eq!(drawn.len(), 600);
        assert_eq!((drawn[0].total(), drawn[0].failed()), (10.5, 0.5));
        assert_eq!(drawn[0].by_version[0].p99_ms, Some(9.0));
    }
}
