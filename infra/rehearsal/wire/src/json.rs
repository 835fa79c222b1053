//! The JSON protocols' bodies. Owns: reading them, and the wire names and timestamp formats of answers.

use serde_json::{Map, Value};

use crate::coerce::serialization;
use crate::error::ApiError;
use crate::model::{Kind, Model, Reference, Shape, TimestampFormat};
use crate::time;

/// The body; an empty one is an empty object, as AWS takes it.
pub(crate) fn read(body: &[u8]) -> Result<Value, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Value::Object(Map::new()));
    }
    serde_json::from_slice(body).map_err(|error| serialization(error.to_string()))
}

/// A tidied output as it travels: members that have a place outside the body are left out.
pub(crate) fn present(model: &Model, shape: &Shape, value: Value) -> Value {
    match (shape.kind, value) {
        (_, value) if shape.document => value,
        (Kind::Structure, Value::Object(members)) => {
            let presented = members.into_iter().filter_map(|(name, value)| {
                let member = shape.members.get(&name).filter(|member| member.location.is_none())?;
                Some((member.wire_name(&name).to_owned(), present_member(model, member, value)))
            });
            Value::Object(presented.collect())
        }
        (Kind::List, Value::Array(elements)) => match model.element(shape) {
            Some((element, _)) => {
                elements.into_iter().map(|value| present_member(model, element, value)).collect()
            }
            None => Value::Array(elements),
        },
        (Kind::Map, Value::Object(entries)) => match model.value(shape) {
            Some((inner, _)) => Value::Object(
                entries.into_iter().map(|(key, value)| (key, present_member(model, inner, value))).collect(),
            ),
            None => Value::Object(entries),
        },
        (_, value) => value,
    }
}

fn present_member(model: &Model, member: &Reference, value: Value) -> Value {
    let shape = model.shape(&member.shape);
    let format = member.timestamp_format.or(shape.timestamp_format).unwrap_or(TimestampFormat::UnixTimestamp);
    match (shape.kind, value.as_f64()) {
        (Kind::Timestamp, Some(seconds)) if format != TimestampFormat::UnixTimestamp => {
            time::text(seconds, format).map_or(Value::Null, Value::String)
        }
        _ => present(model, shape, value),
    }
}
