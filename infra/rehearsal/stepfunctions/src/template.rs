//! Payload templates: `Parameters` and `ResultSelector`. A field whose name ends in `.$` takes its value from a path
//! or an intrinsic function.

use crate::error::{Failure, INTRINSIC};
use crate::machine::{Mistake, under};
use crate::path::Path;
use serde_json::{Map, Value, json};

/// Intrinsic functions may be this deep inside each other.
const MOST_NESTED: usize = 10;

/// A template whose paths have been read.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// A value as it stands.
    Plain(Value),
    /// Fields, each with a template of its own.
    Fields(Vec<(String, Self)>),
    /// Elements.
    Elements(Vec<Self>),
    /// What a path leads to.
    At(Path),
    /// What an intrinsic function computes.
    Call(Intrinsic, Vec<Self>),
}

/// The intrinsic functions that are supported here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intrinsic {
    /// `States.Format('… {} …', …)`
    Format,
    /// `States.JsonToString(…)`
    JsonToString,
    /// `States.StringToJson(…)`
    StringToJson,
    /// `States.Array(…)`
    Array,
}

impl Template {
    /// Reads a template; mistakes are told with the pointer to where they are.
    pub(crate) fn parse(value: &Value, pointer: &str, mistakes: &mut Vec<Mistake>) -> Self {
        match value {
            Value::Object(map) => {
                let field = |(name, value): (&String, &Value)| {
                    let pointer = under(pointer, name);
                    match name.strip_suffix(".$") {
                        Some(name) => {
                            let text = value.as_str().ok_or_else(|| "must be a string".to_owned());
                            let template = text.and_then(expression).unwrap_or_else(|why| {
                                mistakes.push(Mistake::schema(&pointer, why));
                                Self::Plain(Value::Null)
                            });
                            (name.to_owned(), template)
                        }
                        None => (name.clone(), Self::parse(value, &pointer, mistakes)),
                    }
                };
                Self::Fields(map.iter().map(field).collect())
            }
            Value::Array(elements) => {
                let element = |(index, value): (usize, &Value)| {
                    Self::parse(value, &format!("{pointer}/{index}"), mistakes)
                };
                Self::Elements(elements.iter().enumerate().map(element).collect())
            }
            plain => Self::Plain(plain.clone()),
        }
    }

    /// Fills the template.
    pub(crate) fn fill(&self, input: &Value, context: &Value) -> Result<Value, Failure> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Fields(fields) => {
                let mut map = Map::new();
                for (name, template) in fields {
                    let filled = match template {
                        Self::At(path) => path.get(input, context).cloned().ok_or_else(|| {
                            Failure::runtime(format!(
                                "The JSONPath '{path}' specified for the field '{name}.$' could not be found in the input '{input}'"
                            ))
                        }),
                        other => other.fill(input, context),
                    };
                    map.insert(name.clone(), filled?);
                }
                Ok(Value::Object(map))
            }
            Self::Elements(elements) => {
                let filled: Result<Vec<Value>, Failure> =
                    elements.iter().map(|element| element.fill(input, context)).collect();
                Ok(Value::Array(filled?))
            }
            Self::At(path) => path.get(input, context).cloned().ok_or_else(|| {
                Failure::runtime(format!("The JSONPath '{path}' could not be found in the input '{input}'"))
            }),
            Self::Call(function, arguments) => {
                let filled: Result<Vec<Value>, Failure> =
                    arguments.iter().map(|argument| argument.fill(input, context)).collect();
                call(*function, &filled?).map_err(|why| Failure::new(INTRINSIC, why))
            }
        }
    }
}

/// A path or a call of an intrinsic function.
fn expression(text: &str) -> Result<Template, String> {
    if text.starts_with('$') { Path::parse(text).map(Template::At) } else { intrinsic(text, 1) }
}

/// Like [`expression`], of what makes strings, as `ErrorPath` and `CausePath` want it.
pub(crate) fn words(text: &str) -> Result<Template, String> {
    match expression(text)? {
        Template::Call(Intrinsic::Array | Intrinsic::StringToJson, _) => {
            Err(format!("{text:?} does not make a string"))
        }
        template => Ok(template),
    }
}

