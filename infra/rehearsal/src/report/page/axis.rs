//! Axes: where a value is drawn, and which values are named. Pure.

/// Steps that people count time in, in seconds.
const TIME_STEPS: [u64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400];
/// The most named moments on a time axis.
const MAX_TIME_TICKS: u64 = 12;

/// A linear axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// The value at `to`; that at `from` is 0.
    pub max: f64,
    /// Where 0 is drawn.
    pub from: f64,
    /// Where the largest value is drawn.
    pub to: f64,
}

impl Axis {
    /// Where a value is drawn; what is beyond the axis is drawn at its end.
    pub fn at(&self, value: f64) -> f64 {
        let share = if self.max > 0.0 { (value / self.max).clamp(0.0, 1.0) } else { 0.0 };
        self.from + share * (self.to - self.from)
    }
}

/// The next larger of 1, 2, 2.5, 5 and 10 times a power of ten: a good end for an axis.
pub fn ceiling(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    // A value that is a good end itself must not miss it by a rounding error.
    let step = steps.into_iter().find(|step| value <= step * power * (1.0 + 1e-9));
    step.unwrap_or(10.0) * power
}

/// The moments to name on a time axis of this length, in milliseconds.
pub fn time_ticks(span_ms: u64) -> Vec<u64> {
    let seconds = span_ms / 1_000;
    let step = TIME_STEPS.into_iter().find(|step| seconds / step <= MAX_TIME_TICKS);
    let step = step.unwrap_or_else(|| (seconds / MAX_TIME_TICKS).max(1));
    (0..=seconds / step).map(|tick| tick * step * 1_000).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_draws_from_end_to_end() {
        let axis = Axis { max: 200.0, from: 100.0, to: 0.0 };
        assert_eq!([axis.at(0.0), axis.at(50.0), axis.at(200.0), axis.at(900.0)], [100.0, 75.0, 0.0, 0.0]);
        assert_eq!(Axis { max: 0.0, ..axis }.at(3.0), 100.0);
    }

    #[test]
    fn an_axis_ends_on_a_good_number() {
        for (value, end) in
            [(0.0, 1.0), (1.0, 1.0), (203.0, 250.0), (210.0, 250.0), (0.3, 0.5), (999.0, 1_000.0)]
        {
            assert!((ceiling(value) - end).abs() < 1e-9, "{value} ends at {}", ceiling(value));
        }
        assert_eq!(ceiling(f64::NAN), 1.0);
    }

    #[test]
    fn time_is_named_in_steps_that_people_count_in() {
        assert_eq!(time_ticks(5_400), [0, 1_000, 2_000, 3_000, 4_000, 5_000]);
        assert_eq!(time_ticks(95_000).get(1), Some(&10_000));
        assert!(time_ticks(86_400_000).len() <= 14);
        assert_eq!(time_ticks(0), [0]);
    }
}
