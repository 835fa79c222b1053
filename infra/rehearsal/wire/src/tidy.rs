//! Brings what a handler answers to what the model promises. Pure.
//!
//! Handlers write JSON by hand; SDKs are strict. A whole number is never `3.0`, a timestamp never text, an
//! absent member never `null`, and what the model does not know is not sent. Each repair that drops something
//! is a complaint, which the handlers' tests ask for with [`check_output`](crate::check_output).

use serde_json::{Map, Number, Value};

use crate::coerce::{Source, scalar, whole};
use crate::model::{Kind, Model, Shape};
use crate::time;

/// A walk over an output, and what it had to drop.
#[derive(Debug)]
pub(crate) struct Tidy<'a> {
    model: &'a Model,
    /// One line for each value that was dropped.
    pub complaints: Vec<String>,
}

impl<'a> Tidy<'a> {
    pub fn new(model: &'a Model) -> Self {
        Self { model, complaints: Vec::new() }
    }

    /// The value as the shape promises it; `None` if it cannot be.
    pub fn value(&mut self, shape: &Shape, value: Value, path: &str) -> Option<Value> {
        match (shape.kind, value) {
            (_, Value::Null) => None,
            (_, value) if shape.document => Some(value),
            (Kind::Structure, Value::Object(members)) => Some(self.structure(shape, members, path)),
            (Kind::List, Value::Array(elements)) => {
                let (_, element) = self.model.element(shape)?;
                let tidied = elements
                    .into_iter()
                    .enumerate()
                    .filter_map(|(index, value)| self.value(element, value, &format!("{path}[{index}]")));
                Some(tidied.collect())
            }
            (Kind::Map, Value::Object(entries)) => {
                let (_, inner) = self.model.value(shape)?;
                let tidied = entries.into_iter().filter_map(|(key, value)| {
                    let tidied = self.value(inner, value, &format!("{path}.{key}"))?;
                    Some((key, tidied))
                });
                Some(Value::Object(tidied.collect()))
            }
            (kind, value) => {
                let shown = value.to_string();
                let tidied = tidy_scalar(kind, value);
                if tidied.is_none() {
                    self.complaints.push(format!("{path} is {shown}, not a {kind:?}"));
                }
                tidied
            }
        }
    }

    fn structure(&mut self, shape: &Shape, members: Map<String, Value>, path: &str) -> Value {
        let mut tidied = Map::new();
        for (name, value) in members {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            match shape.members.get(&name) {
                Some(member) => {
                    if let Some(value) = self.value(self.model.shape(&member.shape), value, &path) {
                        tidied.insert(name, value);
                    }
                }
                None => self.complaints.push(format!("{path} is not a member")),
            }
        }
        Value::Object(tidied)
    }
}

fn tidy_scalar(kind: Kind, value: Value) -> Option<Value> {
    match (kind, value) {
        (Kind::Integer | Kind::Long, Value::Number(number)) => whole(&number).map(Value::from),
        (Kind::Float | Kind::Double, Value::Number(number)) => {
            number.as_f64().and_then(Number::from_f64).map(Value::Number)
        }
        (Kind::Timestamp, Value::String(text)) => {
            time::parse(&text).and_then(Number::from_f64).map(Value::Number)
        }
        (kind, value) => scalar(kind, value, Source::Typed).ok(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    #[test]
    fn repairs_and_complains() {
        let model = Service::Ecs.model();
        let shape = model.shape("DescribeServicesResponse");
        let mut tidy = Tidy::new(model);
        let output = json!({"services": [{"desiredCount": 2.0, "createdAt": "1970-01-01T00:00:01Z",
            "status": 7, "serviceArn": null, "targetGroupArn": "x"}]});
        let tidied = tidy.value(shape, output, "");
        assert_eq!(tidied, Some(json!({"services": [{"desiredCount": 2, "createdAt": 1.0}]})));
        assert_eq!(
            tidy.complaints,
            ["services[0].status is 7, not a String", "services[0].targetGroupArn is not a member"]
        );
    }
}
