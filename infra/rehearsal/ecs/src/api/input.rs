//! Reading requests.

use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's answer to a request that makes no sense.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new("InvalidParameterException", message)
}

/// AWS's answer to a request that names something it cannot act on.
pub(crate) fn client(message: impl Into<String>) -> ApiError {
    ApiError::new("ClientException", message)
}

/// A string that must be there and not be empty.
pub(crate) fn required<'a>(input: &'a Value, member: &str, missing: &str) -> Result<&'a str, ApiError> {
    input[member].as_str().filter(|text| !text.is_empty()).ok_or_else(|| invalid(missing))
}

/// A list of strings, empty if absent.
pub(crate) fn strings(input: &Value, member: &str) -> Vec<String> {
    input[member].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A list of strings with at least one and at most `most` of them.
pub(crate) fn some_strings(input: &Value, member: &str, most: usize) -> Result<Vec<String>, ApiError> {
    let strings = strings(input, member);
    match strings.len() {
        0 => Err(invalid(format!("{member} cannot be empty."))),
        count if count > most => Err(invalid(format!("{member} can have at most {most} items."))),
        _ => Ok(strings),
    }
}

/// A count that must not be negative.
pub(crate) fn count(input: &Value, member: &str) -> Result<Option<u32>, ApiError> {
    match &input[member] {
        Value::Null => Ok(None),
        value => match value.as_u64().and_then(|count| u32::try_from(count).ok()) {
            Some(count) => Ok(Some(count)),
            None => Err(invalid(format!("{member} must be a non-negative integer."))),
        },
    }
}

/// Whether `include` asks for this.
pub(crate) fn includes(input: &Value, what: &str) -> bool {
    input["include"].as_array().into_iter().flatten().any(|item| item == what)
}

/// An entry of `failures`.
pub(crate) fn missing(arn: &str) -> Value {
    json!({ "arn": arn, "reason": "MISSING" })
}
