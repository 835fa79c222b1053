//! Schedule expressions: `rate(5 minutes)`, `cron(0 3 * * ? *)`, `at(2026-01-31T12:00:00)`. All in UTC.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use std::time::Duration;

/// How far ahead a cron expression is searched for its next time.
const MAX_YEARS: i16 = 8;

/// A checked schedule expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    source: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Rate(Duration),
    At(Timestamp),
    Cron(Box<Cron>),
}

#[derive(Debug, Clone, PartialEq)]
struct Cron {
    minutes: Vec<i64>,
    hours: Vec<i64>,
    days: Days,
    months: Vec<i64>,
    years: Vec<i64>,
}

/// Days of the month or of the week; the other one is `?`.
#[derive(Debug, Clone, PartialEq)]
enum Days {
    OfMonth(Vec<i64>),
    LastOfMonth,
    /// 1 is Sunday.
    OfWeek(Vec<i64>),
}

impl Expression {
    /// Checks an expression; what is wrong with it otherwise.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("Invalid Schedule Expression {text}.");
        let (kind, rest) = text.split_once('(').ok_or_else(wrong)?;
        let inner = rest.strip_suffix(')').ok_or_else(wrong)?.trim();
        let kind = match kind {
            "rate" => Kind::Rate(rate(inner).ok_or_else(wrong)?),
            "at" => {
                let time: DateTime = inner.parse().map_err(|_| wrong())?;
                Kind::At(time.to_zoned(TimeZone::UTC).map_err(|_| wrong())?.timestamp())
            }
            "cron" => {
                let cron = cron(inner).map_err(|why| format!("{} {why}", wrong()))?;
                Kind::Cron(Box::new(cron))
            }
            _ => return Err(wrong()),
        };
        Ok(Self { source: text.to_owned(), kind })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it ticks just once.
    #[must_use]
    pub fn is_once(&self) -> bool {
        matches!(self.kind, Kind::At(_))
    }

    /// The first tick of a schedule of Scheduler's that begins now, with no StartDate. A rate's is at once: "If you do
    /// not provide a StartDate, your schedule starts invoking immediately" (Scheduler's guide, schedule types). That of a
    /// rule of EventBridge is a period later.
    #[must_use]
    pub fn first(&self, now: Timestamp) -> Option<Timestamp> {
        if self.is_rate() { Some(now) } else { self.next(now, now) }
    }

    /// Whether it ticks at intervals.
    #[must_use]
    pub fn is_rate(&self) -> bool {
        matches!(self.kind, Kind::Rate(_))
    }

    /// The first tick after `now` of a schedule that began at `began`; nothing if there is none.
    #[must_use]
    pub fn next(&self, began: Timestamp, now: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            Kind::At(time) => (*time > now).then_some(*time),
            Kind::Rate(every) => {
                let every = i64::try_from(every.as_millis()).ok()?;
                let gone = (now.as_millisecond() - began.as_millisecond()).max(0);
                let ticks = gone / every + 1;
                Timestamp::from_millisecond(began.as_millisecond() + ticks * every).ok()
            }
            Kind::Cron(cron) => cron.next(now),
        }
    }
}

/// `5 minutes`; the unit is singular for 1 and only for 1, as EventBridge insists.
fn rate(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let seconds = match (unit.trim(), number) {
        ("minute", 1) => 60,
        ("hour", 1) => 3_600,
        ("day", 1) => 86_400,
        ("minutes", 2..) => 60,
        ("hours", 2..) => 3_600,
        ("days", 2..) => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(seconds)?))
}

const MONTHS: [&str; 12] =
    ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

fn cron(text: &str) -> Result<Cron, String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    let [minutes, hours, of_month, months, of_week, years] = fields[..] else {
        return Err("It needs six fields: minutes, hours, day of month, month, day of week, year.".to_owned());
    };
    let days = match (of_month, of_week) {
        ("?", "?") => return Err("Day of month or day of week has to be given.".to_owned()),
        ("L", "?") => Days::LastOfMonth,
        (days, "?") => Days::OfMonth(field(days, 1, 31, &[])?),
        ("?", days) => Days::OfWeek(field(days, 1, 7, &WEEKDAYS)?),
        _ => return Err("One of day of month and day of week has to be ?.".to_owned()),
    };
    Ok(Cron {
        minutes: field(minutes, 0, 59, &[])?,
        hours: field(hours, 0, 23, &[])?,
        days,
        months: field(months, 1, 12, &MONTHS)?,
        years: field(years, 1970, 2199, &[])?,
    })
}

/// The values of one field: `*`, `5`, `MON-FRI`, `0/15`, and lists of them.
fn field(text: &str, low: i64, high: i64, names: &[&str]) -> Result<Vec<i64>, String> {
    let value = |text: &str| {
        let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let number = match named {
            Some(at) => i64::try_from(at).ok().map(|at| at + low),
            None => text.parse().ok(),
        };
        number
            .filter(|number| (low..=high).contains(number))
            .ok_or_else(|| format!("{text} is not from {low} to {high}."))
    };
    let mut values = Vec::new();
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => {
                let step = step.parse().ok().filter(|step| *step > 0);
                (range, Some(step.ok_or_else(|| format!("{part} has no valid step."))?))
            }
            None => (part, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((first, last)) => (value(first)?, value(last)?),
            None => (value(range)?, if step.is_some() { high } else { value(range)? }),
        };
        let step: i64 = step.unwrap_or(1);
        let mut next = first;
        while next <= last {
            values.push(next);
            next += step;
        }
    }
    values.sort_unstable();
    values.dedup();
    if values.is_empty() { Err(format!("{text} is an empty range.")) } else { Ok(values) }
}

