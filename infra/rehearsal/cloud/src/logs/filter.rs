//! Filter patterns: for text words, "phrases", `?one ?or ?another`, `-without`; for lines in JSON the one form
//! `{ $.key = "text" }`. Pure.

use serde_json::Value;

/// A checked filter pattern.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    all: Vec<String>,
    any: Vec<String>,
    none: Vec<String>,
    /// A key of the line's object, and the text it has to have.
    json: Option<(String, String)>,
}

impl Filter {
    /// Checks a pattern; what is wrong with it otherwise.
    pub(super) fn parse(pattern: &str) -> Result<Self, String> {
        let pattern = pattern.trim();
        if pattern.starts_with('{') {
            return Ok(Self { json: Some(key_and_text(pattern)?), ..Self::default() });
        }
        if pattern.starts_with(['[', '%']) {
            return Err("Invalid filter pattern: the rehearsal has none for columns and none by regular \
                        expressions"
                .to_owned());
        }
        let mut filter = Self::default();
        let mut rest = pattern;
        while !rest.is_empty() {
            let (list, after) = match rest.as_bytes()[0] {
                b'?' => (&mut filter.any, &rest[1..]),
                b'-' => (&mut filter.none, &rest[1..]),
                _ => (&mut filter.all, rest),
            };
            let (term, after) = match after.strip_prefix('"') {
                Some(quoted) => {
                    quoted.split_once('"').ok_or("Invalid filter pattern: a quote is not closed")?
                }
                None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
            };
            list.push(term.to_owned());
            rest = after.trim_start();
        }
        Ok(filter)
    }

    /// Whether a line is wanted. Case matters.
    pub(super) fn matches(&self, line: &str) -> bool {
        let has_text = |(key, text): &(String, String)| {
            let line: Option<Value> = serde_json::from_str(line).ok();
            line.is_some_and(|line| line.get(key).and_then(Value::as_str) == Some(text.as_str()))
        };
        self.json.as_ref().is_none_or(has_text)
            && self.all.iter().all(|term| line.contains(term))
            && (self.any.is_empty() || self.any.iter().any(|term| line.contains(term)))
            && !self.none.iter().any(|term| line.contains(term))
    }
}

/// The key and the text of `{ $.key = "text" }`.
fn key_and_text(pattern: &str) -> Result<(String, String), String> {
    let read = || {
        let inside = pattern.strip_prefix('{')?.strip_suffix('}')?.trim();
        let (key, text) = inside.strip_prefix("$.")?.split_once('=')?;
        let (key, text) = (key.trim(), text.trim().strip_prefix('"')?.strip_suffix('"')?);
        let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let plain = key.chars().all(is_plain) && !text.contains(['"', '*', '\\']);
        plain.then(|| (key.to_owned(), text.to_owned()))
    };
    read().ok_or_else(|| {
        "Invalid filter pattern: the rehearsal filters JSON only by { $.key = \"text\" }".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_phrases_alternatives_and_exclusions() {
        let matches = |pattern: &str, line: &str| Filter::parse(pattern).unwrap().matches(line);
        assert!(matches("", "anything"));
        assert!(matches("ERROR \"exit code\"", "ERROR with exit code 3"));
        assert!(!matches("ERROR \"exit code\"", "ERROR code exit"));
        assert!(matches("?ERROR ?WARN", "a WARN line") && !matches("?ERROR ?WARN", "an INFO line"));
        assert!(!matches("line -WARN", "a WARN line"));
        assert!(Filter::parse("[level, message]").is_err());
        assert!(Filter::parse("\"open").is_err());
    }

    #[test]
    fn lines_in_json_are_found_by_a_text_of_theirs() {
        let matches = |pattern: &str, line: &str| Filter::parse(pattern).unwrap().matches(line);
        assert!(matches(r#"{ $.level = "ERROR" }"#, r#"{"level":"ERROR","message":"m"}"#));
        assert!(matches(r#"{$.level="ERROR"}"#, r#"{"level":"ERROR"}"#));
        assert!(!matches(r#"{ $.level = "ERROR" }"#, r#"{"level":"INFO","message":"ERROR"}"#));
        assert!(!matches(r#"{ $.level = "ERROR" }"#, "ERROR"));
        for other in [r#"{ $.a.b = "c" }"#, r#"{ $.a != "c" }"#, "{ $.a = 1 }", r#"{ $.a = "c*" }"#] {
            assert!(Filter::parse(other).is_err(), "{other}");
        }
    }
}
