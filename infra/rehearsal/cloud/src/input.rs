//! Reading the members of a call.

use rehearsal_wire::ApiError;
use serde_json::Value;

/// A text member; empty text counts as none.
pub(crate) fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A text member that has to be there.
pub(crate) fn required<'a>(input: &'a Value, name: &str, code: &str) -> Result<&'a str, ApiError> {
    text(input, name).ok_or_else(|| missing(name, code))
}

/// The complaint about a member that is not there.
pub(crate) fn missing(name: &str, code: &str) -> ApiError {
    let reason = format!("Value null at '{name}' failed to satisfy constraint: Member must not be null");
    ApiError::new(code, format!("1 validation error detected: {reason}"))
}

/// A list member; none counts as empty.
pub(crate) fn list<'a>(input: &'a Value, name: &str) -> &'a [Value] {
    input.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A list member of texts; whatever is no text is left out.
pub(crate) fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    list(input, name).iter().filter_map(Value::as_str).collect()
}

/// The answer to an operation that is not there.
pub(crate) fn unknown(operation: &str) -> ApiError {
    ApiError::new("UnknownOperationException", format!("Unknown operation {operation}"))
}

/// One page of a list: what is on it, and the token of the next one. A token is the place to go on from.
pub(crate) fn page<T: Clone>(
    all: &[T],
    token: Option<&str>,
    size: usize,
    code: &str,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let start = match token {
        None => 0,
        Some(token) => token
            .parse()
            .ok()
            .filter(|start| *start <= all.len())
            .ok_or_else(|| ApiError::new(code, "The pagination token is not valid"))?,
    };
    let end = all.len().min(start + size.max(1));
    Ok((all[start..end].to_vec(), (end < all.len()).then(|| end.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_join_into_the_whole() {
        let all: Vec<u32> = (0..7).collect();
        let mut token = None;
        let mut seen = Vec::new();
        loop {
            let (items, next) = page(&all, token.as_deref(), 3, "X").unwrap();
            seen.extend(items);
            token = next;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
        assert_eq!(page(&all, Some("900"), 3, "X").unwrap_err().code, "X");
    }
}