impl Cron {
    fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let start = now.to_zoned(TimeZone::UTC).datetime();
        let mut date = start.date();
        let end = date.checked_add(Span::new().years(MAX_YEARS)).ok()?;
        let today = i64::from(start.hour()) * 60 + i64::from(start.minute());
        let mut after = Some(today);
        while date <= end {
            if self.is_on(date)
                && let Some(minute) = self.first_after(after)
            {
                let hour = i8::try_from(minute / 60).ok()?;
                let minute = i8::try_from(minute % 60).ok()?;
                let time = date.at(hour, minute, 0, 0).to_zoned(TimeZone::UTC).ok()?;
                return Some(time.timestamp());
            }
            after = None;
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// The first minute of a day, or the first after this one.
    fn first_after(&self, after: Option<i64>) -> Option<i64> {
        let minutes =
            self.hours.iter().flat_map(|hour| self.minutes.iter().map(move |minute| hour * 60 + minute));
        minutes.filter(|minute| after.is_none_or(|after| *minute > after)).min()
    }

    fn is_on(&self, date: Date) -> bool {
        let in_month =
            self.months.contains(&i64::from(date.month())) && self.years.contains(&i64::from(date.year()));
        in_month
            && match &self.days {
                Days::OfMonth(days) => days.contains(&i64::from(date.day())),
                Days::LastOfMonth => date == date.last_of_month(),
                Days::OfWeek(days) => days.contains(&i64::from(sunday_first(date.weekday()))),
            }
    }
}

fn sunday_first(day: Weekday) -> i8 {
    day.to_sunday_one_offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(expression: &str, now: &str) -> Option<String> {
        let now: Timestamp = now.parse().unwrap();
        Expression::parse(expression).unwrap().next(now, now).map(|time| time.to_string())
    }

    #[test]
    fn the_first_tick_of_a_rate_is_at_once_and_that_of_anything_else_when_it_is_due() {
        let now: Timestamp = "2026-01-31T00:00:30Z".parse().unwrap();
        let first = |text: &str| Expression::parse(text).unwrap().first(now).map(|at| at.to_string());
        assert_eq!(first("rate(7 days)").as_deref(), Some("2026-01-31T00:00:30Z"));
        assert_eq!(first("cron(0 3 * * ? *)").as_deref(), Some("2026-01-31T03:00:00Z"));
        assert_eq!(first("at(2026-01-30T00:00:00)"), None);
    }

    #[test]
    fn rates_count_from_the_beginning() {
        let began: Timestamp = "2026-01-31T00:00:30Z".parse().unwrap();
        let now: Timestamp = "2026-01-31T00:11:00Z".parse().unwrap();
        let every = Expression::parse("rate(5 minutes)").unwrap();
        assert_eq!(every.next(began, now).unwrap().to_string(), "2026-01-31T00:15:30Z");
        assert_eq!(next("rate(1 hour)", "2026-01-31T00:00:00Z").unwrap(), "2026-01-31T01:00:00Z");
        for wrong in ["rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(5)", "every(5 minutes)"] {
            assert_eq!(
                Expression::parse(wrong).unwrap_err(),
                format!("Invalid Schedule Expression {wrong}.")
            );
        }
    }

    #[test]
    fn cron_finds_the_next_minute() {
        let after = "2026-01-30T12:07:30Z";
        let on = |expression| next(expression, after).unwrap();
        assert_eq!(on("cron(0/15 * * * ? *)"), "2026-01-30T12:15:00Z");
        assert_eq!(on("cron(0 3 * * ? *)"), "2026-01-31T03:00:00Z");
        assert_eq!(on("cron(30 9 ? * MON-FRI *)"), "2026-02-02T09:30:00Z", "the 31st is a Saturday");
        assert_eq!(on("cron(0 0 L * ? *)"), "2026-01-31T00:00:00Z");
        assert_eq!(on("cron(0 12 29 FEB ? *)"), "2028-02-29T12:00:00Z");
        assert_eq!(next("cron(0 0 1 1 ? 2020)", after), None);
        for wrong in ["cron(0 3 * * *)", "cron(0 3 * * * *)", "cron(0 3 ? * ? *)", "cron(60 3 * * ? *)"] {
            assert!(Expression::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn at_is_once() {
        assert_eq!(next("at(2026-01-31T12:00:00)", "2026-01-31T11:00:00Z").unwrap(), "2026-01-31T12:00:00Z");
        assert_eq!(next("at(2026-01-31T12:00:00)", "2026-01-31T12:00:00Z"), None);
        assert!(Expression::parse("at(2026-01-31T12:00:00)").unwrap().is_once());
    }
}
