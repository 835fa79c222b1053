//! Wall-clock times as AWS writes them: epoch seconds in answers, ISO 8601 in events.

use serde_json::Value;

/// Seconds since 1970, to the millisecond.
pub(crate) fn now() -> f64 {
    let since = rehearsal_world::since_epoch();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age fit 53 bits")]
    let millis = since.as_millis() as f64;
    millis / 1000.0
}

/// The same moment in ISO 8601, to the millisecond.
pub(crate) fn iso(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "a date that fits")]
    let millis = (seconds * 1000.0).round() as i64;
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

/// Every `…At` member, which answers give in seconds, in ISO 8601 as events have it.
pub(crate) fn with_iso_times(mut value: Value) -> Value {
    rewrite(&mut value);
    value
}

fn rewrite(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_f64() {
                    Some(seconds) if name.ends_with("At") => *member = Value::String(iso(seconds)),
                    _ => rewrite(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rewrite),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn events_carry_iso_times() {
        let task = json!({ "createdAt": 0.5, "cpu": "256", "containers": [{ "startedAt": 1.0 }] });
        let expected = json!({
            "createdAt": "1970-01-01T00:00:00.500Z", "cpu": "256",
            "containers": [{ "startedAt": "1970-01-01T00:00:01.000Z" }],
        });
        assert_eq!(with_iso_times(task), expected);
    }
}
