//! What a target gets of an event: all of it, a part, a constant, or what a transformer makes of it.

use serde_json::Value;
use std::collections::BTreeMap;

/// What a target gets.
#[derive(Debug, Clone, PartialEq)]
pub enum InputSpec {
    /// The event as it is.
    Whole,
    /// This, whatever the event.
    Constant(Value),
    /// One part of the event.
    Path(String),
    /// A template, filled with parts of the event.
    Transformer {
        /// Names and the parts they stand for.
        paths: BTreeMap<String, String>,
        /// Text with `<name>` in it.
        template: String,
    },
}

/// What is known of the delivery beside the event.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// `<aws.events.rule-name>`.
    pub rule_name: &'a str,
    /// `<aws.events.rule-arn>`.
    pub rule_arn: &'a str,
    /// `<aws.events.event.ingestion-time>`.
    pub ingestion: &'a str,
}

impl InputSpec {
    /// Builds what the target gets.
    pub fn build(&self, event: &Value, origin: Origin<'_>) -> Result<Value, String> {
        match self {
            Self::Whole => Ok(event.clone()),
            Self::Constant(value) => Ok(value.clone()),
            Self::Path(path) => Ok(at(event, path)?.cloned().unwrap_or(Value::Null)),
            Self::Transformer { paths, template } => {
                let mut values = BTreeMap::new();
                for (name, path) in paths {
                    if let Some(found) = at(event, path)? {
                        values.insert(name.as_str(), found.clone());
                    }
                }
                fill(template, &values, event, origin)
            }
        }
    }

    /// What is wrong with it, before any event has come.
    pub fn check(&self) -> Result<(), String> {
        match self {
            Self::Whole | Self::Constant(_) => Ok(()),
            Self::Path(path) => steps(path).map(|_| ()),
            Self::Transformer { paths, template } => {
                for path in paths.values() {
                    steps(path)?;
                }
                for name in names(template) {
                    if !paths.contains_key(name) && !name.starts_with("aws.events.") {
                        return Err(format!(
                            "InputTemplate names <{name}>, which InputPathsMap does not have"
                        ));
                    }
                }
                Ok(())
            }
        }
    }
}

/// The steps of a path such as `$.detail.repository-name` or `$.resources[0]`.
fn steps(path: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("Invalid JSON path: {path}");
    let rest = path.strip_prefix('$').ok_or_else(wrong)?;
    let mut steps = Vec::new();
    for part in rest.split('.').skip(usize::from(rest.starts_with('.'))) {
        let mut pieces = part.split('[');
        let name = pieces.next().unwrap_or_default();
        if !name.is_empty() {
            steps.push(name.to_owned());
        }
        let mut indexed = false;
        for index in pieces {
            let index = index.strip_suffix(']').ok_or_else(wrong)?.trim_matches(['\'', '"']);
            if index.is_empty() {
                return Err(wrong());
            }
            steps.push(index.to_owned());
            indexed = true;
        }
        if name.is_empty() && !indexed && !rest.is_empty() {
            return Err(wrong());
        }
    }
    Ok(steps)
}

/// The part of an event at a path, if it is there.
fn at<'a>(event: &'a Value, path: &str) -> Result<Option<&'a Value>, String> {
    let steps = steps(path)?;
    Ok(steps.iter().try_fold(event, |node, step| match node {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        node => node.get(step),
    }))
}

/// The names in angle brackets, as far as they can be names.
fn names(template: &str) -> Vec<&str> {
    placeholders(template).into_iter().map(|(start, end)| &template[start + 1..end - 1]).collect()
}

/// Where the `<name>`s are, brackets included.
fn placeholders(template: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(open) = template[from..].find('<').map(|at| from + at) {
        let Some(close) = template[open..].find('>').map(|at| open + at) else { break };
        let name = &template[open + 1..close];
        let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if !name.is_empty() && name.chars().all(is_name) {
            found.push((open, close + 1));
            from = close + 1;
        } else {
            from = open + 1;
        }
    }
    found
}

