//! Lengths of time as people write them in tags: `45s`, `10m`, `2h`.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A whole number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u64);

impl Seconds {
    /// Reads `45s`, `10m` or `2h`; the unit is required, so that nobody's minutes become seconds.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("{text:?} is not a length of time such as 45s, 10m or 2h");
        let unit = text.chars().last().ok_or_else(wrong)?;
        let factor = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let number: u64 = text[..text.len() - 1].trim().parse().map_err(|_| wrong())?;
        number.checked_mul(factor).map(Self).ok_or_else(wrong)
    }

    /// This long after a moment.
    #[must_use]
    pub fn after(self, moment: crate::Timestamp) -> crate::Timestamp {
        let span = jiff::SignedDuration::from_secs(i64::try_from(self.0).unwrap_or(i64::MAX));
        moment.checked_add(span).unwrap_or(crate::Timestamp::MAX)
    }

    /// From one moment to a later one; zero if it is not later.
    #[must_use]
    pub fn between(from: crate::Timestamp, to: crate::Timestamp) -> Self {
        Self(u64::try_from(to.duration_since(from).as_secs()).unwrap_or(0))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            s if s > 0 && s % 3600 == 0 => write!(f, "{}h", s / 3600),
            s if s > 0 && s % 60 == 0 => write!(f, "{}m", s / 60),
            s => write!(f, "{s}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_are_required() {
        assert_eq!(Seconds::parse("60s"), Ok(Seconds(60)));
        assert_eq!(Seconds::parse("2h"), Ok(Seconds(7200)));
        for bad in ["60", "", "s", "1d", "-1s", "1.5m", "99999999999999999999h"] {
            assert!(Seconds::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(s in 0u64..10_000_000) {
            prop_assert_eq!(Seconds::parse(&Seconds(s).to_string()), Ok(Seconds(s)));
        }
    }
}
