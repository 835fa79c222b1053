//! How the live version usually does: the longest quiet stretch of its own periods.
//!
//! A fixed span of time before a deployment may be an incident, and an incident is no measure for what comes after it. So
//! a stretch ends where the share changes more than chance does; what is well below the stretch so far replaces it, what
//! is well above it is an incident, unless it has become the longer of both: then that is how the version does.

use super::bound;
use super::clumping::unlike;
use super::counts::Part;
use super::evidence::kept;
use serde::{Deserialize, Serialize};

/// A share changed if it is as unlike the stretch before as this (χ²).
const CHANGED: f64 = 25.0;
/// What is above the quiet stretch counts as usual when it has lasted for so many periods, and longer than that.
const LASTING: u32 = 10;
/// How sure the upper bound of a usual share is.
const CERTAINTY: f64 = 0.999;
/// The usual share of whoever has no history: only gross harm is told from it.
const UNKNOWN: f64 = 0.1;
/// An incident's share is drawn towards 0 by so many requests, so that a straggler is none.
const STRAGGLERS: f64 = 5.0;

#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Stretch {
    seen: Part,
    periods: u32,
}

impl Stretch {
    fn begin(seen: Part) -> Self {
        Self { seen, periods: 1 }
    }

    fn add(&mut self, seen: Part) {
        self.seen = self.seen.and(seen);
        self.periods = self.periods.saturating_add(1);
    }
}

/// What is usual.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Baseline {
    #[serde(default)]
    quiet: Stretch,
    /// What is above it and has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    incident: Option<(Stretch, Part)>,
    /// Where the incident's last period was well below the one before, by what factor: it was about to end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fading: Option<f64>,
}

impl Baseline {
    /// Adds one more period; `clump` is how many errors come together.
    pub fn add(&mut self, seen: Part, clump: f64) {
        if seen.whole <= 0.0 {
            return;
        }
        if self.quiet.periods == 0 {
            self.quiet = Stretch::begin(seen);
            return;
        }
        let changed = unlike(seen, self.quiet.seen) / clump > CHANGED;
        if !changed {
            self.quiet.add(seen);
            self.incident = None;
        } else if seen.share() < self.quiet.seen.share() {
            (self.quiet, self.incident) = (Stretch::begin(seen), None);
        } else {
            let (mut stretch, last) = self.incident.unwrap_or_default();
            stretch.add(seen);
            self.fading = fell(last, seen, clump);
            if stretch.periods > LASTING.max(self.quiet.periods) {
                (self.quiet, self.incident) = (stretch, None);
            } else {
                self.incident = Some((stretch, seen));
            }
        }
    }

    /// What was seen in the quiet stretch.
    pub fn seen(&self) -> Part {
        self.quiet.seen
    }

    /// The share that is usual at most.
    pub fn usual(&self, clump: f64) -> f64 {
        let Stretch { seen, .. } = self.quiet;
        if seen.whole <= 0.0 {
            return UNKNOWN;
        }
        let effective = Part { part: seen.part / clump, whole: seen.whole / clump };
        bound::upper(effective, CERTAINTY).min(UNKNOWN.max(2.0 * seen.share()))
    }

    /// The share of the incident that has not ended, as far as it can be expected to go on; 0 without one.
    pub fn ailing(&self) -> f64 {
        let last = self.incident.map_or(0.0, |(_, last)| last.part / (last.whole + STRAGGLERS));
        last * self.fading.unwrap_or(1.0)
    }

    /// Whether an incident began in the last period, maybe at its very end: how bad it is cannot be known yet.
    pub fn is_falling_ill(&self) -> bool {
        self.incident.is_some_and(|(stretch, _)| stretch.periods == 1)
    }

    /// One more period has passed: what was about to end is that much nearer to its end.
    pub fn fade(&mut self) {
        if let (Some((_, last)), Some(factor)) = (&mut self.incident, self.fading) {
            last.part = kept(last.part * factor);
        }
    }