/// A path, a constant or another call.
fn argument(text: &str, depth: usize) -> Result<Template, String> {
    let text = text.trim();
    if text.starts_with('$') {
        return Path::parse(text).map(Template::At);
    }
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Ok(Template::Plain(json!(quoted)));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(plain @ (Value::Null | Value::Bool(_) | Value::Number(_))) => Ok(Template::Plain(plain)),
        _ => intrinsic(text, depth),
    }
}

fn intrinsic(text: &str, depth: usize) -> Result<Template, String> {
    if depth > MOST_NESTED {
        return Err(format!("more than {MOST_NESTED} intrinsic functions are inside each other"));
    }
    let (name, arguments) = text
        .split_once('(')
        .and_then(|(name, rest)| Some((name, rest.strip_suffix(')')?)))
        .ok_or_else(|| format!("{text:?} is neither a path nor a call of an intrinsic function"))?;
    let function = match name {
        "States.Format" => Intrinsic::Format,
        "States.JsonToString" => Intrinsic::JsonToString,
        "States.StringToJson" => Intrinsic::StringToJson,
        "States.Array" => Intrinsic::Array,
        other => return Err(format!("{other} is not supported here")),
    };
    let arguments: Result<Vec<Template>, String> =
        split(arguments).into_iter().map(|text| argument(text, depth + 1)).collect();
    Ok(Template::Call(function, unescaped(function, arguments?)))
}

/// Constants without their backslashes. The first argument of `States.Format` keeps them until it is clear where its
/// places are.
fn unescaped(function: Intrinsic, arguments: Vec<Template>) -> Vec<Template> {
    let plain = |(index, template)| match template {
        Template::Plain(Value::String(text)) if function != Intrinsic::Format || index > 0 => {
            Template::Plain(Value::String(parts_of(&text, false).concat()))
        }
        template => template,
    };
    arguments.into_iter().enumerate().map(plain).collect()
}

/// A format, cut at its places: `{}`, but not `\{\}`.
fn parts(text: &str) -> Vec<String> {
    parts_of(text, true)
}

fn parts_of(text: &str, has_places: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => parts.last_mut().into_iter().for_each(|part| part.extend(letters.next())),
            '{' if has_places && letters.next_if_eq(&'}').is_some() => parts.push(String::new()),
            letter => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
        }
    }
    parts
}

/// Arguments, split at the commas that are in no quotes and no parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut quoted, mut from, mut escaped) = (Vec::new(), 0_usize, false, 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '\\' if quoted && !escaped => {
                escaped = true;
                continue;
            }
            '\'' if !escaped => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            ',' if !quoted && depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
        escaped = false;
    }
    if !text.trim().is_empty() {
        parts.push(&text[from..]);
    }
    parts
}

