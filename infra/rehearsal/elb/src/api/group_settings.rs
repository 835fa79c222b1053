//! How a target group's targets are to be checked, as callers say it.

use super::{input, refuse};
use crate::health::probe;
use crate::state::CheckSettings;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::time::Duration;

/// AWS's own shortest timeout; shorter only where the interval's floor has been lowered too.
const TIMEOUT_FLOOR: u32 = 2;
/// AWS's own shortest interval.
const INTERVAL_FLOOR: u32 = 5;

/// AWS's defaults.
pub(crate) fn defaults() -> CheckSettings {
    CheckSettings {
        path: "/".to_owned(),
        port: None,
        interval: Duration::from_secs(30),
        timeout: Duration::from_secs(5),
        healthy_threshold: 5,
        unhealthy_threshold: 2,
        matcher: "200".to_owned(),
    }
}

/// The settings with the input's changes.
pub(crate) fn changed(
    known: &CheckSettings,
    input: &Value,
    interval_floor: Duration,
) -> Result<CheckSettings, ApiError> {
    let mut settings = known.clone();
    if let Some(protocol) = input::text(input, "HealthCheckProtocol").filter(|protocol| *protocol != "HTTP") {
        return Err(refuse::validation(format!("Health check protocol '{protocol}' is not offered here")));
    }
    if input.get("HealthCheckEnabled").and_then(Value::as_bool) == Some(false) {
        return Err(refuse::validation(
            "Health checks must be enabled for target groups with target type 'ip'",
        ));
    }
    if let Some(path) = input::text(input, "HealthCheckPath") {
        if !path.starts_with('/') || path.len() > 1_024 || path.parse::<http::Uri>().is_err() {
            return Err(refuse::validation(format!(
                "Health check path '{path}' must begin with a '/' character and be a URI of at most 1024 characters"
            )));
        }
        path.clone_into(&mut settings.path);
    }
    match input::text(input, "HealthCheckPort") {
        None => {}
        Some("traffic-port") => settings.port = None,
        Some(port) => {
            let number = port.parse().ok().filter(|port| *port != 0);
            let refused =
                || refuse::validation(format!("Health check port '{port}' must be 'traffic-port' or a port"));
            settings.port = Some(number.ok_or_else(refused)?);
        }
    }
    let floor = u32::try_from(interval_floor.as_secs()).unwrap_or(INTERVAL_FLOOR).max(1);
    if let Some(seconds) = input::number(input, "HealthCheckIntervalSeconds", floor..=300)? {
        settings.interval = Duration::from_secs(seconds.into());
    }
    let shortest = if floor < INTERVAL_FLOOR { 1 } else { TIMEOUT_FLOOR };
    if let Some(seconds) = input::number(input, "HealthCheckTimeoutSeconds", shortest..=120)? {
        settings.timeout = Duration::from_secs(seconds.into());
    }
    if let Some(count) = input::number(input, "HealthyThresholdCount", 2..=10)? {
        settings.healthy_threshold = count;
    }
    if let Some(count) = input::number(input, "UnhealthyThresholdCount", 2..=10)? {
        settings.unhealthy_threshold = count;
    }
    if let Some(matcher) = input.get("Matcher") {
        settings.matcher = matcher_of(matcher)?;
    }
    if settings.timeout > settings.interval {
        return Err(refuse::validation(format!(
            "Health check timeout '{}' must be smaller than or equal to the interval '{}'",
            settings.timeout.as_secs(),
            settings.interval.as_secs()
        )));
    }
    Ok(settings)
}

fn matcher_of(matcher: &Value) -> Result<String, ApiError> {
    let codes = input::required(matcher, "HttpCode")?;
    let known = probe::ranges(codes).is_some_and(|ranges| {
        ranges
            .iter()
            .all(|(low, high)| low <= high && (200..=499).contains(low) && (200..=499).contains(high))
    });
    if known {
        return Ok(codes.to_owned());
    }
    Err(refuse::validation(format!("Health check matcher HTTP code '{codes}' must be within '200-499'")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const AWS: Duration = Duration::from_secs(5);

    #[test]
    fn settings_change_one_by_one() {
        let input = json!({"HealthCheckPath": "/health", "HealthCheckIntervalSeconds": 5, "HealthCheckPort": "81",
            "HealthCheckTimeoutSeconds": 2, "Matcher": {"HttpCode": "200-299,302"}});
        let settings = changed(&defaults(), &input, AWS).expect("settings");
        assert_eq!((settings.path.as_str(), settings.port), ("/health", Some(81)));
        assert_eq!((settings.interval, settings.timeout), (AWS, Duration::from_secs(2)));
        assert_eq!(settings.healthy_threshold, 5);
        let back = changed(&settings, &json!({"HealthCheckPort": "traffic-port"}), AWS).expect("settings");
        assert_eq!(back.port, None);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        for input in [
            json!({"HealthCheckIntervalSeconds": 4}),
            json!({"HealthCheckIntervalSeconds": 301}),
            json!({"HealthCheckTimeoutSeconds": 31}),
            json!({"HealthyThresholdCount": 1}),
            json!({"HealthCheckPath": "health"}),
            json!({"HealthCheckPath": "/a b"}),
            json!({"HealthCheckPort": "0"}),
            json!({"Matcher": {"HttpCode": "500"}}),
            json!({"Matcher": {"HttpCode": "299-200"}}),
            json!({"Matcher": {}}),
            json!({"HealthCheckEnabled": false}),
        ] {
            let refused = changed(&defaults(), &input, AWS).expect_err(&input.to_string());
            assert_eq!(refused.code, "ValidationError", "{input}");
        }
    }
}
