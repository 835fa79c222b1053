//! Long lists, a page at a time.

use super::{input, refuse};
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};

/// A page's size if the caller does not say.
const PAGE: u32 = 400;

/// Answers one page of a list whose items are told apart by their keys.
///
/// The marker is the key of the next item, so that items coming and going do not shift the pages.
pub(crate) fn page(input: &Value, member: &str, items: Vec<(String, Value)>) -> Result<Value, ApiError> {
    let size = input::number(input, "PageSize", 1..=400)?.unwrap_or(PAGE) as usize;
    let start = match input::text(input, "Marker") {
        None => 0,
        Some(marker) => items
            .iter()
            .position(|(key, _)| key == marker)
            .ok_or_else(|| refuse::validation(format!("Invalid marker '{marker}'")))?,
    };
    let next = items.get(start + size).map(|(key, _)| key.clone());
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).map(|(_, item)| item).collect();
    let mut answer = Map::new();
    answer.insert(member.to_owned(), Value::Array(shown));
    if let Some(next) = next {
        answer.insert("NextMarker".to_owned(), json!(next));
    }
    Ok(Value::Object(answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(count: usize) -> Vec<(String, Value)> {
        (0..count).map(|index| (format!("k{index}"), json!(index))).collect()
    }

    #[test]
    fn pages_follow_their_markers_to_the_end() {
        let first = page(&json!({"PageSize": 2}), "Rules", items(3)).expect("a page");
        assert_eq!(first, json!({"Rules": [0, 1], "NextMarker": "k2"}));
        let second = page(&json!({"PageSize": 2, "Marker": "k2"}), "Rules", items(3)).expect("a page");
        assert_eq!(second, json!({"Rules": [2]}));
    }

    #[test]
    fn a_foreign_marker_or_a_page_of_nothing_is_refused() {
        for input in [json!({"Marker": "x"}), json!({"PageSize": 0}), json!({"PageSize": 401})] {
            assert_eq!(page(&input, "Rules", items(3)).expect_err("refused").code, "ValidationError");
        }
    }
}
