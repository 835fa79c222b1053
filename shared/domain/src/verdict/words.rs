//! Numbers as people read them.

/// 12431 as `12,431`.
pub fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut words = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            words.push(',');
        }
        words.push(digit);
    }
    words
}

/// 0.004 as `0.4 %`: two digits that count, and no more than people need.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = match percent {
        _ if percent >= 99.95 || percent == 0.0 => 0,
        _ if percent >= 0.95 => 1,
        _ if percent >= 0.095 => 2,
        _ => 3,
    };
    let text = format!("{percent:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text} %")
}

/// 0.055 as `0.055 s`.
pub fn seconds(seconds: f64) -> String {
    let text = format!("{seconds:.3}");
    format!("{} s", text.trim_end_matches('0').trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(
            [count(0.0), count(999.0), count(12_431.0), count(1e9)],
            ["0", "999", "12,431", "1,000,000,000"]
        );
        assert_eq!(
            [0.0, 0.000_04, 0.004, 0.0123, 0.25, 1.0].map(percent),
            ["0 %", "0.004 %", "0.4 %", "1.2 %", "25 %", "100 %"]
        );
        assert_eq!([seconds(0.25), seconds(0.0551), seconds(2.0)], ["0.25 s", "0.055 s", "2 s"]);
    }
}
