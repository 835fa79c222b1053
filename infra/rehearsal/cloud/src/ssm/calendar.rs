//! A change calendar's text, and when it is open. Pure.
//!
//! Of iCalendar (RFC 5545) what change calendars are made of: `X-CALENDAR-TYPE`, and events that begin and end at a time in
//! UTC. Everything that would make an event mean something else is refused, with its name.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Most events of a calendar.
const MAX_EVENTS: usize = 1_000;
/// How times are written that are in UTC.
const UTC_TIME: &str = "%Y%m%dT%H%M%SZ";
/// Properties of an event that say nothing of when it is.
const INERT: [&str; 11] = [
    "UID",
    "DTSTAMP",
    "SUMMARY",
    "DESCRIPTION",
    "SEQUENCE",
    "CREATED",
    "LAST-MODIFIED",
    "CATEGORIES",
    "CLASS",
    "LOCATION",
    "TRANSP",
];

/// When changes are allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Calendar {
    /// Whether it is open where there is no event; during events it is the other way round.
    open_by_default: bool,
    /// Beginnings and ends.
    events: Vec<(Timestamp, Timestamp)>,
}

impl Calendar {
    /// Reads the text of a document.
    ///
    /// # Errors
    /// What of it is wrong, or not offered.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut reader = Reader::default();
        for line in unfolded(text) {
            reader.line(&line)?;
        }
        reader.end()
    }

    fn is_open(&self, at: Timestamp) -> bool {
        let is_in_event = self.events.iter().any(|(from, to)| *from <= at && at < *to);
        is_in_event != self.open_by_default
    }

    /// Whether all of some calendars are open, and when that changes next, if it ever does.
    pub(super) fn state(calendars: &[&Self], at: Timestamp) -> (bool, Option<Timestamp>) {
        let all_open = |at| calendars.iter().all(|calendar| calendar.is_open(at));
        let is_open = all_open(at);
        let events = calendars.iter().flat_map(|calendar| &calendar.events);
        let mut turns: Vec<Timestamp> =
            events.flat_map(|(from, to)| [*from, *to]).filter(|turn| *turn > at).collect();
        turns.sort_unstable();
        (is_open, turns.into_iter().find(|turn| all_open(*turn) != is_open))
    }
}

/// The lines of a text: one that begins with a space goes on with the one before.
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ if line.trim().is_empty() => {}
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

