//! Reference paths: `$`, `$.a.b`, `$.a[0]`, `$['a b']`; with `$$` in front, of the context object. They lead to one
//! place, for reading and for writing; paths that may lead to several are refused.

use serde_json::{Map, Value};
use std::fmt;

/// A path that leads to one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Whether it begins at the context object.
    pub of_context: bool,
    segments: Vec<Segment>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Path {
    /// The whole: `$`.
    pub(crate) fn whole() -> Self {
        Self { of_context: false, segments: Vec::new(), text: "$".to_owned() }
    }

    /// Whether it is the whole.
    pub(crate) fn is_whole(&self) -> bool {
        !self.of_context && self.segments.is_empty()
    }

    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (of_context, rest) = match text.strip_prefix("$$") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('$').ok_or_else(|| format!("{text:?} does not begin with $"))?),
        };
        let mut segments = Vec::new();
        let mut rest = rest;
        while !rest.is_empty() {
            let (segment, left) = segment(rest).ok_or_else(|| {
                format!(
                    "{text:?} is no reference path that is supported here: $.name, $['name'] and $[0] are"
                )
            })?;
            segments.push(segment);
            rest = left;
        }
        Ok(Self { of_context, segments, text: text.to_owned() })
    }

    /// What the path leads to.
    pub(crate) fn get<'a>(&self, input: &'a Value, context: &'a Value) -> Option<&'a Value> {
        let mut at = if self.of_context { context } else { input };
        for segment in &self.segments {
            at = match segment {
                Segment::Key(key) => at.as_object()?.get(key)?,
                Segment::Index(index) => at.as_array()?.get(*index)?,
            };
        }
        Some(at)
    }

    /// Puts a value where the path leads; objects on the way are made.
    ///
    /// # Errors
    /// If the way leads through something that is no object, or to an element that is not there.
    pub(crate) fn put(&self, input: Value, value: Value) -> Result<Value, String> {
        let mut whole = input;
        let mut at = &mut whole;
        for segment in &self.segments {
            at = match segment {
                Segment::Key(key) => {
                    if at.is_null() {
                        *at = Value::Object(Map::new());
                    }
                    let object = at.as_object_mut().ok_or_else(|| self.no_way(key))?;
                    object.entry(key.clone()).or_insert(Value::Null)
                }
                Segment::Index(index) => {
                    let array = at.as_array_mut().ok_or_else(|| self.no_way(&index.to_string()))?;
                    array.get_mut(*index).ok_or_else(|| self.no_way(&index.to_string()))?
                }
            };
        }
        *at = value;
        Ok(whole)
    }

    fn no_way(&self, part: &str) -> String {
        format!("Unable to apply ReferencePath {} to input: there is nowhere to put {part}", self.text)
    }
}

fn segment(text: &str) -> Option<(Segment, &str)> {
    if let Some(rest) = text.strip_prefix('.') {
        let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        let (key, rest) = rest.split_at(end);
        return (!key.is_empty()).then(|| (Segment::Key(key.to_owned()), rest));
    }
    let rest = text.strip_prefix('[')?;
    for quote in ['\'', '"'] {
        if let Some(quoted) = rest.strip_prefix(quote) {
            let (key, rest) = quoted.split_once(quote)?;
            return Some((Segment::Key(key.to_owned()), rest.strip_prefix(']')?));
        }
    }
    let (index, rest) = rest.split_once(']')?;
    Some((Segment::Index(index.parse().ok()?), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn paths_lead_to_one_place() {
        let input = json!({"a": {"b c": [1, {"d": 2}]}});
        let get = |text: &str| Path::parse(text).unwrap().get(&input, &Value::Null).cloned();
        assert_eq!(get("$"), Some(input.clone()));
        assert_eq!(get("$.a['b c'][1].d"), Some(json!(2)));
        assert_eq!(get("$.a[\"b c\"][0]"), Some(json!(1)));
        assert_eq!(get("$.nowhere"), None);
        let context = json!({"Execution": {"Name": "n"}});
        let path = Path::parse("$$.Execution.Name").unwrap();
        assert_eq!(path.get(&input, &context), Some(&json!("n")));
    }

    #[test]
    fn paths_that_lead_to_several_places_are_refused() {
        for text in ["a", "$..a", "$.a[*]", "$.a[?(@.b)]", "$.a[1:2]", "$.", "$.a b"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn putting_makes_objects_on_the_way() {
        let put = |text: &str, input: Value| Path::parse(text).unwrap().put(input, json!(1));
        assert_eq!(put("$", json!({"a": 0})), Ok(json!(1)));
        assert_eq!(put("$.b.c", json!({"a": 0})), Ok(json!({"a": 0, "b": {"c": 1}})));
        assert_eq!(put("$.a", json!({"a": 0})), Ok(json!({"a": 1})));
        assert_eq!(put("$.a[0]", json!({"a": [0, 2]})), Ok(json!({"a": [1, 2]})));
        assert!(put("$.a.b", json!({"a": 0})).is_err());
        assert!(put("$.a", json!("text")).is_err());
    }
}
