//! Where the view is drawn: a terminal that is written over in place, or a stream that only grows.

use super::text::Line;
use crossterm::Command;
use crossterm::cursor::MoveToPreviousLine;
use crossterm::terminal::{self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use std::io::{self, IsTerminal, Write};

/// How wide a terminal is that does not say.
const USUAL: usize = 80;
/// What stays is not cut: a terminal wraps it, and a stream has no edge.
const NO_EDGE: usize = usize::MAX;
/// The narrowest terminal that anything is fitted to.
const NARROWEST: usize = 20;

/// What the environment wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish {
    /// Whether lines may be written over.
    pub live: bool,
    /// Whether there may be colours.
    pub painted: bool,
}

impl Wish {
    /// Nothing is written over or painted unless a terminal that can do it reads along. `NO_COLOR` as
    /// no-color.org has it: set to anything but nothing.
    pub fn of(is_terminal: bool, term: Option<&str>, no_color: Option<&str>) -> Self {
        let live = is_terminal && term != Some("dumb");
        Self { live, painted: live && no_color.is_none_or(str::is_empty) }
    }
}

/// The place.
pub struct Screen {
    stream: Box<dyn Write + Send>,
    wish: Wish,
    /// How wide the terminal is, asked anew each time: people change it.
    width: Box<dyn Fn() -> usize + Send>,
    /// What is shown below everything that was said.
    shown: Vec<String>,
}

impl Screen {
    /// Standard output, as the environment wants it.
    pub fn stdout() -> Self {
        let variable = |name| std::env::var(name).ok();
        let (term, no_color) = (variable("TERM"), variable("NO_COLOR"));
        let wish = Wish::of(io::stdout().is_terminal(), term.as_deref(), no_color.as_deref());
        let width = || terminal::size().map_or(USUAL, |(columns, _)| usize::from(columns));
        Self::new(Box::new(io::stdout()), wish, Box::new(width))
    }

    /// Any stream, plainly.
    pub fn plain(stream: Box<dyn Write + Send>) -> Self {
        Self::new(stream, Wish { live: false, painted: false }, Box::new(|| USUAL))
    }

    /// Any stream, as wished.
    pub fn new(stream: Box<dyn Write + Send>, wish: Wish, width: Box<dyn Fn() -> usize + Send>) -> Self {
        Self { stream, wish, width, shown: Vec::new() }
    }

    /// Says something that stays.
    pub fn say(&mut self, lines: &[Line]) {
        let said = lines.iter().map(|line| line.render(NO_EDGE, self.wish.painted)).collect();
        let shown = self.shown.clone();
        self.write(said, shown);
    }

    /// Shows something until the next call. A stream does not.
    pub fn show(&mut self, lines: &[Line]) {
        if !self.wish.live {
            return;
        }
        // A line that wraps could not be written over.
        let width = (self.width)().max(NARROWEST) - 1;
        let shown: Vec<String> = lines.iter().map(|line| line.render(width, self.wish.painted)).collect();
        if shown != self.shown {
            self.write(Vec::new(), shown);
        }
    }

    /// Takes away what was only shown.
    pub fn clear(&mut self) {
        if !self.shown.is_empty() {
            self.write(Vec::new(), Vec::new());
        }
    }

    /// What stays goes where the view was, and the view below it, all in one go so that nothing flickers.
    fn write(&mut self, said: Vec<String>, shown: Vec<String>) {
        let mut text = String::new();
        let over = u16::try_from(self.shown.len()).unwrap_or(u16::MAX);
        if self.wish.live {
            ansi(&mut text, BeginSynchronizedUpdate);
        }
        if over > 0 {
            ansi(&mut text, MoveToPreviousLine(over));
            ansi(&mut text, Clear(ClearType::FromCursorDown));
        }
        for line in said.iter().chain(&shown) {
            text.push_str(line);
            text.push('\n');
        }
        if self.wish.live {
            ansi(&mut text, EndSynchronizedUpdate);
        }
        self.shown = shown;
        // A reader that has gone away, as `head` does, must not end the rehearsal.
        let _ = self.stream.write_all(text.as_bytes()).and_then(|()| self.stream.flush());
    }
}

fn ansi(text: &mut String, command: impl Command) {
    // Writing to a String cannot fail.
    let _ = command.write_ansi(text);
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_is_listened_to() {
        let wish = |live, painted| Wish { live, painted };
        assert_eq!(Wish::of(true, Some("xterm"), None), wish(true, true));
        assert_eq!(Wish::of(true, None, Some("")), wish(true, true));
        assert_eq!(Wish::of(true, Some("xterm"), Some("1")), wish(true, false));
        assert_eq!(Wish::of(true, Some("dumb"), None), wish(false, false));
        assert_eq!(Wish::of(false, Some("xterm"), None), wish(false, false));
    }
}
