//! What one state makes of its input, without the task itself: pure.

use crate::choice::is_timestamp;
use crate::error::{DATA_LIMIT, Failure, NO_CHOICE, RESULT_PATH};
use crate::machine::{Catcher, MOST_SECONDS, Seconds, Shape, State, Wait};
use crate::path::Path;
use crate::template::Template;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Step Functions carries this many bytes between states.
pub const MAX_PAYLOAD: usize = 262_144;

/// The part of the input that a state sees.
pub(crate) fn input_of(state: &State, raw: &Value, context: &Value) -> Result<Value, Failure> {
    select(state.input.as_ref(), raw, context, "InputPath")
}

/// The part of what a state made that goes on.
pub(crate) fn output_of(state: &State, made: &Value, context: &Value) -> Result<Value, Failure> {
    let output = select(state.output.as_ref(), made, context, "OutputPath")?;
    within_limit(&output)?;
    Ok(output)
}

fn select(path: Option<&Path>, from: &Value, context: &Value, name: &str) -> Result<Value, Failure> {
    let Some(path) = path else { return Ok(json!({})) };
    path.get(from, context)
        .cloned()
        .ok_or_else(|| Failure::runtime(format!("Invalid path '{path}' : {name} leads nowhere in '{from}'")))
}

/// What a task is called with, or a Pass makes.
pub(crate) fn parameters(shape: &Shape, input: &Value, context: &Value) -> Result<Value, Failure> {
    let filled = match &shape.parameters {
        Some(template) => template.fill(input, context)?,
        None => input.clone(),
    };
    within_limit(&filled)?;
    Ok(filled)
}

/// Selector and result path, in this order.
pub(crate) fn combine(shape: &Shape, raw: Value, result: Value, context: &Value) -> Result<Value, Failure> {
    let result = match &shape.selector {
        Some(template) => template.fill(&result, context)?,
        None => result,
    };
    put(shape.result_path.as_ref(), raw, result)
}

fn put(path: Option<&Path>, raw: Value, result: Value) -> Result<Value, Failure> {
    let Some(path) = path else { return Ok(raw) };
    if path.is_whole() {
        return Ok(result);
    }
    path.put(raw, result).map_err(|why| Failure::new(RESULT_PATH, why))
}

/// What the state that catches an error gets.
pub(crate) fn caught(catcher: &Catcher, raw: Value, failure: &Failure) -> Result<Value, Failure> {
    let error = json!({ "Error": failure.error, "Cause": failure.cause });
    put(catcher.result_path.as_ref(), raw, error)
}

fn within_limit(value: &Value) -> Result<(), Failure> {
    let size = value.to_string().len();
    if size <= MAX_PAYLOAD {
        return Ok(());
    }
    let why = format!(
        "The state/task returned a result with a size exceeding the maximum number of bytes service limit: {size} of {MAX_PAYLOAD}."
    );
    Err(Failure::new(DATA_LIMIT, why))
}

/// The state that a Choice chooses.
pub(crate) fn choose<'a>(
    rules: &'a [(crate::choice::Rule, String)],
    default: Option<&'a str>,
    input: &Value,
    context: &Value,
) -> Result<&'a str, Failure> {
    for (rule, next) in rules {
        if rule.holds(input, context).map_err(Failure::runtime)? {
            return Ok(next);
        }
    }
    default.ok_or_else(|| Failure::new(NO_CHOICE, "no rule of the choice matches, and it has no default"))
}

/// A number of seconds, at least `least`.
pub(crate) fn seconds(seconds: &Seconds, least: u64, input: &Value, context: &Value) -> Result<u64, Failure> {
    match seconds {
        Seconds::Fixed(seconds) => Ok(*seconds),
        Seconds::At(path) => {
            let found = path.get(input, context);
            let fit = found.and_then(Value::as_u64).filter(|found| (least..=MOST_SECONDS).contains(found));
            fit.ok_or_else(|| {
                let found = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
                Failure::runtime(format!(
                    "The path '{path}' leads to {found}, not to a whole number of seconds from {least} to {MOST_SECONDS}"
                ))
            })
        }
    }
}

