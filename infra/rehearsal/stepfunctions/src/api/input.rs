//! Reading the inputs of API calls, and answering in pages.

use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one page.
const MOST_A_PAGE: usize = 1_000;
/// What a page holds if nobody says.
const PAGE: usize = 100;

pub(super) fn unknown(operation: &str) -> ApiError {
    ApiError::new("UnknownOperationException", format!("{operation} is not supported here"))
}

pub(super) fn required<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    input[name].as_str().ok_or_else(|| {
        ApiError::new(
            "ValidationException",
            format!("1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"),
        )
    })
}

/// One page of a list. Tokens are places in it.
pub(super) fn page(input: &Value, name: &str, all: &[Value]) -> Result<Value, ApiError> {
    let size =
        input["maxResults"].as_u64().and_then(|size| usize::try_from(size).ok()).filter(|size| *size > 0);
    let size = size.unwrap_or(PAGE).min(MOST_A_PAGE);
    let from = match input["nextToken"].as_str() {
        None => 0,
        Some(token) => token
            .parse::<usize>()
            .ok()
            .filter(|from| *from <= all.len())
            .ok_or_else(|| ApiError::new("InvalidToken", format!("Invalid Token: '{token}'")))?,
    };
    let to = all.len().min(from.saturating_add(size));
    let mut answer = json!({ name: all[from..to] });
    if to < all.len() {
        answer["nextToken"] = json!(to.to_string());
    }
    Ok(answer)
}

/// Names of state machines and executions: 1 to 80 characters, none of those that mean something elsewhere.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    const MOST: usize = 80;
    const FORBIDDEN: &str = "<>{}[]?*\"#%\\^|~`$&,;:/";
    let bad = |c: char| c.is_whitespace() || c.is_control() || FORBIDDEN.contains(c);
    if name.is_empty() || name.chars().count() > MOST || name.chars().any(bad) {
        return Err(ApiError::new("InvalidName", format!("Invalid Name: '{name}'")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other() {
        let all: Vec<Value> = (0..5).map(|n| json!(n)).collect();
        let first = page(&json!({"maxResults": 2}), "l", &all).unwrap();
        assert_eq!(first, json!({"l": [0, 1], "nextToken": "2"}));
        let last = page(&json!({"maxResults": 10, "nextToken": "2"}), "l", &all).unwrap();
        assert_eq!(last, json!({"l": [2, 3, 4]}));
        assert_eq!(page(&json!({"nextToken": "9"}), "l", &all).unwrap_err().code, "InvalidToken");
    }

    #[test]
    fn names_have_bounds() {
        assert!(check_name("web-blue-abababababab-1").is_ok());
        for bad in ["", "a b", "sha256:1", "2026-01-02T03:04:05Z", &"x".repeat(81)] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
