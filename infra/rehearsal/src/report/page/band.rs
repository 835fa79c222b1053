//! The states over time, as bands. Pure.

use crate::report::fact::Moment;
use crate::report::phase::{Phase, is_end, is_pause};

/// A stretch of time in one state, its pauses included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// From when.
    pub from_ms: u64,
    /// Until when.
    pub to_ms: u64,
    /// What is being done.
    pub phase: Phase,
    /// The state.
    pub state: String,
}

/// The bands of a timeline that ends at `end_ms`. The same state again, and the pauses in between, are one band; an
/// end is none, and lets time pass unnamed until another execution begins.
pub fn bands(timeline: &[Moment], end_ms: u64) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    let mut over = true;
    for moment in timeline {
        if let (Some(open), false) = (bands.last_mut(), over) {
            open.to_ms = moment.at_ms.max(open.from_ms);
        }
        let same = bands.last().is_some_and(|open| open.state == moment.state);
        let goes_on = !over && (same || is_pause(&moment.state));
        over = is_end(&moment.state);
        if !over && !goes_on {
            bands.push(Band {
                from_ms: moment.at_ms,
                to_ms: moment.at_ms,
                phase: Phase::of(&moment.state),
                state: moment.state.clone(),
            });
        }
    }
    if let (Some(open), false) = (bands.last_mut(), over) {
        open.to_ms = open.to_ms.max(end_ms);
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(states: &[(u64, &str)]) -> Vec<Moment> {
        let moment = |(at_ms, state): &(u64, &str)| Moment {
            at_ms: *at_ms,
            state: (*state).to_owned(),
            note: String::new(),
        };
        states.iter().map(moment).collect()
    }

    #[test]
    fn a_state_and_its_pauses_are_one_band() {
        let timeline = timeline(&[
            (0, "Plan"),
            (2, "RegisterRevision"),
            (5, "CheckHealth"),
            (9, "WaitForHealth"),
            (14, "CheckHealth"),
            (20, "Swap"),
        ]);
        let found = bands(&timeline, 30);
        let spans: Vec<_> =
            found.iter().map(|band| (band.from_ms, band.to_ms, band.state.as_str())).collect();
        let expected = [(0, 2, "Plan"), (2, 5, "RegisterRevision"), (5, 20, "CheckHealth"), (20, 30, "Swap")];
        assert_eq!(spans, expected);
        assert_eq!((found[0].phase, found[1].phase), (Phase::Prepare, Phase::Prepare));
    }

    #[test]
    fn an_end_ends_a_band_and_another_execution_begins_one() {
        let found = bands(&timeline(&[(0, "Finish"), (7, "Succeeded"), (50, "Plan")]), 90);
        let spans: Vec<_> = found.iter().map(|band| (band.from_ms, band.to_ms)).collect();
        assert_eq!(spans, [(0, 7), (50, 90)]);
        assert_eq!(bands(&timeline(&[(3, "Succeeded")]), 90), []);
        assert_eq!(bands(&[], 90), []);
    }
}
