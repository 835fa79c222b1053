//! Statistics as CloudWatch names them, over the samples of one period. Pure.

/// A statistic that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Stat {
    SampleCount,
    Sum,
    Average,
    Minimum,
    Maximum,
    /// `p90`, `p99.9`: the value that so many percent of samples do not exceed.
    Percentile(f64),
    /// `PR(a:b)`: how many percent of samples are above `a` and not above `b`.
    Rank(Option<f64>, Option<f64>),
}

impl Stat {
    /// Reads a statistic's name.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "SampleCount" => Self::SampleCount,
            "Sum" => Self::Sum,
            "Average" => Self::Average,
            "Minimum" => Self::Minimum,
            "Maximum" => Self::Maximum,
            text if text.starts_with("PR(") => {
                let (low, high) = text.strip_prefix("PR(")?.strip_suffix(')')?.split_once(':')?;
                let bound = |text: &str| match text.trim() {
                    "" => Some(None),
                    text => text.parse().ok().map(Some),
                };
                let (low, high) = (bound(low)?, bound(high)?);
                (low.is_some() || high.is_some()).then_some(Self::Rank(low, high))?
            }
            text => {
                let percent: f64 = text.strip_prefix('p')?.parse().ok()?;
                (0.0..=100.0).contains(&percent).then_some(Self::Percentile(percent))?
            }
        })
    }
}

/// What is known of one period.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Samples {
    /// How many there were.
    pub(super) count: f64,
    /// Their sum.
    pub(super) sum: f64,
    /// The least.
    pub(super) minimum: f64,
    /// The most.
    pub(super) maximum: f64,
    /// The values with their weights, as far as they are known one by one.
    pub(super) values: Vec<(f64, f64)>,
}

impl Samples {
    /// So many samples of one value.
    pub(super) fn of(value: f64, count: f64) -> Self {
        Self { count, sum: value * count, minimum: value, maximum: value, values: vec![(value, count)] }
    }

    /// Adds others.
    pub(super) fn merge(&mut self, other: Self) {
        if other.count <= 0.0 {
            return;
        }
        if self.count <= 0.0 {
            *self = other;
            return;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        self.values.extend(other.values);
    }

    /// The statistic; nothing without samples, or if the values are not known one by one.
    pub(super) fn statistic(&self, stat: Stat) -> Option<f64> {
        if self.count <= 0.0 {
            return None;
        }
        Some(match stat {
            Stat::SampleCount => self.count,
            Stat::Sum => self.sum,
            Stat::Average => self.sum / self.count,
            Stat::Minimum => self.minimum,
            Stat::Maximum => self.maximum,
            Stat::Percentile(percent) => self.percentile(percent)?,
            Stat::Rank(low, high) => self.rank(low, high)?,
        })
    }

    fn percentile(&self, percent: f64) -> Option<f64> {
        let mut values = self.values.clone();
        values.sort_by(|left, right| left.0.total_cmp(&right.0));
        let wanted = self.weight() * percent / 100.0;
        let mut passed = 0.0;
        for (value, weight) in &values {
            passed += weight;
            if passed >= wanted {
                return Some(*value);
            }
        }
        values.last().map(|(value, _)| *value)
    }

    fn rank(&self, low: Option<f64>, high: Option<f64>) -> Option<f64> {
        let within = |value: f64| low.is_none_or(|low| value > low) && high.is_none_or(|high| value <= high);
        let inside: f64 =
            self.values.iter().filter(|(value, _)| within(*value)).map(|(_, weight)| weight).sum();
        let all = self.weight();
        (all > 0.0).then(|| inside * 100.0 / all)
    }

    fn weight(&self) -> f64 {
        self.values.iter().map(|(_, weight)| weight).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hundred() -> Samples {
        let mut all = Samples::default();
        for n in 1..=100 {
            all.merge(Samples::of(f64::from(n), 1.0));
        }
        all
    }

    fn statistic(name: &str) -> Option<f64> {
        hundred().statistic(Stat::parse(name).unwrap())
    }

    #[test]
    fn statistics_of_one_to_a_hundred() {
        assert_eq!(statistic("SampleCount"), Some(100.0));
        assert_eq!(statistic("Sum"), Some(5050.0));
        assert_eq!(statistic("Average"), Some(50.5));
        assert_eq!((statistic("Minimum"), statistic("Maximum")), (Some(1.0), Some(100.0)));
        assert_eq!(
            (statistic("p90"), statistic("p99.5"), statistic("p0")),
            (Some(90.0), Some(100.0), Some(1.0))
        );
        assert_eq!(statistic("PR(:30)"), Some(30.0));
        assert_eq!((statistic("PR(90:)"), statistic("PR(10:20)")), (Some(10.0), Some(10.0)));
        assert_eq!(Samples::default().statistic(Stat::Sum), None);
    }

    #[test]
    fn nonsense_is_no_statistic() {
        for name in ["", "p", "p101", "PR(:)", "PR(1)", "sum", "tm90"] {
            assert_eq!(Stat::parse(name), None, "{name}");
        }
    }
}