/// Fills the template. Outside of quotes a value takes its place as JSON; inside, as text.
fn fill(
    template: &str,
    values: &BTreeMap<&str, Value>,
    event: &Value,
    origin: Origin<'_>,
) -> Result<Value, String> {
    let mut text = String::new();
    let mut done = 0;
    let mut quoted = false;
    for (start, end) in placeholders(template) {
        let before = &template[done..start];
        quoted = quotes_after(before, quoted);
        text.push_str(before);
        let name = &template[start + 1..end - 1];
        // A part that the event does not have is empty.
        let value = standing_for(name, values, event, origin).unwrap_or_else(|| Value::from(""));
        text.push_str(&if quoted { as_text(&value) } else { value.to_string() });
        done = end;
    }
    text.push_str(&template[done..]);
    serde_json::from_str(&text)
        .map_err(|error| format!("the input transformer gives no JSON ({error}): {text}"))
}

fn standing_for(
    name: &str,
    values: &BTreeMap<&str, Value>,
    event: &Value,
    origin: Origin<'_>,
) -> Option<Value> {
    match name {
        "aws.events.rule-arn" => Some(origin.rule_arn.into()),
        "aws.events.rule-name" => Some(origin.rule_name.into()),
        "aws.events.event.ingestion-time" => Some(origin.ingestion.into()),
        "aws.events.event" => {
            let mut bare = event.clone();
            if let Some(members) = bare.as_object_mut() {
                members.remove("detail");
            }
            Some(bare)
        }
        "aws.events.event.json" => Some(event.clone()),
        name => values.get(name).cloned(),
    }
}

/// Whether the text ends inside of quotes.
fn quotes_after(text: &str, mut quoted: bool) -> bool {
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    quoted
}

/// A value within a JSON string: escaped, without quotes of its own.
fn as_text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let quoted = Value::String(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ORIGIN: Origin<'_> =
        Origin { rule_name: "push", rule_arn: "arn:rule/push", ingestion: "2026-01-31T00:00:00Z" };

    fn event() -> Value {
        json!({ "id": "e-1", "resources": ["a", "b"], "detail": { "repository-name": "web", "n": 3, "tag": "a\"b" } })
    }

    fn transform(paths: Value, template: &str) -> Result<Value, String> {
        let paths = serde_json::from_value(paths).unwrap();
        let spec = InputSpec::Transformer { paths, template: template.to_owned() };
        spec.check().and_then(|()| spec.build(&event(), ORIGIN))
    }

    #[test]
    fn parts_by_path() {
        let path = |path: &str| InputSpec::Path(path.to_owned()).build(&event(), ORIGIN);
        assert_eq!(path("$.detail.repository-name").unwrap(), "web");
        assert_eq!(path("$.resources[1]").unwrap(), "b");
        assert_eq!(path("$.detail['n']").unwrap(), 3);
        assert_eq!(path("$").unwrap(), event());
        assert_eq!(path("$.missing.more").unwrap(), Value::Null);
        assert!(path("detail").is_err() && path("$..x").is_err());
    }

    #[test]
    fn templates_are_filled_inside_and_outside_of_quotes() {
        let paths =
            json!({ "repository": "$.detail.repository-name", "n": "$.detail.n", "tag": "$.detail.tag" });
        let made = transform(
            paths.clone(),
            r#"{"kind":"push","repository":<repository>,"n":<n>,"say":"<repository>:<tag> of <n>"}"#,
        );
        let expected = json!({ "kind": "push", "repository": "web", "n": 3, "say": "web:a\"b of 3" });
        assert_eq!(made.unwrap(), expected);
        assert_eq!(transform(paths, r#""image of <repository> <""#).unwrap(), "image of web <");
    }

    #[test]
    fn what_is_missing_is_empty_and_what_is_reserved_is_there() {
        let made = transform(json!({ "gone": "$.detail.gone" }), r#"{"gone":<gone>,"say":"<gone>!"}"#);
        assert_eq!(made.unwrap(), json!({ "gone": "", "say": "!" }));
        let made = transform(json!({}), r#"{"rule":<aws.events.rule-name>,"event":<aws.events.event>}"#);
        assert_eq!(
            made.unwrap(),
            json!({ "rule": "push", "event": { "id": "e-1", "resources": ["a", "b"] } })
        );
    }

    #[test]
    fn mistakes_are_named() {
        assert!(transform(json!({}), "{\"a\":<b>}").unwrap_err().contains("<b>"));
        assert!(transform(json!({ "b": "$.id" }), "{\"a\" <b>}").unwrap_err().contains("no JSON"));
        assert!(transform(json!({ "b": "id" }), "<b>").unwrap_err().contains("Invalid JSON path"));
    }
}
