//! Timestamps: seconds since the epoch inside, ISO 8601 or RFC 822 where a protocol wants it.

use jiff::Timestamp;

use crate::model::TimestampFormat;

const MILLIS_PER_SECOND: f64 = 1000.0;

/// `2015-12-01T10:00:00.250Z`; `None` for what no calendar holds.
pub(crate) fn text(seconds: f64, format: TimestampFormat) -> Option<String> {
    if !seconds.is_finite() {
        return None;
    }
    // The cast saturates, and jiff refuses what is out of its range.
    #[allow(clippy::cast_possible_truncation)]
    let moment = Timestamp::from_millisecond((seconds * MILLIS_PER_SECOND).round() as i64).ok()?;
    Some(match format {
        TimestampFormat::Iso8601 => moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        TimestampFormat::Rfc822 => moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        TimestampFormat::UnixTimestamp => seconds.to_string(),
    })
}

/// Seconds since the epoch of an ISO 8601 instant, or of a number written as text.
pub(crate) fn parse(text: &str) -> Option<f64> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment.as_duration().as_secs_f64());
    }
    text.parse().ok().filter(|seconds: &f64| seconds.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_same_instant() {
        let written = text(1_448_964_000.25, TimestampFormat::Iso8601).expect("in range");
        assert_eq!(written, "2015-12-01T10:00:00.250Z");
        assert_eq!(parse(&written), Some(1_448_964_000.25));
        assert_eq!(
            text(1_448_964_000.0, TimestampFormat::Rfc822).as_deref(),
            Some("Tue, 01 Dec 2015 10:00:00 GMT")
        );
        assert_eq!(parse("1448964000"), Some(1_448_964_000.0));
        assert_eq!(parse("-1.5"), Some(-1.5));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(text(f64::INFINITY, TimestampFormat::Iso8601), None);
    }
}