#[derive(Debug, Default)]
struct Reader {
    /// The components that are open.
    within: Vec<String>,
    is_over: bool,
    open_by_default: Option<bool>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    events: Vec<(Timestamp, Timestamp)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        let (property, value) = line.split_once(':').ok_or_else(|| format!("{line:?} is no property"))?;
        let (name, parameters) =
            property.split_once(';').map_or((property, None), |(name, rest)| (name, Some(rest)));
        let name = name.to_ascii_uppercase();
        match (name.as_str(), self.within.last().map(String::as_str)) {
            ("BEGIN", _) => self.begin(value),
            ("END", Some(open)) if open == value => self.ended(),
            ("END", _) => Err(format!("END:{value} ends nothing")),
            (_, None) => Err(format!("{name} is outside of VCALENDAR")),
            // What AWS puts into an empty calendar: to be done, and no event.
            (_, Some("VTODO")) => Ok(()),
            ("X-CALENDAR-TYPE", Some("VCALENDAR")) => self.kind(value),
            ("X-CALENDAR-CMEVENTS", Some("VCALENDAR")) if value != "DISABLED" => {
                Err("X-CALENDAR-CMEVENTS: events of Change Manager are not offered here".to_owned())
            }
            (_, Some("VCALENDAR")) => Ok(()),
            ("DTSTART" | "DTEND", _) => self.time(&name, parameters, value),
            (name, _) if INERT.contains(&name) => Ok(()),
            (name, _) => Err(format!("{name} of an event is not offered here")),
        }
    }

    fn begin(&mut self, component: &str) -> Result<(), String> {
        match (component, self.within.as_slice()) {
            ("VCALENDAR", []) if !self.is_over => {}
            ("VTODO" | "VEVENT", [calendar]) if calendar == "VCALENDAR" => {}
            ("VTIMEZONE", _) => {
                return Err(
                    "VTIMEZONE: time zones are not offered here; write times in UTC, with a Z".to_owned()
                );
            }
            _ => return Err(format!("{component} is not offered there")),
        }
        (self.from, self.to) = (None, None);
        self.within.push(component.to_owned());
        Ok(())
    }

    fn ended(&mut self) -> Result<(), String> {
        let component = self.within.pop().unwrap_or_default();
        self.is_over = self.within.is_empty();
        if component != "VEVENT" {
            return Ok(());
        }
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return Err("an event has to have DTSTART and DTEND".to_owned());
        };
        if from >= to {
            return Err(format!("an event ends at {to}, before it begins at {from}"));
        }
        self.events.push((from, to));
        if self.events.len() > MAX_EVENTS { Err(format!("more than {MAX_EVENTS} events")) } else { Ok(()) }
    }

    fn kind(&mut self, value: &str) -> Result<(), String> {
        self.open_by_default = Some(match value {
            "DEFAULT_OPEN" => true,
            "DEFAULT_CLOSED" => false,
            _ => return Err(format!("X-CALENDAR-TYPE {value} is neither DEFAULT_OPEN nor DEFAULT_CLOSED")),
        });
        Ok(())
    }

    fn time(&mut self, name: &str, parameters: Option<&str>, value: &str) -> Result<(), String> {
        let written = DateTime::strptime(UTC_TIME, value).ok().filter(|_| parameters.is_none());
        let time = written.and_then(|time| time.to_zoned(TimeZone::UTC).ok()).ok_or_else(|| {
            format!("{name} {value}: only times in UTC are offered here, such as 20261224T000000Z")
        })?;
        let place = if name == "DTSTART" { &mut self.from } else { &mut self.to };
        if place.replace(time.timestamp()).is_some() {
            return Err(format!("an event has {name} twice"));
        }
        Ok(())
    }

    fn end(self) -> Result<Calendar, String> {
        if let Some(open) = self.within.last() {
            return Err(format!("{open} does not end"));
        }
        if !self.is_over {
            return Err("there is no VCALENDAR".to_owned());
        }
        let open_by_default = self.open_by_default.ok_or("X-CALENDAR-TYPE is missing")?;
        Ok(Calendar { open_by_default, events: self.events })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: &str, events: &[(&str, &str)]) -> String {
        let events = events.iter().map(|(from, to)| {
            format!("BEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Fre\r\n eze\r\nDTSTART:{from}\r\nDTEND:{to}\r\nEND:VEVENT\r\n")
        });
        let events: String = events.collect();
        format!(
            "BEGIN:VCALENDAR\r\nPRODID:-//AWS//Change Calendar 1.0//EN\r\nVERSION:2.0\r\nX-CALENDAR-TYPE:{kind}\r\nBEGIN:VTODO\r\nSUMMARY:Add events to this calendar.\r\nEND:VTODO\r\n{events}END:VCALENDAR\r\n"
        )
    }

    fn at(time: &str) -> Timestamp {
        time.parse().unwrap()
    }

    const FREEZE: (&str, &str) = ("20261224T000000Z", "20261227T000000Z");

    #[test]
    fn events_close_an_open_calendar_and_open_a_closed_one() {
        let open = Calendar::read(&text("DEFAULT_OPEN", &[FREEZE])).unwrap();
        let closed = Calendar::read(&text("DEFAULT_CLOSED", &[FREEZE])).unwrap();
        let (from, to) = (at("2026-12-24T00:00:00Z"), at("2026-12-27T00:00:00Z"));
        for (now, is_in, next) in [
            (at("2026-12-23T23:59:59Z"), false, Some(from)),
            (from, true, Some(to)),
            (at("2026-12-26T23:59:59Z"), true, Some(to)),
            (to, false, None),
        ] {
            assert_eq!(Calendar::state(&[&open], now), (!is_in, next), "{now}");
            assert_eq!(Calendar::state(&[&closed], now), (is_in, next), "{now}");
        }
    }

    #[test]
    fn several_are_open_when_all_are_and_events_that_touch_are_one() {
        let days = [FREEZE, ("20261227T000000Z", "20261228T000000Z")];
        let freeze = Calendar::read(&text("DEFAULT_OPEN", &days)).unwrap();
        let none = Calendar::read(&text("DEFAULT_OPEN", &[])).unwrap();
        let now = at("2026-12-25T00:00:00Z");
        assert_eq!(Calendar::state(&[&freeze], now), (false, Some(at("2026-12-28T00:00:00Z"))));
        assert_eq!(Calendar::state(&[&none, &freeze], now), (false, Some(at("2026-12-28T00:00:00Z"))));
        assert_eq!(Calendar::state(&[&none], now), (true, None));
    }

    #[test]
    fn what_is_not_offered_is_refused_by_its_name() {
        let whole = text("DEFAULT_OPEN", &[FREEZE]);
        for (from, to, part) in [
            ("UID:1", "RRULE:FREQ=WEEKLY", "RRULE of an event"),
            ("UID:1", "DURATION:PT1H", "DURATION of an event"),
            ("UID:1", "STATUS:CANCELLED", "STATUS of an event"),
            ("DTSTART:", "DTSTART;TZID=Europe/Berlin:", "only times in UTC"),
            ("DTEND:20261227T000000Z", "DTEND:20261227T000000", "only times in UTC"),
            ("DTEND:20261227T000000Z", "DTEND:20261223T000000Z", "before it begins"),
            ("DTEND:20261227T000000Z\r\n", "", "DTSTART and DTEND"),
            ("UID:1", "DTSTART:20261224T000000Z", "twice"),
            ("DEFAULT_OPEN", "OPEN", "neither"),
            ("X-CALENDAR-TYPE:DEFAULT_OPEN", "X-WR-CALDESC:x", "X-CALENDAR-TYPE is missing"),
            ("BEGIN:VTODO", "BEGIN:VTIMEZONE", "time zones"),
            ("BEGIN:VTODO", "BEGIN:VALARM", "VALARM is not offered"),
            ("END:VCALENDAR", "VERSION:2.0", "does not end"),
            ("BEGIN:VCALENDAR\r\n", "", "outside of VCALENDAR"),
        ] {
            let why = Calendar::read(&whole.replacen(from, to, 1)).unwrap_err();
            assert!(why.contains(part), "{to}: {why}");
        }
        assert!(Calendar::read("").unwrap_err().contains("no VCALENDAR"));
        assert!(Calendar::read("freeze").unwrap_err().contains("no property"));
    }
}