fn call(function: Intrinsic, arguments: &[Value]) -> Result<Value, String> {
    match (function, arguments) {
        (Intrinsic::Array, all) => Ok(Value::Array(all.to_vec())),
        (Intrinsic::JsonToString, [value]) => Ok(Value::String(value.to_string())),
        (Intrinsic::StringToJson, [Value::String(text)]) => {
            serde_json::from_str(text).map_err(|error| format!("States.StringToJson: {error}"))
        }
        (Intrinsic::Format, [Value::String(text), values @ ..]) => {
            let parts = parts(text);
            if parts.len() != values.len() + 1 {
                return Err(format!("States.Format: {} places for {} values", parts.len() - 1, values.len()));
            }
            let mut formatted = parts[0].clone();
            for (value, part) in values.iter().zip(&parts[1..]) {
                match value {
                    Value::String(text) => formatted.push_str(text),
                    other => formatted.push_str(&other.to_string()),
                }
                formatted.push_str(part);
            }
            Ok(Value::String(formatted))
        }
        (function, _) => Err(format!("{function:?}: the arguments do not fit")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(template: Value, input: &Value) -> Result<Value, Failure> {
        let mut mistakes = Vec::new();
        let template = Template::parse(&template, "", &mut mistakes);
        assert_eq!(mistakes, []);
        template.fill(input, &json!({"Execution": {"Name": "n"}}))
    }

    #[test]
    fn paths_and_plain_values_mix() {
        let template = json!({"a.$": "$.x", "b": {"c.$": "$$.Execution.Name", "d": [1, {"e.$": "$"}]}});
        let filled = fill(template, &json!({"x": 7})).unwrap();
        assert_eq!(filled, json!({"a": 7, "b": {"c": "n", "d": [1, {"e": {"x": 7}}]}}));
    }

    /// The States Language has `States.ParameterPathFailure` for this, but AWS answers `States.Runtime`.
    #[test]
    fn a_path_that_leads_nowhere_is_what_nothing_catches() {
        let failure = fill(json!({"b": {"a.$": "$.y"}}), &json!({"x": 1})).unwrap_err();
        assert_eq!(failure.error, "States.Runtime");
        assert_eq!(
            failure.cause,
            "The JSONPath '$.y' specified for the field 'a.$' could not be found in the input '{\"x\":1}'"
        );
        let inside = fill(json!({"a.$": "States.Array($.y)"}), &json!({})).unwrap_err();
        assert_eq!(inside.error, "States.Runtime");
    }

    #[test]
    fn intrinsic_functions_compute() {
        let input = json!({"n": 3, "who": "it's", "text": "{\"k\":[1]}"});
        let one = |text: &str| fill(json!({"v.$": text}), &input).map(|filled| filled["v"].clone());
        assert_eq!(one("States.Format('{} of {}, {}', $.n, 4, $.who)"), Ok(json!("3 of 4, it's")));
        assert_eq!(one("States.Format('a, (b) {}', $.n)"), Ok(json!("a, (b) 3")));
        assert_eq!(one("States.StringToJson($.text)"), Ok(json!({"k": [1]})));
        assert_eq!(one("States.JsonToString(States.Array($.n, 'x'))"), Ok(json!("[3,\"x\"]")));
        assert_eq!(one("States.Format('{}')").unwrap_err().error, "States.IntrinsicFailure");
    }

    #[test]
    fn what_is_not_supported_is_refused_where_it_is() {
        let mut mistakes = Vec::new();
        Template::parse(&json!({"a": [{"b.$": "States.UUID()"}], "c.$": 3}), "/P", &mut mistakes);
        assert_eq!(mistakes.len(), 2);
        assert_eq!(mistakes[0].pointer.as_deref(), Some("/P/a/0/b.$"));
        assert_eq!(mistakes[0].message, "States.UUID is not supported here");
        assert_eq!(mistakes[1].to_string(), "SCHEMA_VALIDATION_FAILED: must be a string at /P/c.$");
    }

    #[test]
    fn only_paths_and_calls_are_expressions() {
        for text in ["5", "'text'", "text", "true", "States.Array(", "", " "] {
            assert!(expression(text).is_err(), "{text:?}");
        }
        assert!(words("States.Format('{}', $.a)").is_ok() && words("$.a").is_ok());
        assert!(words("States.Array($.a)").is_err());
    }

    #[test]
    fn calls_inside_each_other_have_a_bound() {
        let nested = |depth: usize| format!("{}1{}", "States.Array(".repeat(depth), ")".repeat(depth));
        assert!(expression(&nested(MOST_NESTED)).is_ok());
        assert!(expression(&nested(MOST_NESTED + 1)).is_err());
        assert!(expression(&nested(100_000)).is_err(), "and nothing breaks");
    }

    #[test]
    fn backslashes_escape() {
        let one = |text: &str| fill(json!({"v.$": text}), &json!({})).map(|filled| filled["v"].clone());
        assert_eq!(one(r"States.Format('it\'s \{\} {}', 'a\'b\\')"), Ok(json!(r"it's {} a'b\")));
        assert_eq!(one(r"States.Array('a, \'(b', 2)"), Ok(json!(["a, '(b", 2])));
    }
}
