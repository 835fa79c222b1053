//! Reading members of an operation's input.

use super::refuse;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::ops::RangeInclusive;

/// A text member, if there.
pub(crate) fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input.get(member)?.as_str()
}

/// A text member that must be there.
pub(crate) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, ApiError> {
    text(input, member).filter(|text| !text.is_empty()).ok_or_else(|| missing(member))
}

pub(crate) fn missing(member: &str) -> ApiError {
    refuse::validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
    ))
}

/// A list member; empty if not there.
pub(crate) fn list<'a>(input: &'a Value, member: &str) -> &'a [Value] {
    input.get(member).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list of texts; empty if not there.
pub(crate) fn texts(input: &Value, member: &str) -> Vec<String> {
    list(input, member).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A whole number within bounds, if there.
pub(crate) fn number(
    input: &Value,
    member: &str,
    bounds: RangeInclusive<u32>,
) -> Result<Option<u32>, ApiError> {
    let Some(value) = input.get(member).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let number = value.as_i64().or_else(|| value.as_str()?.parse().ok());
    match number.and_then(|number| u32::try_from(number).ok()).filter(|number| bounds.contains(number)) {
        Some(number) => Ok(Some(number)),
        None => Err(refuse::constraint(
            member,
            &value.to_string(),
            &format!("Member must have value between {} and {}", bounds.start(), bounds.end()),
        )),
    }
}

/// A TCP port within bounds, if there.
pub(crate) fn port(input: &Value, bounds: RangeInclusive<u16>) -> Result<Option<u16>, ApiError> {
    let bounds = u32::from(*bounds.start())..=u32::from(*bounds.end());
    Ok(number(input, "Port", bounds)?.and_then(|port| u16::try_from(port).ok()))
}

/// A resource's name: letters, digits and hyphens, 32 at most.
pub(crate) fn name<'a>(input: &'a Value, what: &str) -> Result<&'a str, ApiError> {
    let name = required(input, "Name")?;
    if name.len() > 32 {
        return Err(refuse::validation(format!(
            "{what} name '{name}' cannot be longer than '32' characters"
        )));
    }
    if !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
        return Err(refuse::validation(format!(
            "{what} name '{name}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(refuse::validation(format!("{what} name '{name}' cannot begin or end with a hyphen(-)")));
    }
    Ok(name)
}