    /// A period of which the live version is only a part: whatever it suffers now is at most that. What has not become less
    /// is not about to end.
    pub fn ease(&mut self, mixed: Part) {
        if let Some((stretch, last)) = &mut self.incident {
            stretch.periods = stretch.periods.saturating_add(1);
            if fell(*last, mixed, 1.0).is_some() {
                *last = mixed;
            } else {
                self.fading = None;
            }
        }
    }

    /// The incident is over for whoever judges by it.
    pub fn recover(&mut self) {
        self.incident = None;
    }

    /// What a share is in this period beyond what is usual, 0 if it is not: somebody else's suffering.
    pub fn suffering(&self, seen: Part) -> f64 {
        if self.quiet.periods == 0 || seen.whole <= 0.0 {
            return 0.0;
        }
        let above = unlike(seen, self.quiet.seen) > CHANGED && seen.share() > self.quiet.seen.share();
        if above { seen.part / (seen.whole + STRAGGLERS) } else { 0.0 }
    }
}

/// By what factor a share fell from one period to the next, if that is no chance.
fn fell(before: Part, after: Part, clump: f64) -> Option<f64> {
    let lower = before.whole > 0.0 && after.share() < before.share();
    (lower && unlike(after, before) / clump > CHANGED).then(|| kept(after.share() / before.share()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errors: &[u64]) -> Baseline {
        let mut baseline = Baseline::default();
        errors.iter().for_each(|errors| baseline.add(Part::of(*errors, 1_000), 1.0));
        baseline
    }

    #[test]
    fn an_incident_is_not_usual_whenever_it_was() {
        for errors in [&[400, 410, 1, 0, 2, 1][..], &[1, 0, 2, 1, 400, 410], &[1, 0, 400, 410, 400, 0, 1]] {
            assert!(of(errors).usual(1.0) < 0.02, "{errors:?}");
        }
    }

    #[test]
    fn what_has_lasted_for_long_is_usual() {
        let mut errors = vec![0, 1];
        errors.extend([50; 12]);
        assert!((of(&errors).seen().share() - 0.05).abs() < 1e-9);
    }

    #[test]
    fn an_incident_that_has_not_ended_is_known() {
        assert!(of(&[1, 0, 400]).ailing() > 0.39);
        assert_eq!(of(&[1, 0, 400, 0]).ailing(), 0.0);
        let mut eased = of(&[1, 0, 400]);
        eased.ease(Part::of(50, 1_000));
        assert!(eased.ailing() < 0.06);
        eased.ease(Part::of(500, 1_000));
        assert!(eased.ailing() < 0.06, "that may be the new version");
    }

    #[test]
    fn an_incident_that_was_about_to_end_is_soon_no_excuse() {
        let mut ending = of(&[1, 0, 600, 200]);
        assert!((0.05..0.08).contains(&ending.ailing()), "{}", ending.ailing());
        (0..3).for_each(|_| ending.fade());
        assert!(ending.ailing() < 0.01);
        let mut lasting = of(&[1, 0, 600, 580]);
        (0..30).for_each(|_| lasting.fade());
        assert!(lasting.ailing() > 0.5);
        let mut seen_again = of(&[1, 0, 600, 200]);
        seen_again.ease(Part::of(190, 1_000));
        assert!(seen_again.ailing() > 0.18);
    }

    #[test]
    fn an_incident_of_one_period_may_have_begun_at_its_end() {
        assert!(of(&[1, 0, 200]).is_falling_ill());
        assert!(!of(&[1, 0, 200, 600]).is_falling_ill());
        assert!(!of(&[1, 0, 200, 1]).is_falling_ill());
    }

    #[test]
    fn without_a_history_only_gross_harm_is_told() {
        assert_eq!(Baseline::default().usual(1.0), UNKNOWN);
        assert!(of(&[0]).usual(1.0) < 0.03);
    }
}
