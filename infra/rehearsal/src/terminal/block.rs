//! The live view of a frame. Pure.

use super::frame::{Frame, Side};
use super::text::{BAD, BLUE, BOLD, DIM, GOOD, GREEN, Line, PLAIN, STATE};
use crate::report::page::words::{clock, count};
use anstyle::Style;

/// How many characters show a weight of a hundred.
const BAR: u32 = 20;

/// The lines of the view.
pub fn block(frame: &Frame) -> Vec<Line> {
    let widest = |part: fn(&Side) -> usize| frame.sides.iter().map(part).max().unwrap_or(0);
    let name = widest(|side| side.name.chars().count());
    let version = widest(|side| version(side).chars().count());
    let mut lines = vec![Line::new(), head(frame)];
    lines.extend(frame.sides.iter().map(|side| row(side, name, version)));
    lines.push(traffic(frame));
    lines
}

fn head(frame: &Frame) -> Line {
    let line = Line::new()
        .with(DIM, format!("{:>7}  ", clock(frame.elapsed_ms, false)))
        .with(BOLD, &frame.scenario)
        .with(PLAIN, "  ");
    let line = if frame.state.is_empty() {
        line.with(DIM, "before the deployment")
    } else {
        line.with(STATE, &frame.state)
    };
    if frame.note.is_empty() { line } else { line.with(DIM, " · ").with(PLAIN, &frame.note) }
}

fn row(side: &Side, name: usize, width: usize) -> Line {
    let full = (side.weight.min(100) * BAR).div_ceil(100);
    let full = usize::try_from(full).unwrap_or(0);
    let rest = usize::try_from(BAR).unwrap_or(0) - full;
    let unfit = if side.healthy < side.running { PLAIN } else { DIM };
    Line::new()
        .with(PLAIN, "         ")
        .with(colour(&side.name), format!("{:name$}", side.name))
        .with(PLAIN, format!("  {:width$}  ", version(side)))
        .with(colour(&side.name), "█".repeat(full))
        .with(DIM, "░".repeat(rest))
        .with(BOLD, format!(" {:>3}", side.weight))
        .with(unfit, format!("   {} of {} {} healthy", side.healthy, side.running, tasks(side.running)))
}

fn traffic(frame: &Frame) -> Line {
    let failed = if frame.failed == 0 { GOOD } else { BAD };
    Line::new()
        .with(PLAIN, format!("         {:.0} requests a second", frame.rate))
        .with(DIM, format!(", {} in flight, {} so far, ", frame.in_flight, count(frame.total)))
        .with(failed, format!("{} failed", count(frame.failed)))
}

fn version(side: &Side) -> &str {
    side.version.as_deref().unwrap_or("–")
}

fn tasks(number: u32) -> &'static str {
    if number == 1 { "task" } else { "tasks" }
}

fn colour(side: &str) -> Style {
    match side {
        "blue" => BLUE,
        "green" => GREEN,
        _ => STATE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_seen_at_a_glance() {
        let side = |name: &str, version: Option<&str>, weight, healthy, running| Side {
            name: name.to_owned(),
            version: version.map(str::to_owned),
            weight,
            healthy,
            running,
        };
        let frame = Frame {
            scenario: "good-push".to_owned(),
            elapsed_ms: 83_400,
            state: "Bake".to_owned(),
            note: "green 10 %".to_owned(),
            sides: vec![side("blue", Some("v1"), 90, 4, 4), side("green", None, 10, 0, 1)],
            rate: 199.6,
            in_flight: 21,
            total: 16_204,
            failed: 3,
            moments: Vec::new(),
        };
        let lines: Vec<String> = block(&frame).iter().map(|line| line.render(80, false)).collect();
        let expected = [
            "",
            "   1:23  good-push  Bake · green 10 %",
            "         blue   v1  ██████████████████░░  90   4 of 4 tasks healthy",
            "         green  –   ██░░░░░░░░░░░░░░░░░░  10   0 of 1 task healthy",
            "         200 requests a second, 21 in flight, 16,204 so far, 3 failed",
        ];
        assert_eq!(lines, expected);
        let before = Frame { state: String::new(), note: String::new(), ..frame };
        assert_eq!(block(&before)[1].render(80, false), "   1:23  good-push  before the deployment");
    }
}
