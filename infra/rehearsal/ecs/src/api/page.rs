//! Pages of lists. A token names the last item given, so a page stays right while the list grows.

use super::input::{count, invalid};
use rehearsal_wire::ApiError;
use serde_json::{Map, Value};

/// The most any list gives at once.
const PAGE_LIMIT: usize = 100;

/// The page of `items` a request asks for, under `member`, with `nextToken` if there is more.
pub(crate) fn page(input: &Value, member: &str, items: &[String], usual: usize) -> Result<Value, ApiError> {
    let (range, token) = cut(input, items, usual)?;
    Ok(answer(member, items[range].iter().cloned().map(Value::from).collect(), token))
}

/// The same for items that are more than their keys.
pub(crate) fn page_of<T>(
    input: &Value,
    member: &str,
    items: &[T],
    key: impl Fn(&T) -> String,
    show: impl Fn(&T) -> Value,
) -> Result<Value, ApiError> {
    let keys: Vec<String> = items.iter().map(key).collect();
    let (range, token) = cut(input, &keys, PAGE_LIMIT)?;
    Ok(answer(member, items[range].iter().map(show).collect(), token))
}

fn cut(
    input: &Value,
    keys: &[String],
    usual: usize,
) -> Result<(std::ops::Range<usize>, Option<String>), ApiError> {
    let size = count(input, "maxResults")?.map_or(usual, |size| size as usize);
    if size == 0 || size > PAGE_LIMIT {
        return Err(invalid("maxResults must be between 1 and 100."));
    }
    let start = match input["nextToken"].as_str() {
        None | Some("") => 0,
        Some(last) => match keys.iter().position(|key| key == last) {
            Some(index) => index + 1,
            None => return Err(invalid("Invalid token.")),
        },
    };
    let end = (start + size).min(keys.len());
    let token = (end < keys.len()).then(|| keys[end - 1].clone());
    Ok((start..end, token))
}

fn answer(member: &str, items: Vec<Value>, token: Option<String>) -> Value {
    let mut answer = Map::new();
    answer.insert(member.to_owned(), items.into());
    if let Some(token) = token {
        answer.insert("nextToken".to_owned(), token.into());
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pages_follow_one_another_without_gap_or_overlap() {
        let items: Vec<String> = (0..5).map(|n| format!("arn-{n}")).collect();
        let (mut input, mut seen) = (json!({ "maxResults": 2 }), Vec::new());
        loop {
            let answer = page(&input, "arns", &items, 100).expect("a page");
            seen.extend(answer["arns"].as_array().expect("items").clone());
            match answer.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(seen, items);
        assert!(page(&json!({ "nextToken": "x" }), "arns", &items, 100).is_err());
        assert!(page(&json!({ "maxResults": 101 }), "arns", &items, 100).is_err());
    }
}
