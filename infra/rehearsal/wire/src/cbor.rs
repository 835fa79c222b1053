//! Values to and from CBOR, as the RPC v2 protocol has them. Owns: tag 1, byte strings, floats.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

use crate::coerce::{not_finite, serialization};
use crate::error::ApiError;
use crate::model::{Kind, Model, Shape};

/// The tag of a timestamp in seconds since the epoch.
const EPOCH_TAG: u64 = 1;

/// The body as JSON: byte strings as base64, timestamps as numbers.
pub(crate) fn read(body: &[u8]) -> Result<Value, ApiError> {
    let cbor: Cbor = ciborium::from_reader(body).map_err(|error| serialization(error.to_string()))?;
    json(cbor)
}

fn json(cbor: Cbor) -> Result<Value, ApiError> {
    Ok(match cbor {
        Cbor::Null => Value::Null,
        Cbor::Bool(truth) => Value::Bool(truth),
        Cbor::Text(text) => Value::String(text),
        Cbor::Bytes(bytes) => Value::String(BASE64.encode(bytes)),
        Cbor::Integer(number) => i64::try_from(number)
            .map(Value::from)
            .or_else(|_| u64::try_from(number).map(Value::from))
            .map_err(|_| serialization("an integer is too large"))?,
        Cbor::Float(float) => float_value(float),
        Cbor::Tag(EPOCH_TAG, inner) => json(*inner)?,
        Cbor::Array(elements) => elements.into_iter().map(json).collect::<Result<_, _>>()?,
        Cbor::Map(entries) => {
            let members = entries.into_iter().map(|(key, value)| match key {
                Cbor::Text(name) => Ok((name, json(value)?)),
                _ => Err(serialization("a map's keys must be text")),
            });
            Value::Object(members.collect::<Result<_, _>>()?)
        }
        _ => return Err(serialization("unexpected CBOR item")),
    })
}

fn float_value(float: f64) -> Value {
    let text = if float.is_nan() {
        "NaN"
    } else if float.is_sign_positive() {
        "Infinity"
    } else {
        "-Infinity"
    };
    Number::from_f64(float).map_or_else(|| Value::from(text), Value::Number)
}

/// A tidied output as bytes.
pub(crate) fn write(model: &Model, shape: &Shape, value: &Value) -> Vec<u8> {
    bytes(&cbor(model, shape, value))
}

/// A value that no shape describes as bytes.
pub(crate) fn write_plain(members: &Map<String, Value>) -> Vec<u8> {
    bytes(&plain(&Value::Object(members.clone())))
}

fn bytes(cbor: &Cbor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A Vec takes every byte and a `Value` always serialises; there is no error to pass on.
    let _ = ciborium::into_writer(cbor, &mut bytes);
    bytes
}

/// The item for a value of this shape.
pub(crate) fn cbor(model: &Model, shape: &Shape, value: &Value) -> Cbor {
    match (shape.kind, value) {
        (Kind::Structure, Value::Object(members)) => {
            let entries = members.iter().filter_map(|(name, value)| {
                let member = shape.members.get(name)?;
                Some((
                    Cbor::Text(member.wire_name(name).to_owned()),
                    cbor(model, model.shape(&member.shape), value),
                ))
            });
            Cbor::Map(entries.collect())
        }
        (Kind::List, Value::Array(elements)) => match model.element(shape) {
            Some((_, element)) => {
                Cbor::Array(elements.iter().map(|value| cbor(model, element, value)).collect())
            }
            None => plain(value),
        },
        (Kind::Map, Value::Object(entries)) => match model.value(shape) {
            Some((_, inner)) => {
                let entries =
                    entries.iter().map(|(key, value)| (Cbor::Text(key.clone()), cbor(model, inner, value)));
                Cbor::Map(entries.collect())
            }
            None => plain(value),
        },
        (Kind::Timestamp, Value::Number(_)) => Cbor::Tag(EPOCH_TAG, Box::new(plain(value))),
        (Kind::Blob, Value::String(text)) => BASE64.decode(text).map_or_else(|_| plain(value), Cbor::Bytes),
        // SDKs read a double only from a float, so `5` must not become an integer here.
        (Kind::Float | Kind::Double, Value::Number(number)) => {
            number.as_f64().map_or(Cbor::Null, Cbor::Float)
        }
        (Kind::Float | Kind::Double, Value::String(text)) => {
            not_finite(text).map_or_else(|| plain(value), Cbor::Float)
        }
        _ => plain(value),
    }
}

/// The item that needs no model.
fn plain(value: &Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(truth) => Cbor::Bool(*truth),
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(whole), _, _) => Cbor::Integer(whole.into()),
            (_, Some(whole), _) => Cbor::Integer(whole.into()),
            (_, _, float) => float.map_or(Cbor::Null, Cbor::Float),
        },
        Value::Array(elements) => Cbor::Array(elements.iter().map(plain).collect()),
        Value::Object(members) => {
            Cbor::Map(members.iter().map(|(name, value)| (Cbor::Text(name.clone()), plain(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    #[test]
    fn doubles_stay_floats_and_timestamps_carry_their_tag() {
        let model = Service::CloudWatch.model();
        let shape = model.shape("GetMetricDataOutput");
        let output = json!({"MetricDataResults": [{"Id": "m", "Timestamps": [60.0], "Values": [5, "NaN"]}]});
        let written = cbor(model, shape, &output);
        let text = format!("{written:?}");
        assert!(text.contains("Tag(1, Float(60.0))"), "{text}");
        assert!(text.contains("Float(5.0)") && text.contains("Float(NaN)"), "{text}");
        assert_eq!(
            read(&write(model, shape, &output)),
            Ok(json!({"MetricDataResults": [{"Id": "m", "Timestamps": [60.0], "Values": [5.0, "NaN"]}]}))
        );
    }

    #[test]
    fn broken_bytes_are_refused() {
        assert!(read(&[0xbf, 0x61]).is_err());
        assert!(read(&[0xa1, 0x01, 0x02]).is_err(), "a key must be text");
    }

    #[test]
    fn indefinite_lengths_are_read() {
        assert_eq!(read(&[0xbf, 0x61, b'a', 0x9f, 0x01, 0xff, 0xff]), Ok(json!({"a": [1]})));
    }
}
