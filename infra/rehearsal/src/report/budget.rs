//! Where the time of a deployment went. Pure.
//!
//! Every millisecond belongs to exactly one part, so the parts add up to the wall clock: what a deployment has to
//! wait for anyhow, and the rest, which is our own.

use super::phase::{Phase, is_end, is_pause};
use super::receipt::{StateTime, Waiting};

/// A stretch of time, its end not included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// From when.
    pub from_ms: u64,
    /// Until when.
    pub to_ms: u64,
}

/// A state that was entered, from Step Functions' history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visit {
    /// The state.
    pub state: String,
    /// From entering to leaving it.
    pub span: Span,
}

/// What there was to wait for, and when. Spans may overlap: a moment counts for the first that has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    /// ECS started or stopped tasks.
    pub ecs: Vec<Span>,
    /// Tasks ran, and had yet to prove healthy.
    pub health: Vec<Span>,
    /// A step baked.
    pub bake: Vec<Span>,
    /// The old side drained.
    pub drain: Vec<Span>,
}

impl Waits {
    /// What the state machine waited for by its own account: its pauses. That ECS was starting tasks cannot be told
    /// from it; those spans are the observer's.
    pub fn of(visits: &[Visit], ecs: Vec<Span>) -> Self {
        let pauses = |phase: Phase| {
            let of = visits.iter().filter(|visit| is_pause(&visit.state) && Phase::of(&visit.state) == phase);
            of.map(|visit| visit.span).collect::<Vec<_>>()
        };
        // After a rollback the new side drains like any other.
        let drain = [pauses(Phase::Drain), pauses(Phase::Rollback)].concat();
        Self { ecs, health: pauses(Phase::Verify), bake: pauses(Phase::Bake), drain }
    }
}

/// Divides the time of a deployment. The parts add up to the whole.
pub fn budget(whole: Span, waits: &Waits) -> Waiting {
    if whole.to_ms <= whole.from_ms {
        return Waiting::default();
    }
    let all = [&waits.ecs, &waits.health, &waits.bake, &waits.drain];
    let cuts = all.iter().flat_map(|spans| spans.iter()).flat_map(|span| [span.from_ms, span.to_ms]);
    let inside = cuts.filter(|at| (whole.from_ms..whole.to_ms).contains(at));
    let mut edges: Vec<u64> = inside.chain([whole.from_ms, whole.to_ms]).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut parts = [0_u64; 5];
    for piece in edges.windows(2) {
        let has = |spans: &&Vec<Span>| spans.iter().any(|s| s.from_ms <= piece[0] && piece[0] < s.to_ms);
        let part = all.iter().position(has).unwrap_or(all.len());
        parts[part] += piece[1] - piece[0];
    }
    let [ecs_ms, health_ms, bake_ms, drain_ms, overhead_ms] = parts;
    Waiting { ecs_ms, health_ms, bake_ms, drain_ms, overhead_ms }
}

/// The time in each state, in the order in which they were first entered. Choices and ends take none.
pub fn states(visits: &[Visit]) -> Vec<StateTime> {
    let mut states: Vec<StateTime> = Vec::new();
    for visit in visits.iter().filter(|visit| !visit.state.ends_with('?') && !is_end(&visit.state)) {
        let ms = visit.span.to_ms.saturating_sub(visit.span.from_ms);
        match states.iter_mut().find(|state| state.state == visit.state) {
            Some(known) => {
                known.entered += 1;
                known.ms += ms;
            }
            None => states.push(StateTime { state: visit.state.clone(), entered: 1, ms }),
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ms: u64, to_ms: u64) -> Span {
        Span { from_ms, to_ms }
    }

    fn visit(state: &str, from_ms: u64, to_ms: u64) -> Visit {
        Visit { state: state.to_owned(), span: span(from_ms, to_ms) }
    }

    fn sum(waiting: &Waiting) -> u64 {
        waiting.ecs_ms + waiting.health_ms + waiting.bake_ms + waiting.drain_ms + waiting.overhead_ms
    }

    #[test]
    fn the_state_machines_pauses_are_divided_and_the_rest_is_ours() {
        let visits = [
            visit("Plan", 100, 150),
            visit("CheckHealth", 150, 200),
            visit("Healthy?", 200, 200),
            visit("WaitForHealth", 200, 1_200),
            visit("CheckHealth", 1_200, 1_240),
            visit("WaitForBake", 1_240, 3_240),
            visit("WaitForDrain", 3_240, 3_740),
            visit("WaitForRollback", 3_740, 3_840),
            visit("Succeeded", 3_840, 3_840),
        ];
        // ECS was starting tasks from before the first look until the middle of the wait.
        let waits = Waits::of(&visits, vec![span(140, 700)]);
        let found = budget(span(100, 3_900), &waits);
        let expected =
            Waiting { ecs_ms: 560, health_ms: 500, bake_ms: 2_000, drain_ms: 600, overhead_ms: 140 };
        assert_eq!(found, expected);
        let named: Vec<_> = states(&visits).into_iter().map(|s| (s.state, s.entered, s.ms)).collect();
        assert_eq!(named[1], ("CheckHealth".to_owned(), 2, 90));
        assert_eq!(named.len(), 6, "no choice and no end: {named:?}");
    }

    #[test]
    fn the_parts_add_up_however_the_spans_lie() {
        // Overlapping, outside, inside out and empty spans.
        let waits = Waits {
            ecs: vec![span(0, 30), span(20, 40), span(90, 80)],
            health: vec![span(35, 60), span(500, 900)],
            bake: vec![span(60, 60), span(10, 70)],
            drain: vec![span(95, 10_000)],
        };
        for (from, to) in [(0, 100), (25, 64), (99, 100), (50, 50), (0, 10_000)] {
            assert_eq!(sum(&budget(span(from, to), &waits)), to - from, "{from}..{to}");
        }
        let found = budget(span(0, 100), &waits);
        let expected = Waiting { ecs_ms: 40, health_ms: 20, bake_ms: 10, drain_ms: 5, overhead_ms: 25 };
        assert_eq!(found, expected);
        assert_eq!(budget(span(7, 19), &Waits::default()).overhead_ms, 12);
        assert_eq!(sum(&budget(span(9, 3), &Waits::default())), 0, "a clock that went back");
    }
}
