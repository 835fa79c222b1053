//! What stays on the terminal: what happened, the verdicts, the table at the end. Pure.

use super::text::{BAD, BOLD, DIM, GOOD, Line, PLAIN, STATE};
use crate::report::page::words::{clock, count, usd};
use crate::report::{Moment, Report, Scenario, headline};
use anstyle::Style;
use std::path::Path;

/// How wide the column of states is: as the longest name of one.
const STATE_WIDTH: usize = 16;
/// The most sentences of what did not hold; the report has them all.
const MAX_BROKEN: usize = 20;

/// The first lines of a scenario.
pub fn opening(name: &str, about: &str) -> Vec<Line> {
    vec![Line::new(), Line::new().with(BOLD, name).with(DIM, "  ").with(DIM, about)]
}

/// Something that happened.
pub fn moment(moment: &Moment) -> Line {
    Line::new()
        .with(DIM, format!("{:>9}  ", clock(moment.at_ms, true)))
        .with(STATE, format!("{:STATE_WIDTH$}", moment.state))
        .with(PLAIN, "  ")
        .with(PLAIN, &moment.note)
}

/// The last lines of a scenario.
pub fn verdict(scenario: &Scenario) -> Vec<Line> {
    let (mark, style) = mark(scenario.held);
    let mut lines = vec![
        Line::new()
            .with(style, format!("{mark} {}", if scenario.held { "Held" } else { "Did not hold" }))
            .with(PLAIN, ": ")
            .with(PLAIN, &scenario.verdict),
    ];
    let advice = scenario.advice.iter();
    lines.extend(advice.map(|advice| Line::new().with(BAD, "  ! ").with(PLAIN, advice)));
    if scenario.held {
        return lines;
    }
    lines.push(Line::new().with(DIM, "  Expected: ").with(PLAIN, &scenario.expected));
    lines.extend(
        scenario
            .broken
            .iter()
            .take(MAX_BROKEN)
            .map(|broken| Line::new().with(BAD, "  - ").with(PLAIN, broken)),
    );
    let beyond = scenario.broken.len().saturating_sub(MAX_BROKEN);
    if beyond > 0 {
        lines.push(Line::new().with(DIM, format!("  - and {beyond} more, see the report")));
    }
    let again = format!("cargo rehearse run {} --seed {}", scenario.name, scenario.seed);
    lines.push(Line::new().with(DIM, "  Again: ").with(PLAIN, again));
    lines
}

/// The lines after the last scenario.
pub fn closing(report: &Report, page: &Path) -> Vec<Line> {
    let name = report.scenarios.iter().map(|scenario| scenario.name.chars().count()).max().unwrap_or(0);
    let name = name.max("scenario".len());
    let mut lines = vec![Line::new()];
    if !report.scenarios.is_empty() {
        let head = format!(
            "  {:name$}  {:13} {:>9} {:>7} {:>10}",
            "scenario", "outcome", "requests", "failed", "cost"
        );
        lines.push(Line::new().with(DIM, head));
        lines.extend(report.scenarios.iter().map(|scenario| row(scenario, name)));
        lines.push(Line::new());
    }
    let (_, style) = mark(report.held);
    lines.push(Line::new().with(style, headline(report)).with(PLAIN, "."));
    lines.push(Line::new().with(DIM, "Report: ").with(PLAIN, page.display().to_string()));
    lines
}

fn row(scenario: &Scenario, name: usize) -> Line {
    let (mark, style) = mark(scenario.held);
    let requests = &scenario.requests;
    let failed = if requests.failed == 0 { PLAIN } else { BAD };
    let cost = scenario.receipt.as_ref().map_or("–".to_owned(), |receipt| usd(receipt.cost.total_usd));
    Line::new()
        .with(style, format!("{mark} "))
        .with(
            PLAIN,
            format!("{:name$}  {:13} {:>9} ", scenario.name, scenario.outcome, count(requests.total)),
        )
        .with(failed, format!("{:>7} ", count(requests.failed)))
        .with(PLAIN, format!("{cost:>10}"))
}

fn mark(held: bool) -> (&'static str, Style) {
    if held { ("✓", GOOD) } else { ("✗", BAD) }
}
