//! One line: one period of one series.

use crate::object::{Named, Object};
use changeover_domain::settings::Strategy;
use changeover_domain::verdict::counts::MAX_COUNT;
use changeover_domain::verdict::{Counted, MAX_LIMITS, Period, Slow};
use serde::Deserialize;
use std::borrow::Cow;

/// The longest period, in seconds: a day.
pub const MAX_SECONDS: u64 = 86_400;
/// The longest name of a series, in bytes.
pub const MAX_NAME: usize = 200;

/// A line as it is written. What else is on it, such as a time or a note, is the writer's.
#[derive(Debug, Deserialize)]
pub struct Line<'a> {
    /// Which series it belongs to.
    #[serde(borrow)]
    pub series: Cow<'a, str>,
    /// How the service changes over; later lines need not say it.
    #[serde(default)]
    pub strategy: Option<Strategy>,
    seconds: f64,
    next: Object<Side>,
    #[serde(default)]
    live: Option<Object<Side>>,
    #[serde(default)]
    rest: Option<Object<Side>>,
    /// The series' settings, on its first line.
    #[serde(default)]
    pub settings: Option<Named<serde_json::Value>>,
}

/// One side's counts. Numbers are read as such, so that exports that write `1200.0` are understood.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Side {
    requests: f64,
    errors: f64,
    #[serde(default)]
    client_errors: f64,
    #[serde(default)]
    redirects: f64,
    #[serde(default)]
    answers: Option<f64>,
    #[serde(default)]
    slow: Option<Named<f64>>,
}

/// Reads a line: what it says of its series, and its period or what is wrong with that, all of it at once.
///
/// # Errors
/// Why it cannot be read.
pub fn read(text: &str) -> Result<(Line<'_>, Result<Period, String>), String> {
    let Object(line): Object<Line<'_>> = serde_json::from_str(text)
        .map_err(|error| error.to_string().replace(" at line 1 column ", " at column "))?;
    if line.series.len() > MAX_NAME {
        return Err(format!("series has a name of more than {MAX_NAME} bytes"));
    }
    let period = period(&line);
    Ok((line, period))
}

fn period(line: &Line<'_>) -> Result<Period, String> {
    let mut mistakes = Vec::new();
    let seconds = whole(line.seconds).filter(|seconds| (1..=MAX_SECONDS).contains(seconds));
    if seconds.is_none() {
        mistakes.push(format!("seconds is {}: must be a whole number from 1 to {MAX_SECONDS}", line.seconds));
    }
    let next = counted("next", &line.next.0, &mut mistakes);
    let live = line.live.as_ref().map(|side| counted("live", &side.0, &mut mistakes));
    let rest = line.rest.as_ref().map(|side| counted("rest", &side.0, &mut mistakes));
    if mistakes.is_empty() {
        Ok(Period { seconds: seconds.unwrap_or_default(), next, live, rest })
    } else {
        Err(mistakes.join("; "))
    }
}

fn whole(number: f64) -> Option<u64> {
    let fits = number.fract() == 0.0 && (0.0..=MAX_COUNT as f64).contains(&number);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it fits")]
    fits.then_some(number as u64)
}

