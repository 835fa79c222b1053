//! Brings what came in to the form handlers get. Owns: types, and the names of members. Pure.
//!
//! Member names become the model's, numbers and booleans become JSON's, timestamps become seconds since the
//! epoch, members that the model does not know are dropped, and a value of another type is refused as AWS
//! refuses it: with a `SerializationException`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Number, Value};

use crate::error::ApiError;
use crate::model::{Kind, Model, Shape};
use crate::time;

/// How scalars are written where the value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// JSON or CBOR: a number is a number.
    Typed,
    /// Forms, URIs and headers: everything is text.
    Text,
}

/// The value as the shape wants it.
pub(crate) fn coerce(model: &Model, shape: &Shape, value: Value, source: Source) -> Result<Value, ApiError> {
    match (shape.kind, value) {
        (_, value) if shape.document => Ok(value),
        (Kind::Structure, Value::Object(members)) => structure(model, shape, members, source),
        (Kind::List, Value::Array(elements)) => {
            let Some((_, element)) = model.element(shape) else { return Ok(Value::Array(elements)) };
            let coerced = elements.into_iter().map(|value| coerce(model, element, value, source));
            coerced.collect::<Result<_, _>>().map(Value::Array)
        }
        (Kind::Map, Value::Object(entries)) => {
            let Some((_, value_shape)) = model.value(shape) else { return Ok(Value::Object(entries)) };
            let coerced = entries
                .into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| Ok((key, coerce(model, value_shape, value, source)?)));
            coerced.collect::<Result<_, _>>().map(Value::Object)
        }
        (kind, value) => scalar(kind, value, source),
    }
}

fn structure(
    model: &Model,
    shape: &Shape,
    mut given: Map<String, Value>,
    source: Source,
) -> Result<Value, ApiError> {
    let mut coerced = Map::new();
    for (name, member) in shape.members.iter().filter(|(_, member)| member.location.is_none()) {
        match given.remove(member.wire_name(name)) {
            None | Some(Value::Null) => {}
            Some(value) => {
                let value = coerce(model, model.shape(&member.shape), value, source)?;
                coerced.insert(name.clone(), value);
            }
        }
    }
    Ok(Value::Object(coerced))
}

/// A scalar as the kind wants it.
pub(crate) fn scalar(kind: Kind, value: Value, source: Source) -> Result<Value, ApiError> {
    let mismatch = mismatch(kind, &value);
    let coerced = match (kind, value) {
        (Kind::String | Kind::Character, Value::String(text)) => Some(Value::String(text)),
        (Kind::Boolean, Value::Bool(truth)) => Some(Value::Bool(truth)),
        (Kind::Boolean, Value::String(text)) if source == Source::Text => {
            text.to_ascii_lowercase().parse().ok().map(Value::Bool)
        }
        (Kind::Integer | Kind::Long, value) => integer(kind, &value, source),
        (Kind::Float | Kind::Double, value) => float(value, source),
        (Kind::Timestamp, Value::Number(number)) => number.as_f64().and_then(seconds),
        (Kind::Timestamp, Value::String(text)) => time::parse(&text).and_then(seconds),
        (Kind::Blob, Value::String(text)) => BASE64.decode(&text).is_ok().then_some(Value::String(text)),
        _ => None,
    };
    coerced.ok_or(mismatch)
}

fn seconds(seconds: f64) -> Option<Value> {
    Number::from_f64(seconds).map(Value::Number)
}

fn integer(kind: Kind, value: &Value, source: Source) -> Option<Value> {
    let number = match value {
        Value::Number(number) => whole(number)?,
        Value::String(text) if source == Source::Text => text.trim().parse().ok()?,
        _ => return None,
    };
    let fits = kind == Kind::Long || i32::try_from(number).is_ok();
    fits.then(|| Value::from(number))
}

/// The number if it is one without a fraction, `3.0` included.
pub(crate) fn whole(number: &Number) -> Option<i64> {
    /// Up to here every whole number has a double of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    number.as_i64().or_else(|| {
        let float = number.as_f64()?;
        #[allow(clippy::cast_possible_truncation)]
        (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
    })
}

