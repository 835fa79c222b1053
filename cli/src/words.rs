//! A deployment in words: lines, tables, spans of time. Pure.

use crate::screen::Screen;
use crate::told::{Story, Summary};
use changeover_domain::Timestamp;
use changeover_domain::image::{PinnedImage, short};
use changeover_domain::record::Entry;
use changeover_domain::settings::Strategy;
use std::fmt::Write as _;

/// Longest text of a cell.
const WIDE: usize = 60;

/// `1h02m`, `5m03s`, `12s`.
pub fn span(seconds: u64) -> String {
    match seconds {
        s if s >= 86_400 => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3600),
        s if s >= 3600 => format!("{}h{:02}m", s / 3600, s % 3600 / 60),
        s if s >= 60 => format!("{}m{:02}s", s / 60, s % 60),
        s => format!("{s}s"),
    }
}

/// `2026-11-23 02:27:27`, in UTC as AWS's console can show it.
pub fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A line of a story.
pub fn line(screen: &Screen, began: Timestamp, entry: &Entry) -> String {
    let after = u64::try_from(entry.at.duration_since(began).as_secs()).unwrap_or(0);
    format!("{}  {:<17} {}", screen.faint(format!("{:>8}", span(after))), entry.state, entry.note)
}

/// `web:v2 (a67c179bcefc)`.
pub fn image(image: Option<&PinnedImage>) -> String {
    image.map_or_else(|| "-".to_owned(), ToString::to_string)
}

/// An image reference of a task definition, shortened for reading: no registry, twelve digits of the digest.
pub fn reference(reference: &str) -> String {
    let name = reference.rsplit('/').next().unwrap_or(reference);
    match name.split_once('@') {
        Some((name, digest)) => format!("{name}@{}", short(digest)),
        None => name.to_owned(),
    }
}

/// How it changes over, in a word or two.
pub fn strategy(summary: &Summary) -> String {
    match summary.strategy {
        None => "-".to_owned(),
        Some(Strategy::Rolling) => "rolling".to_owned(),
        Some(Strategy::BlueGreen) => {
            let steps: Vec<String> = summary.steps.iter().map(ToString::to_string).collect();
            format!("blue-green in steps of {} %", steps.join(", "))
        }
    }
}

/// Where a deployment stands, in one line.
pub fn standing(summary: &Summary) -> String {
    let mut text = match summary.state.as_str() {
        "" => "begins".to_owned(),
        state => format!("{state}: {}", summary.note),
    };
    if summary.strategy == Some(Strategy::BlueGreen) {
        let _ = write!(text, "; the new tasks get {} % of the requests", summary.weight);
    }
    text
}

/// The whole story.
pub fn story(screen: &Screen, story: &Story) -> String {
    let summary = &story.summary;
    let mut text = format!(
        "{}  {}\n  deployment  {}\n  image       {}\n  way         {}\n  asked by    {}\n  began       {} UTC\n",
        screen.bold(&summary.service),
        screen.outcome(summary.outcome),
        summary.deployment,
        image(summary.image.as_ref()),
        strategy(summary),
        summary.cause,
        moment(summary.began_at),
    );
    let _ = match summary.ended_at {
        Some(ended) => writeln!(text, "  ended       {} UTC, after {}", moment(ended), span(summary.seconds)),
        None => writeln!(text, "  so far      {}", span(summary.seconds)),
    };
    if let Some(why) = &summary.taken_back {
        let _ = writeln!(text, "  taken back  {why}");
    }
    if let Some(reason) = &summary.reason {
        let _ = writeln!(text, "  reason      {reason}");
    }
    text.push('\n');
    for entry in &story.timeline {
        let _ = writeln!(text, "{}", line(screen, summary.began_at, entry));
    }
    if let Some(receipt) = &story.receipt {
        let _ = write!(
            text,
            "\nof {}: health {}, bakes {}, drain {}, rollback {}",
            span(receipt.seconds),
            span(receipt.health_seconds),
            span(receipt.bake_seconds),
            span(receipt.drain_seconds),
            span(receipt.rollback_seconds),
        );
        if let Some(proven) = &receipt.proven {
            let _ = write!(text, "\nproven: {proven}");
        }
    }
    text.trim_end().to_owned()
}

/// Rows under headings, each column as wide as it needs; the last one is not filled up.
pub fn table(screen: &Screen, headings: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| visible(cell));
        cells.chain([headings[column].len()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let row = |cells: Vec<String>| {
        let mut text = String::new();
        for (column, cell) in cells.iter().enumerate() {
            let fill =
                if column + 1 == cells.len() { 0 } else { widths[column].saturating_sub(visible(cell)) + 2 };
            let _ = write!(text, "{cell}{}", " ".repeat(fill));
        }
        text.trim_end().to_owned()
    };
    let mut lines = vec![screen.faint(row(headings.iter().map(ToString::to_string).collect()))];
    lines.extend(rows.iter().map(|cells| row(cells.clone())));
    lines.join("\n")
}

/// A cell short enough for a table.
pub fn clip(text: &str) -> String {
    match text.char_indices().nth(WIDE) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// How many columns a text takes, colours left out.
fn visible(text: &str) -> usize {
    let mut count = 0;
    let mut escaped = false;
    for c in text.chars() {
        match (escaped, c) {
            (false, '\x1b') => escaped = true,
            (true, 'm') => escaped = false,
            (false, _) => count += 1,
            _ => {}
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_at_a_glance() {
        assert_eq!([5, 65, 3661, 90_000].map(span), ["5s", "1m05s", "1h01m", "1d01h"]);
    }

    #[test]
    fn references_lose_what_nobody_compares() {
        let digest = "a67c179bcefc".to_owned() + &"0".repeat(52);
        let text = format!("1.dkr.ecr.us-east-1.amazonaws.com/team/web@sha256:{digest}");
        assert_eq!(reference(&text), "web@a67c179bcefc");
        assert_eq!(reference("nginx:1"), "nginx:1");
    }

    #[test]
    fn colours_take_no_columns() {
        assert_eq!(visible("\x1b[32mok\x1b[0m"), 2);
        assert_eq!(clip(&"x".repeat(70)).chars().count(), WIDE + 1);
    }
}
