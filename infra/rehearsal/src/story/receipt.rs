//! What a deployment had to wait for: what ECS, health checks, bakes and drains take by themselves.

use super::Story;
use crate::report::{Point, Span, Waits};

/// What the parts take by themselves, and what was seen of them.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// The new side's running tasks from each moment on; moments are epoch milliseconds.
    pub running: Vec<Point>,
    /// The new side's healthy targets, likewise.
    pub healthy: Vec<Point>,
    /// How many tasks there are to be.
    pub tasks: u32,
    /// How long N readings take that are the target group's interval apart: `(N - 1) × interval`.
    pub readings_ms: u64,
    /// How long one bake takes: as set, and until its numbers are complete.
    pub bake_ms: u64,
    /// When the last task of the side that went out was gone, in epoch milliseconds.
    pub gone_at_ms: Option<u64>,
}

/// The waits of an execution, in epoch milliseconds. Whatever a part did not need by itself is in none of them, so a
/// wait that was too long is our own overhead.
pub fn waits(story: &Story, parts: &Parts) -> Waits {
    let stopped = ms(story.stopped.unwrap_or(story.started));
    let entered = |state: &str| story.first(state).map(|visit| ms(visit.entered));
    let mut waits = Waits::default();
    if let Some(asked) = story.first("UpdateService").and_then(|visit| visit.left).map(ms) {
        // Health ends where the next thing begins.
        let ends = [entered("Swap"), entered("Rollback"), entered("Bake")];
        let end = ends.into_iter().flatten().min().unwrap_or(stopped);
        let running = reached(&parts.running, parts.tasks, asked).unwrap_or(end).min(end);
        waits.ecs.push(Span { from_ms: asked, to_ms: running });
        let healthy = reached(&parts.healthy, parts.tasks, asked).unwrap_or(end).clamp(running, end);
        waits.health.push(Span { from_ms: running, to_ms: (healthy + parts.readings_ms).min(end) });
    }
    for span in bakes(story) {
        let to_ms = span.to_ms.min(span.from_ms + parts.bake_ms);
        waits.bake.push(Span { to_ms, ..span });
    }
    let ending = [entered("Rollback"), entered("Drain")].into_iter().flatten().min();
    if let (Some(from_ms), Some(gone)) = (ending, parts.gone_at_ms) {
        waits.drain.push(Span { from_ms, to_ms: gone.clamp(from_ms, stopped.max(from_ms)) });
    }
    waits
}

/// Each bake: from entering it until something else than its own waiting is entered.
fn bakes(story: &Story) -> Vec<Span> {
    const OWN: [&str; 3] = ["Bake", "Baked?", "WaitForBake"];
    let mut spans = Vec::new();
    let mut began = None;
    for visit in &story.visits {
        match (OWN.contains(&visit.state.as_str()), began) {
            (true, None) => began = Some(visit.entered),
            (false, Some(from)) => {
                spans.push(Span { from_ms: ms(from), to_ms: ms(visit.entered) });
                began = None;
            }
            _ => {}
        }
    }
    spans
}

/// When a value was first reached, from a moment on.
fn reached(points: &[Point], least: u32, from: u64) -> Option<u64> {
    points.iter().find(|point| point.at_ms >= from && point.value >= least).map(|point| point.at_ms)
}

/// Epoch seconds as milliseconds.
pub(crate) fn ms(seconds: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are after 1970")]
    let ms = (seconds * 1000.0).round() as u64;
    ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::budget;
    use crate::story::history::Visit;

    fn visit(state: &str, entered: f64, left: f64) -> Visit {
        Visit { state: state.into(), kind: "Task".into(), entered, left: Some(left), ..Visit::default() }
    }

    #[test]
    fn the_parts_and_the_overhead_are_the_whole() {
        let story = Story {
            started: 0.0,
            stopped: Some(50.0),
            visits: vec![
                visit("UpdateService", 1.0, 2.0),
                visit("CheckHealth", 2.0, 20.0),
                visit("Swap", 20.0, 20.5),
                visit("Bake", 20.5, 27.0),
                visit("Drain", 27.0, 45.0),
                visit("Finish", 45.0, 50.0),
            ],
            ..Story::default()
        };
        let point = |at_ms, value| Point { at_ms, value };
        let parts = Parts {
            running: vec![point(0, 0), point(4_000, 4)],
            healthy: vec![point(0, 0), point(9_000, 4)],
            tasks: 4,
            readings_ms: 10_000,
            bake_ms: 6_000,
            gone_at_ms: Some(44_000),
        };
        let waits = waits(&story, &parts);
        let waiting = budget(Span { from_ms: 0, to_ms: 50_000 }, &waits);
        assert_eq!((waiting.ecs_ms, waiting.health_ms), (2_000, 15_000));
        assert_eq!((waiting.bake_ms, waiting.drain_ms), (6_000, 17_000));
        assert_eq!(waiting.overhead_ms, 10_000);
    }
}