/// A number, or one of the three names for what JSON numbers cannot say.
fn float(value: Value, source: Source) -> Option<Value> {
    match value {
        Value::Number(number) => Some(Value::Number(number)),
        Value::String(text) if not_finite(&text).is_some() => Some(Value::String(text)),
        Value::String(text) if source == Source::Text => {
            text.trim().parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        _ => None,
    }
}

/// The float that a string stands for in AWS's JSON.
pub(crate) fn not_finite(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn mismatch(kind: Kind, value: &Value) -> ApiError {
    let found = match value {
        Value::Null => "NULL_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) => "STRING_VALUE",
        Value::Array(_) => return serialization("Start of list found where not expected"),
        Value::Object(_) => return serialization("Start of structure or map found where not expected"),
    };
    let expected = match kind {
        Kind::Structure => "a Structure",
        Kind::List => "a List",
        Kind::Map => "a Map",
        Kind::String | Kind::Character => "a String",
        Kind::Integer => "an Integer",
        Kind::Long => "a Long",
        Kind::Float => "a Float",
        Kind::Double => "a Double",
        Kind::Boolean => "a Boolean",
        Kind::Timestamp => "a Timestamp",
        Kind::Blob => "a Blob",
    };
    serialization(format!("{found} can not be converted to {expected}"))
}

/// The refusal of what cannot be read.
pub(crate) fn serialization(message: impl Into<String>) -> ApiError {
    ApiError::new("SerializationException", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    fn input(service: Service, operation: &str, value: Value) -> Result<Value, ApiError> {
        let model = service.model();
        let reference = model.operations[operation].input.as_ref().expect("an input");
        coerce(model, model.shape(&reference.shape), value, Source::Typed)
    }

    #[test]
    fn keeps_what_the_model_knows() {
        let given = json!({"service": "web", "desiredCount": 3.0, "cluster": null, "surprise": [1],
            "deploymentConfiguration": {"maximumPercent": 200}});
        assert_eq!(
            input(Service::Ecs, "UpdateService", given),
            Ok(
                json!({"service": "web", "desiredCount": 3, "deploymentConfiguration": {"maximumPercent": 200}})
            )
        );
    }

    #[test]
    fn refuses_other_types_in_awss_words() {
        let cases = [
            (json!({"service": 7}), "NUMBER_VALUE can not be converted to a String"),
            (json!({"desiredCount": "7"}), "STRING_VALUE can not be converted to an Integer"),
            (json!({"desiredCount": 2.5}), "NUMBER_VALUE can not be converted to an Integer"),
            (json!({"desiredCount": 3_000_000_000_i64}), "NUMBER_VALUE can not be converted to an Integer"),
            (json!({"service": []}), "Start of list found where not expected"),
            (json!({"loadBalancers": {}}), "Start of structure or map found where not expected"),
            (json!({"loadBalancers": [null]}), "NULL_VALUE can not be converted to a Structure"),
            (json!([]), "Start of list found where not expected"),
        ];
        for (given, message) in cases {
            assert_eq!(
                input(Service::Ecs, "UpdateService", given.clone()),
                Err(serialization(message)),
                "{given}"
            );
        }
    }

    #[test]
    fn text_becomes_what_the_kind_is() {
        let read = |kind, text: &str| scalar(kind, json!(text), Source::Text);
        assert_eq!(read(Kind::Integer, "5"), Ok(json!(5)));
        assert_eq!(read(Kind::Boolean, "true"), Ok(json!(true)));
        assert_eq!(read(Kind::Double, "1.5"), Ok(json!(1.5)));
        assert_eq!(read(Kind::Timestamp, "1970-01-01T00:01:00Z"), Ok(json!(60.0)));
        assert!(read(Kind::Integer, "five").is_err());
        assert!(read(Kind::Boolean, "yes").is_err());
    }
}
