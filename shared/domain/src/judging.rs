//! How strictly a version is judged: four settings that have numbers of their own.

use crate::verdict::Tolerated;
use serde::{Deserialize, Serialize};

/// A number with up to six digits after the point, kept as a whole number of millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millionths(pub u64);

impl Millionths {
    /// Reads `0.5` or `99.9`, with a `%` behind it or not.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('%').trim_end();
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let number: f64 = plain.then(|| text.parse().ok())??;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "digits only; it saturates"
        )]
        Some(Self((number * 1e6).round() as u64))
    }

    /// As a number.
    pub fn number(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl std::fmt::Display for Millionths {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.number().fmt(f)
    }
}

/// What becomes of a version of which nothing is proven when the patience is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unproven {
    /// It passes where the traffic gave no more to judge by, and goes back where the live side had traffic and it had
    /// none.
    #[default]
    AsQuiet,
    /// It passes.
    Pass,
    /// It goes back.
    RollBack,
}

/// How strictly a version is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Judging {
    /// How many percentage points more of its requests may fail than of the live side's.
    pub tolerated_errors: Millionths,
    /// How many times as long as the live side's its answers may take.
    pub tolerated_slowdown: Millionths,
    /// How sure a pass is, in percent; a take-back has a tenth of the doubt.
    pub certainty: Millionths,
    /// What becomes of a version of which nothing is proven.
    pub unproven: Unproven,
}

/// The least and the most that each may be set to.
pub const TOLERATED_ERRORS: (Millionths, Millionths) = (Millionths(0), Millionths(50_000_000));
/// See [`TOLERATED_ERRORS`].
pub const TOLERATED_SLOWDOWN: (Millionths, Millionths) = (Millionths(1_100_000), Millionths(100_000_000));
/// See [`TOLERATED_ERRORS`].
pub const CERTAINTY: (Millionths, Millionths) = (Millionths(80_000_000), Millionths(99_999_900));

impl Default for Judging {
    fn default() -> Self {
        Self {
            tolerated_errors: Millionths(100_000),
            tolerated_slowdown: Millionths(2_000_000),
            certainty: Millionths(99_000_000),
            unproven: Unproven::AsQuiet,
        }
    }
}

impl Judging {
    /// What is tolerated, as shares.
    pub fn tolerated(&self) -> Tolerated {
        Tolerated {
            errors: self.tolerated_errors.number() / 100.0,
            certainty: self.certainty.number() / 100.0,
        }
    }
}

/// Reads a number within bounds.
pub fn within((least, most): (Millionths, Millionths)) -> impl Fn(&str) -> Result<Millionths, String> {
    move |text| match Millionths::parse(text) {
        Some(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(format!("must be a number from {least} to {most}")),
    }
}

/// Reads `pass`, `roll-back` or `as-quiet`.
///
/// # Errors
/// What it must be.
pub fn unproven(text: &str) -> Result<Unproven, String> {
    match text {
        "as-quiet" => Ok(Unproven::AsQuiet),
        "pass" => Ok(Unproven::Pass),
        "roll-back" => Ok(Unproven::RollBack),
        _ => Err("must be as-quiet, pass or roll-back".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        assert_eq!(Millionths::parse("0.1"), Some(Millionths(100_000)));
        assert_eq!(Millionths::parse(" 99.9 % "), Some(Millionths(99_900_000)));
        for bad in ["", "-1", "1e3", "one", "1,5", "nan", "1.2.3", "%"] {
            assert_eq!(Millionths::parse(bad), None, "{bad}");
        }
        assert_eq!(within(CERTAINTY)("0.99"), Err("must be a number from 80 to 99.9999".to_owned()));
        assert!(within(TOLERATED_SLOWDOWN)("99999999999999999999999999").is_err());
    }
}
