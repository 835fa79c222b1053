//! What people see in a terminal while a rehearsal runs.
//!
//! Owns: the live view, the lines that stay, the table at the end. On a terminal the view is drawn in place and what
//! happens scrolls by above it; into a pipe goes one plain line for each thing that happens, and the verdicts. Never:
//! any clock or any figure of its own; all of it comes in frames and in the report.

mod block;
mod frame;
mod said;
mod screen;
mod text;

pub use frame::{Frame, Side};

use crate::report::phase::is_pause;
use crate::report::{Moment, Report, Scenario};
use screen::Screen;
use std::io::Write;
use std::path::Path;

/// The terminal of one rehearsal.
pub struct Terminal {
    screen: Screen,
    /// How many moments of the running scenario were said.
    said: usize,
    /// The last of them, as it was said.
    last: Option<(String, String)>,
}

impl Terminal {
    /// Standard output: live if that is a terminal, plain otherwise. `NO_COLOR` and `TERM=dumb` are respected.
    pub fn stdout() -> Self {
        Self::on(Screen::stdout())
    }

    /// Any stream, plainly.
    pub fn plain(stream: Box<dyn Write + Send>) -> Self {
        Self::on(Screen::plain(stream))
    }

    fn on(screen: Screen) -> Self {
        Self { screen, said: 0, last: None }
    }

    /// Says a line that is not about a scenario.
    pub fn say(&mut self, line: &str) {
        self.screen.say(&[text::Line::new().with(text::PLAIN, line)]);
    }

    /// A scenario begins.
    pub fn begin(&mut self, name: &str, about: &str) {
        (self.said, self.last) = (0, None);
        self.screen.say(&said::opening(name, about));
    }

    /// Shows a frame. Moments that were not said before are said now.
    pub fn frame(&mut self, frame: &Frame) {
        self.moments(&frame.moments);
        self.screen.show(&block::block(frame));
    }

    /// The scenario is over: what is left of its timeline, and its verdict.
    pub fn end(&mut self, scenario: &Scenario) {
        self.moments(&scenario.timeline);
        self.screen.clear();
        self.screen.say(&said::verdict(scenario));
    }

    /// The rehearsal is over. `page` is where the report was written.
    pub fn close(&mut self, report: &Report, page: &Path) {
        self.screen.clear();
        self.screen.say(&said::closing(report, page));
    }

    /// Pauses, and the same again, are nothing new: a poll loop would fill the screen with them.
    fn moments(&mut self, moments: &[Moment]) {
        for moment in moments.iter().skip(self.said).filter(|moment| !is_pause(&moment.state)) {
            let now = (moment.state.clone(), moment.note.clone());
            if self.last.as_ref() != Some(&now) {
                self.screen.say(&[said::moment(moment)]);
                self.last = Some(now);
            }
        }
        self.said = self.said.max(moments.len());
    }
}

#[cfg(test)]
mod tests;
