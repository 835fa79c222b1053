//! The states over time, as bands. Pure.

use crate::report::fact::Moment;

/// What a deployment is doing in a state, which decides the band's colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading, planning, registering.
    Prepare,
    /// Starting tasks.
    Start,
    /// Looking at health.
    Verify,
    /// Writing weights.
    Shift,
    /// Watching.
    Bake,
    /// Letting the old side finish.
    Drain,
    /// Taking it back.
    Rollback,
    /// Finishing, or finished.
    Finish,
    /// Anything else.
    Other,
}

impl Phase {
    /// The phase that a state's name tells; `None` for a pause that belongs to the state before.
    fn of(state: &str) -> Option<Self> {
        let has = |part| state.contains(part);
        Some(match state {
            _ if has("Rollback") || has("RollBack") || has("Recover") => Self::Rollback,
            _ if has("Drain") => Self::Drain,
            _ if has("Bake") || has("Baking") => Self::Bake,
            _ if has("Swap") || has("Shift") || has("Weight") => Self::Shift,
            _ if has("Health") || has("Verify") => Self::Verify,
            _ if has("UpdateService") || has("Start") => Self::Start,
            _ if has("Plan") || has("Register") => Self::Prepare,
            _ if has("Finish") || is_outcome(state) => Self::Finish,
            _ if has("Wait") || has("Next") || has("?") => return None,
            _ => Self::Other,
        })
    }

    /// The name of its colour.
    pub fn class(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Start => "start",
            Self::Verify => "verify",
            Self::Shift => "shift",
            Self::Bake => "bake",
            Self::Drain => "drain",
            Self::Rollback => "rollback",
            Self::Finish => "finish",
            Self::Other => "other",
        }
    }
}

/// Whether a name is that of an outcome, at which a deployment is over.
pub fn is_outcome(state: &str) -> bool {
    matches!(state, "Succeeded" | "RolledBack" | "Refused" | "Superseded" | "NeedsHuman")
}

/// A stretch of time in one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Band {
    /// From when.
    pub from_ms: u64,
    /// Until when.
    pub to_ms: u64,
    /// What is being done.
    pub phase: Phase,
    /// The first state in it.
    pub state: String,
}

/// The bands of a timeline that ends at `end_ms`. States of one phase in a row, and the pauses between them, are
/// one band; the last ends with the outcome, if there is one.
pub fn bands(timeline: &[Moment], end_ms: u64) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for moment in timeline {
        let over = is_outcome(&moment.state);
        if let Some(open) = bands.last_mut() {
            open.to_ms = moment.at_ms.max(open.from_ms);
        }
        let phase = Phase::of(&moment.state);
        match (bands.last(), phase) {
            (Some(open), Some(phase)) if open.phase == phase => {}
            (Some(_), None) => {}
            (_, phase) => bands.push(Band {
                from_ms: moment.at_ms,
                to_ms: moment.at_ms,
                phase: phase.unwrap_or(Phase::Other),
                state: moment.state.clone(),
            }),
        }
        if over {
            return bands;
        }
    }
    if let Some(open) = bands.last_mut() {
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
    fn states_of_a_phase_and_their_pauses_are_one_band() {
        let timeline =
            timeline(&[(0, "Plan"), (5, "CheckHealth"), (9, "Wait"), (14, "CheckHealth"), (20, "Swap")]);
        let found = bands(&timeline, 30);
        let spans: Vec<_> = found.iter().map(|band| (band.from_ms, band.to_ms, band.phase)).collect();
        assert_eq!(spans, [(0, 5, Phase::Prepare), (5, 20, Phase::Verify), (20, 30, Phase::Shift)]);
        assert_eq!(found[1].state, "CheckHealth");
    }

    #[test]
    fn an_outcome_ends_the_last_band() {
        let found = bands(&timeline(&[(0, "Finish"), (7, "Succeeded")]), 90);
        assert_eq!(found.iter().map(|band| (band.from_ms, band.to_ms)).collect::<Vec<_>>(), [(0, 7)]);
        assert_eq!(bands(&[], 90), []);
    }
}