/// How long a Wait waits, at this moment.
pub(crate) fn wait(wait: &Wait, input: &Value, context: &Value, now: Timestamp) -> Result<Duration, Failure> {
    match wait {
        Wait::Seconds(given) => Ok(Duration::from_secs(seconds(given, 0, input, context)?)),
        Wait::Until(template) => {
            let text = template.fill(input, context)?;
            let until: Timestamp = text
                .as_str()
                .filter(|_| is_timestamp(&text))
                .and_then(|text| text.parse().ok())
                .ok_or_else(|| Failure::runtime(format!("{text} is no timestamp")))?;
            Ok(Duration::try_from(until.duration_since(now)).unwrap_or_default())
        }
    }
}

/// A string that may be given or not.
pub(crate) fn word(
    template: Option<&Template>,
    input: &Value,
    context: &Value,
) -> Result<Option<String>, Failure> {
    let Some(template) = template else { return Ok(None) };
    match template.fill(input, context).map_err(|failure| Failure::runtime(failure.cause))? {
        Value::String(text) => Ok(Some(text)),
        other => Err(Failure::runtime(format!("{other} is no string"))),
    }
}

/// What a task answers, as the Lambda integration gives it.
pub(crate) fn lambda_result(payload: Value) -> Value {
    let mut result = Map::new();
    result.insert("ExecutedVersion".to_owned(), json!("$LATEST"));
    result.insert("Payload".to_owned(), payload);
    result.insert("StatusCode".to_owned(), json!(200));
    Value::Object(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Option<Path> {
        Some(Path::parse(text).unwrap())
    }

    fn shape(result_path: Option<Path>) -> Shape {
        Shape { parameters: None, selector: None, result: None, result_path }
    }

    #[test]
    fn results_go_where_the_result_path_leads() {
        let raw = json!({"a": 1});
        let combined = |result_path| combine(&shape(result_path), raw.clone(), json!(2), &Value::Null);
        assert_eq!(combined(path("$")), Ok(json!(2)));
        assert_eq!(combined(None), Ok(raw.clone()), "null leaves the input as it is");
        assert_eq!(combined(path("$.b.c")), Ok(json!({"a": 1, "b": {"c": 2}})));
        assert_eq!(combined(path("$.a.b")).unwrap_err().error, "States.ResultPathMatchFailure");
    }

    #[test]
    fn null_paths_make_things_empty() {
        assert_eq!(select(None, &json!({"a": 1}), &Value::Null, "InputPath"), Ok(json!({})));
        assert_eq!(
            select(path("$.x").as_ref(), &json!({}), &Value::Null, "P").unwrap_err().error,
            "States.Runtime"
        );
    }

    #[test]
    fn seconds_that_a_path_leads_to_have_bounds() {
        let at = |least, found: Value| {
            let path = Seconds::At(Path::parse("$.s").unwrap());
            seconds(&path, least, &json!({"s": found}), &Value::Null).map_err(|failure| failure.error)
        };
        assert_eq!((at(0, json!(0)), at(1, json!(99_999_999))), (Ok(0), Ok(99_999_999)));
        for (least, bad) in
            [(1, json!(0)), (0, json!(-1)), (0, json!(1.5)), (0, json!("5")), (0, json!(100_000_000))]
        {
            assert_eq!(at(least, bad.clone()), Err("States.Runtime".to_owned()), "{bad}");
        }
    }

    #[test]
    fn too_large_an_output_is_an_error_of_its_own() {
        let state =
            State { input: path("$"), output: path("$"), kind: crate::machine::Kind::Succeed, next: None };
        let large = json!("x".repeat(MAX_PAYLOAD));
        assert_eq!(output_of(&state, &large, &Value::Null).unwrap_err().error, "States.DataLimitExceeded");
    }

    #[test]
    fn waits_until_a_moment_or_not_at_all() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let until =
            |text: &str| wait(&Wait::Until(Template::Plain(json!(text))), &json!({}), &Value::Null, now);
        assert_eq!(until("2026-01-01T00:01:30Z"), Ok(Duration::from_secs(90)));
        assert_eq!(until("2025-01-01T00:00:00Z"), Ok(Duration::ZERO));
        assert!(until("tomorrow").is_err() && until("2026-01-01 00:01:30Z").is_err());
    }
}
