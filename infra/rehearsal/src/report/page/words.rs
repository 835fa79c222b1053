//! Figures as people read them.

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut words = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// Milliseconds as `840 ms`, `2.4 s` or `1 min 5 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{:.1} s", ms as f64 / 1_000.0),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// A moment as `1:05`, or `1:05.3` where tenths matter.
pub fn clock(ms: u64, tenths: bool) -> String {
    let seconds = ms / 1_000;
    let whole = format!("{}:{:02}", seconds / 60, seconds % 60);
    if tenths { format!("{whole}.{}", ms % 1_000 / 100) } else { whole }
}

/// A moment in RFC 3339 as `2 January 2026, 03:04 UTC`; what is no such moment as it is.
pub fn moment(rfc3339: &str) -> String {
    let parsed = rfc3339.parse::<jiff::Timestamp>();
    parsed.map_or_else(|_| rfc3339.to_owned(), |moment| moment.strftime("%-d %B %Y, %H:%M UTC").to_string())
}

/// Dollars with as many places as say something.
pub fn usd(amount: f64) -> String {
    match amount {
        0.0 => "$0".to_owned(),
        amount if amount >= 0.01 => format!("${amount:.4}"),
        amount => format!("${amount:.6}"),
    }
}

/// A latency in milliseconds.
pub fn latency(ms: Option<f64>) -> String {
    match ms {
        None => "–".to_owned(),
        Some(ms) if ms < 10.0 => format!("{ms:.1} ms"),
        Some(ms) => format!("{ms:.0} ms"),
    }
}

/// A share in percent.
pub fn percent(part: u64, of: u64) -> String {
    match of {
        0 => "–".to_owned(),
        _ => format!("{:.1} %", part as f64 * 100.0 / of as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(1_234_567)],
            ["0", "999", "1,000", "1,234,567"]
        );
        assert_eq!([duration(840), duration(2_440), duration(65_000)], ["840 ms", "2.4 s", "1 min 5 s"]);
        assert_eq!([clock(65_320, false), clock(65_320, true)], ["1:05", "1:05.3"]);
        assert_eq!([moment("2026-01-02T03:04:05Z"), moment("?")], ["2 January 2026, 03:04 UTC", "?"]);
        assert_eq!([usd(0.0), usd(0.0123), usd(0.000_042)], ["$0", "$0.0123", "$0.000042"]);
        assert_eq!([latency(None), latency(Some(1.25)), latency(Some(250.4))], ["–", "1.2 ms", "250 ms"]);
        assert_eq!([percent(1, 3), percent(0, 0)], ["33.3 %", "–"]);
    }
}
