//! Whether errors come one by one or in clumps: one client that tries again twenty times has one trouble, not twenty.

use super::counts::Part;
use super::evidence::kept;
use serde::{Deserialize, Serialize};

/// With fewer periods than this, and with fewer pairs of neighbours among them that had errors, nothing is known of how
/// errors come.
pub const PERIODS: u32 = 5;
/// With fewer such pairs than this what they say is doubted: they may have been alike by chance.
const DOUBTED: f64 = 3.0;
/// As many errors may come together, as long as nothing is known; but no more than were ever seen in one period.
const TOGETHER: f64 = 10.0;
/// A change from one period to the next that is as unlikely as this (χ²) is an incident that begins or ends, no clump; and so
/// are the changes just before and after it, since an incident begins and ends in the midst of a period.
const INCIDENT: f64 = 100.0;
/// The mean of n such χ² is 1 where errors come one by one; up to this much by √n above it is chance.
const CHANCE: f64 = 2.6;

/// How the live side's errors come, from each period to the next, so that a slow drift is none.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Clumping {
    #[serde(default)]
    last: Part,
    #[serde(default)]
    periods: u32,
    /// The most errors that a period of these pairs had, and that before the last pair.
    #[serde(default)]
    most: f64,
    #[serde(default)]
    most_before: f64,
    /// χ² of the pairs of neighbours that had errors, added up …
    #[serde(default)]
    squares: f64,
    /// … and how many those are.
    #[serde(default)]
    pairs: f64,
    /// The χ² of the last pair, among these until it is seen to be the edge of an incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    latest: Option<f64>,
    /// Whether the last change was an incident's.
    #[serde(default)]
    at_edge: bool,
}

impl Clumping {
    /// Counts one more period of the live side.
    pub fn add(&mut self, seen: Part) {
        if seen.whole <= 0.0 {
            return;
        }
        if self.last.whole > 0.0 {
            let square = unlike(seen, self.last);
            if seen.part + self.last.part > 0.0 {
                self.change(square, seen.part.max(self.last.part));
            }
        }
        self.periods = self.periods.saturating_add(1);
        self.last = seen;
    }

    fn change(&mut self, square: f64, most: f64) {
        if square >= INCIDENT {
            if let Some(edge) = self.latest.take() {
                self.squares = kept(self.squares - edge);
                self.pairs -= 1.0;
                self.most = self.most_before;
            }
            self.at_edge = true;
        } else if self.at_edge {
            self.at_edge = false;
        } else {
            let square = kept(square);
            self.squares = kept(self.squares + square);
            self.pairs += 1.0;
            self.latest = Some(square);
            (self.most_before, self.most) = (self.most, self.most.max(most));
        }
    }

    /// How many errors come together, on the average, as far as was seen; at least 1.
    pub fn measured(&self) -> f64 {
        let size = if self.pairs > 0.0 { self.squares / self.pairs } else { 1.0 };
        if size > 1.0 + CHANCE / self.pairs.sqrt() { size } else { 1.0 }
    }

    /// How many errors come together, on the average; at least 1. A period's evidence is divided by it. While few pairs are
    /// known it is taken to be more; `now` is how many errors the period has that is judged.
    pub fn size(&self, now: f64) -> f64 {
        let doubt = (1.0 - self.pairs / DOUBTED).max(0.0);
        self.measured().max(self.most.max(now).clamp(1.0, TOGETHER).powf(doubt))
    }

    /// Whether there were enough errors to know.
    pub fn is_known(&self) -> bool {
        self.periods >= PERIODS && self.pairs >= f64::from(PERIODS)
    }
}

/// How unlike two shares are: Pearson's χ² of the two by two table, 1 on the average if they are the same.
pub fn unlike(one: Part, two: Part) -> f64 {
    let pooled = one.and(two).share();
    let variance = pooled * (1.0 - pooled) * (1.0 / one.whole + 1.0 / two.whole);
    if variance > 0.0 && variance.is_finite() { (one.share() - two.share()).powi(2) / variance } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errors: &[u64]) -> Clumping {
        let mut clumping = Clumping::default();
        errors.iter().for_each(|errors| clumping.add(Part::of(*errors, 10_000)));
        clumping
    }

    #[test]
    fn single_errors_are_no_clumps_and_bursts_are() {
        assert!(of(&[1, 0, 1, 0, 0, 1, 0]).size(0.0) < 1.1);
        assert!((of(&[20, 0, 20, 0, 0, 20, 0]).size(0.0) - 20.0).abs() < 0.1);
    }

    #[test]
    fn of_few_periods_the_worst_is_thought() {
        assert!(of(&[]).size(0.0) < 1.1, "without an error nothing is thought");
        assert_eq!(of(&[]).size(40.0), TOGETHER);
        assert_eq!(of(&[]).size(3.0), 3.0);
        let (doubted, better_known) = (of(&[9, 9]).size(0.0), of(&[9, 9, 9]).size(0.0));
        assert!(doubted > better_known && better_known > 1.5, "{doubted} {better_known}");
        assert_eq!(of(&[9, 9, 9, 9]).size(0.0), 1.0);
        assert!(!of(&[20, 0, 20, 0]).is_known());
    }

    #[test]
    fn an_outage_is_no_clump() {
        assert!(of(&[10, 11, 9, 10, 11, 2_000, 2_010, 2_005, 10, 11]).size(0.0) < 1.1);
        for edges in
            [&[0, 0, 0, 60, 2_000, 0, 0, 0][..], &[0, 0, 0, 0, 2_000, 60, 0, 0], &[0, 0, 60, 2_000, 60, 0, 0]]
        {
            assert_eq!(of(edges).size(0.0), 1.0, "{edges:?}");
        }
        assert!(of(&[10, 11, 9, 10, 11, 9]).is_known());
    }
}
