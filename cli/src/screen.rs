//! Where answers go: plain or coloured, words or JSON, and questions to whoever sits there.

use crate::args::{Globals, Output};
use crate::failure::Failure;
use anstyle::{AnsiColor, Style};
use changeover_domain::record::Outcome;
use serde::Serialize;
use std::io::{IsTerminal as _, Write as _};

/// The terminal, or the pipe.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// JSON instead of words.
    pub json: bool,
    /// Whether somebody watches: then lines may be drawn over.
    pub live: bool,
    colours: bool,
    yes: bool,
}

impl Screen {
    /// As the options, the streams and `NO_COLOR` say.
    pub fn of(globals: &Globals) -> Self {
        let terminal = std::io::stdout().is_terminal();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var("TERM").is_ok_and(|term| term == "dumb");
        let json = globals.output == Output::Json;
        Self { json, live: terminal && !json, colours: terminal && !plain && !json, yes: globals.yes }
    }

    /// Says a line. A reader who has gone is no reason to fail.
    pub fn say(&self, line: impl AsRef<str>) {
        let _ = writeln!(std::io::stdout().lock(), "{}", line.as_ref());
    }

    /// Says a line to people only: with JSON nothing.
    pub fn tell(&self, line: impl AsRef<str>) {
        if !self.json {
            self.say(line);
        }
    }

    /// The answer: one JSON document, or these words.
    pub fn answer<T: Serialize>(&self, document: &T, words: impl FnOnce() -> String) {
        if self.json {
            match serde_json::to_string_pretty(document) {
                Ok(text) => self.say(text),
                Err(error) => self.say(format!("{{\"error\":\"{error}\"}}")),
            }
        } else {
            self.say(words());
        }
    }

    /// Draws a line that the next one replaces, where somebody watches.
    pub fn draw(&self, line: &str) {
        if self.live {
            let mut out = std::io::stdout().lock();
            let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
        }
    }

    /// Takes away what was drawn.
    pub fn wipe(&self) {
        self.draw("");
    }

    /// A text in a style, where there are styles.
    pub fn style(&self, style: Style, text: impl std::fmt::Display) -> String {
        if self.colours { format!("{style}{text}{style:#}") } else { text.to_string() }
    }

    /// Faint, for what matters less.
    pub fn faint(&self, text: impl std::fmt::Display) -> String {
        self.style(Style::new().dimmed(), text)
    }

    /// Bold, for what matters.
    pub fn bold(&self, text: impl std::fmt::Display) -> String {
        self.style(Style::new().bold(), text)
    }

    /// An outcome in its colour.
    pub fn outcome(&self, outcome: Option<Outcome>) -> String {
        let (colour, text) = match outcome {
            None => (AnsiColor::Cyan, "on the way".to_owned()),
            Some(Outcome::Succeeded) => (AnsiColor::Green, "Succeeded".to_owned()),
            Some(outcome @ (Outcome::Refused | Outcome::Superseded)) => {
                (AnsiColor::Yellow, outcome.to_string())
            }
            Some(outcome) => (AnsiColor::Red, outcome.to_string()),
        };
        self.style(colour.on_default(), text)
    }

    /// Good, or not.
    pub fn mark(&self, good: bool) -> String {
        if good {
            self.style(AnsiColor::Green.on_default(), "ok  ")
        } else {
            self.style(AnsiColor::Red.on_default(), "FAIL")
        }
    }

    /// Asks before something is changed. Without anybody to ask, `--yes` has to have said it.
    pub fn confirm(&self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
            return Err(Failure::usage(format!("{what}\nNobody can be asked here: say --yes.")));
        }
        let mut err = std::io::stderr().lock();
        let _ = write!(err, "{what} [y/N] ").and_then(|()| err.flush());
        let mut said = String::new();
        let _ = std::io::stdin().read_line(&mut said);
        if matches!(said.trim().to_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(Failure::not("Nothing was done."))
        }
    }
}
