//! A judge for other people's numbers: reads periods as JSON lines, and says after each what the shipped rule says.
//!
//! Owns: the lines' format. Never: a rule of its own; that is `changeover_domain::verdict`.

mod command;
mod line;
mod object;
mod series;

use changeover_domain::state::Verdict;
use serde::Serialize;
use series::Series;
use std::collections::HashMap;
use std::io::{self, BufRead, Read as _, Write};

pub use command::command;
pub use line::{MAX_NAME, MAX_SECONDS};

/// The longest line, in bytes.
pub const MAX_LINE: usize = 64 * 1024;
/// How many series may be under way at once.
pub const MAX_SERIES: usize = 100_000;
/// Bounds and evidence are written with so many digits after the point.
const DIGITS: f64 = 1e6;

/// How many lines were judged, and how many refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Judged.
    pub judged: u64,
    /// Refused.
    pub refused: u64,
}

/// What is said after each period.
#[derive(Serialize)]
struct Answer<'a> {
    series: &'a str,
    period: u64,
    verdict: Verdict,
    why: &'a str,
    bound: f64,
    evidence: f64,
}

/// Judges all lines of `input`, one answer to each on `output`; what is refused is told on `refusals`, with its number.
///
/// # Errors
/// What could not be read or written.
pub fn judge(
    mut input: impl BufRead,
    output: &mut impl Write,
    refusals: &mut impl Write,
) -> io::Result<Tally> {
    let mut judge = Judge::default();
    let mut tally = Tally::default();
    let mut bytes = Vec::new();
    for number in 1_u64.. {
        bytes.clear();
        if input.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let too_long = bytes.len() > MAX_LINE && bytes.last() != Some(&b'\n');
        if too_long {
            skip_line(&mut input)?;
        }
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let said = match std::str::from_utf8(&bytes) {
            _ if too_long => Err(format!("longer than {MAX_LINE} bytes")),
            Ok(text) => judge.line(text.trim_start_matches('\u{feff}'), output)?,
            Err(_) => Err("not UTF-8".to_owned()),
        };
        match said {
            Ok(()) => tally.judged += 1,
            Err(why) => {
                tally.refused += 1;
                writeln!(refusals, "line {number} is refused: {why}")?;
            }
        }
    }
    Ok(tally)
}

/// Reads on to the end of a line that is too long.
fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let buffer = input.fill_buf()?;
        let (used, over) = match buffer.iter().position(|byte| *byte == b'\n') {
            Some(end) => (end + 1, true),
            None => (buffer.len(), buffer.is_empty()),
        };
        input.consume(used);
        if over {
            return Ok(());
        }
    }
}

/// The series by name; none for one whose first line had settings that are wrong.
#[derive(Default)]
struct Judge {
    series: HashMap<String, Option<Series>>,
}

impl Judge {
    fn line(&mut self, text: &str, output: &mut impl Write) -> io::Result<Result<(), String>> {
        let (line, period) = match line::read(text) {
            Ok(read) => read,
            Err(why) => return Ok(Err(why)),
        };
        // A line whose counts are wrong says all the same how its series is judged.
        let (series, period) = match (self.series_of(&line), period) {
            (Ok(series), Ok(period)) => (series, period),
            (Err(why), Ok(_)) | (Ok(_), Err(why)) => return Ok(Err(why)),
            (Err(one), Err(other)) => return Ok(Err(format!("{one}; {other}"))),
        };
        if let Err(why) = series.follows(&period) {
            return Ok(Err(why));
        }
        let (period, ruling) = series.observe(&period);
        let answer = Answer {
            series: &line.series,
            period,
            verdict: ruling.verdict,
            why: &ruling.why,
            bound: short(ruling.bound),
            evidence: short(ruling.evidence),
        };
        serde_json::to_writer(&mut *output, &answer)?;
        output.write_all(b"\n")?;
        Ok(Ok(()))
    }

    fn series_of(&mut self, line: &line::Line<'_>) -> Result<&mut Series, String> {
        let settings = line.settings.as_ref().map(|settings| &settings.0).filter(|all| !all.is_empty());
        let begun = self.series.get(&*line.series).is_some_and(Option::is_some);
        if !begun {
            let refused = self.series.contains_key(&*line.series);
            if refused && settings.is_none() {
                return Err("the settings of this series were refused, and this line has none".to_owned());
            }
            if !refused && self.series.len() >= MAX_SERIES {
                return Err(format!("there are {MAX_SERIES} series already"));
            }
            match Series::begin(line.strategy, settings.cloned()) {
                Ok(series) => drop(self.series.insert(line.series.clone().into_owned(), Some(series))),
                Err(why) => {
                    if settings.is_some() {
                        self.series.insert(line.series.clone().into_owned(), None);
                    }
                    return Err(why);
                }
            }
        }
        let series = self.series.get_mut(&*line.series).and_then(Option::as_mut);
        let series = series.ok_or("the series is unknown")?;
        series.agrees(line.strategy, settings)?;
        Ok(series)
    }
}

fn short(number: f64) -> f64 {
    (number * DIGITS).round() / DIGITS
}
