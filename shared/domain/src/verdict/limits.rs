//! From when on an answer is slow: limits that are fixed before the step, from how the live side's answers spread.

/// Which of a hundred answers of the live side limits are taken from: the middle one, nine of ten, all but one.
pub const PERCENTILES: [f64; 3] = [50.0, 90.0, 99.0];
/// Nobody notices what takes this much longer, in seconds.
pub const NOTICED: f64 = 0.05;
/// Limits are whole milliseconds: as such they are named in a metric's statistic, and known again later.
const A_SECOND: f64 = 1000.0;

/// The limits, in seconds and rising: so many times what the live side's answers take at each of [`PERCENTILES`], and at
/// least [`NOTICED`] more.
pub fn limits(live: [Option<f64>; 3], slowdown: f64) -> Vec<f64> {
    let mut limits: Vec<f64> = live
        .into_iter()
        .flatten()
        .filter(|seconds| seconds.is_finite() && *seconds >= 0.0)
        .map(|seconds| (seconds * slowdown).max(seconds + NOTICED))
        .map(|seconds| (seconds * A_SECOND).round().max(1.0) / A_SECOND)
        .collect();
    limits.sort_by(f64::total_cmp);
    limits.dedup();
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_times_slower_is_beyond_all_limits() {
        let limits = limits([Some(0.004), Some(0.005), Some(0.012)], 2.0);
        assert_eq!(limits, [0.054, 0.055, 0.062]);
        assert!(limits.iter().all(|limit| *limit < 0.24));
    }

    #[test]
    fn a_slow_service_has_limits_of_its_own() {
        assert_eq!(limits([Some(0.4), None, Some(f64::NAN)], 2.0), [0.8]);
        assert_eq!(limits([Some(0.4), Some(0.4), Some(0.4)], 1.5), [0.6]);
    }
}