fn counted(name: &str, side: &Side, mistakes: &mut Vec<String>) -> Counted {
    let before = mistakes.len();
    let mut count = |field: &str, number: f64| {
        whole(number).unwrap_or_else(|| {
            mistakes
                .push(format!("{name}.{field} is {number}: must be a whole number from 0 to {MAX_COUNT}"));
            0
        })
    };
    let (requests, errors) = (count("requests", side.requests), count("errors", side.errors));
    let client_errors = count("client_errors", side.client_errors);
    let redirects = count("redirects", side.redirects);
    let answers = side.answers.map_or(requests, |answers| count("answers", answers));
    let limits: Vec<(&str, u64)> = side
        .slow
        .iter()
        .flat_map(|slow| &slow.0)
        .map(|(limit, beyond)| (limit.trim(), count("slow", *beyond)))
        .collect();
    let mut slow: Vec<Slow> = Vec::new();
    for (limit, beyond) in limits {
        match limit.parse::<f64>() {
            Ok(limit) if slow.iter().any(|one| one.limit == limit) => {
                mistakes.push(format!("{name}.slow has the limit {limit} twice"));
            }
            Ok(limit) if limit.is_finite() && limit >= 0.0 => {
                // What is written as -0 is 0.
                slow.push(Slow { limit: limit.abs(), answers: beyond });
            }
            _ => mistakes.push(format!("{name}.slow has {limit:?}: must be a number of seconds")),
        }
    }
    if mistakes.len() == before {
        // Answers may be to requests of the period before.
        let most = requests.max(answers);
        let parts = [
            ("errors", errors, requests),
            ("client_errors", client_errors, most),
            ("redirects", redirects, most),
        ];
        for (field, part, whole) in parts.into_iter().filter(|(_, part, whole)| part > whole) {
            mistakes.push(format!("{name}.{field} is {part}, more than there were requests: {whole}"));
        }
        for Slow { limit, answers: beyond } in slow.iter().filter(|slow| slow.answers > answers) {
            mistakes.push(format!(
                "{name}.slow has {beyond} beyond {limit} s, more than there were answers: {answers}"
            ));
        }
        if slow.len() > MAX_LIMITS {
            mistakes
                .push(format!("{name}.slow has {} limits: at most {MAX_LIMITS} are followed", slow.len()));
        }
    }
    Counted { requests, errors, client_errors, redirects, answers, slow }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_as_documented_is_read() {
        let (line, period) = read(
            r#"{"series":"a","strategy":"blue-green","seconds":60,"note":"mine","next":{"requests":1200,"errors":3,
            "client_errors":40,"redirects":0,"answers":1197,"slow":{"0.25":12}},"live":{"requests":10800.0,"errors":1e1},
            "settings":{"bake":"2m"}}"#,
        )
        .unwrap();
        let period = period.unwrap();
        assert_eq!((&*line.series, line.strategy), ("a", Some(Strategy::BlueGreen)));
        assert_eq!(period.next.slow, [Slow { limit: 0.25, answers: 12 }]);
        assert_eq!(
            period.live.map(|live| (live.requests, live.errors, live.answers)),
            Some((10_800, 10, 10_800))
        );
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let told = read(
            r#"{"series":"a","seconds":0,"next":{"requests":10,"errors":12},"live":{"requests":-3,"errors":0.5}}"#,
        )
        .unwrap()
        .1
        .unwrap_err();
        for part in ["seconds is 0", "next.errors is 12, more", "live.requests is -3", "live.errors is 0.5"] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn what_is_no_number_or_is_misspelt_is_refused() {
        for wrong in [
            "",
            "[]",
            r#"["a","blue-green",60,{"requests":10,"errors":0}]"#,
            r#"{"series":"a","seconds":60,"next":[10,0]}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0},"live":[10,0]}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"errors":1}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"slow":{"1":1,"1":2}}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"slow":{"1":1,"1.0":2}}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0},"settings":{"bake":"1m","bake":"2m"}}"#,
            "{\"series\":\"a\"}",
            r#"{"series":"a","seconds":60,"next":{"requests":1e400,"errors":0}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":1e300,"errors":0}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":"10","errors":0}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"sloww":{}}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"slow":{"fast":1}}}"#,
            r#"{"series":"a","seconds":60,"next":{"requests":10,"errors":0,"slow":{"1":11}}}"#,
            r#"{"series":"a","strategy":"canary","seconds":60,"next":{"requests":10,"errors":0}}"#,
        ] {
            let refused = read(wrong).and_then(|(_, period)| period);
            assert!(refused.is_err(), "{wrong}");
        }
    }
}
