//! Lines of styled text: cut to a width, and painted or not.

use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;

/// Ordinary text.
pub const PLAIN: Style = Style::new();
/// What is looked for first.
pub const BOLD: Style = Style::new().bold();
/// What may be overlooked.
pub const DIM: Style = Style::new().dimmed();
/// What went well.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// What went wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// The blue side.
pub const BLUE: Style = AnsiColor::Blue.on_default();
/// The green side.
pub const GREEN: Style = AnsiColor::Green.on_default();
/// A name of a state.
pub const STATE: Style = AnsiColor::Cyan.on_default();

/// One line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Line {
    parts: Vec<(Style, String)>,
}

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// With more text. What could move the cursor is taken out: text comes from other people's logs.
    #[must_use]
    pub fn with(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.parts.push((style, clean(text.as_ref())));
        self
    }

    /// The line, at most `width` characters of it, painted or not.
    pub fn render(&self, width: usize, painted: bool) -> String {
        let mut left = width;
        let mut line = String::new();
        let whole: usize = self.parts.iter().map(|(_, text)| text.chars().count()).sum();
        for (style, text) in &self.parts {
            let length = text.chars().count();
            let cut = if whole > width && length >= left {
                let kept: String = text.chars().take(left.saturating_sub(1)).collect();
                if left > 0 { kept + "…" } else { kept }
            } else {
                text.clone()
            };
            left -= length.min(left);
            // Writing to a String cannot fail.
            let _ = match (painted && !cut.is_empty() && *style != PLAIN, cut) {
                (true, cut) => write!(line, "{style}{cut}{style:#}"),
                (false, cut) => write!(line, "{cut}"),
            };
        }
        if painted { line } else { line.trim_end().to_owned() }
    }
}

/// Text without control characters, each run of them and of white space a single space between words.
fn clean(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        let line = Line::new().with(BOLD, "twelve").with(PLAIN, " letters");
        assert_eq!(line.render(80, false), "twelve letters");
        assert_eq!(line.render(14, false), "twelve letters");
        assert_eq!(line.render(10, false), "twelve le…");
        assert_eq!(line.render(6, false), "twelv…");
        assert_eq!(line.render(1, false), "…");
        assert_eq!(line.render(0, false), "");
    }

    #[test]
    fn paint_is_only_where_it_is_wanted() {
        let line = Line::new().with(BAD, "3").with(PLAIN, " failed");
        assert_eq!(line.render(80, true), "\u{1b}[1m\u{1b}[31m3\u{1b}[0m failed");
        assert_eq!(line.render(80, false), "3 failed");
    }

    #[test]
    fn other_peoples_text_cannot_move_the_cursor() {
        let line = Line::new().with(PLAIN, "panicked:\n\t\u{1b}[2Jgone\r\u{7}");
        assert_eq!(line.render(80, false), "panicked: [2Jgone");
    }
}
