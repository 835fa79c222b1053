//! The query protocol's requests: `Tags.member.1.Key=a` to values. Owns: the dotted names.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::coerce::serialization;
use crate::error::ApiError;
use crate::model::{Kind, Model, Reference, Shape};

/// Dots in a name; AWS's deepest inputs have about ten.
const MAX_DEPTH: usize = 32;

/// What the dotted names spell.
#[derive(Debug, Default)]
struct Node {
    text: Option<String>,
    children: BTreeMap<String, Node>,
}

/// The input as text values under the model's wire names; `coerce` makes numbers of them.
pub(crate) fn read(
    model: &Model,
    shape: &Shape,
    pairs: impl IntoIterator<Item = (String, String)>,
) -> Result<Value, ApiError> {
    let mut root = Node::default();
    for (name, text) in pairs {
        let mut node = &mut root;
        for (depth, part) in name.split('.').enumerate() {
            if depth >= MAX_DEPTH {
                return Err(serialization("parameter name is nested too deeply"));
            }
            node = node.children.entry(part.to_owned()).or_default();
        }
        node.text = Some(text);
    }
    Ok(structure(model, shape, &root))
}

fn structure(model: &Model, shape: &Shape, node: &Node) -> Value {
    let mut members = Map::new();
    for (name, member) in &shape.members {
        let wire_name = member.wire_name(name);
        if let Some(value) = member_value(model, member, wire_name, node) {
            members.insert(wire_name.to_owned(), value);
        }
    }
    Value::Object(members)
}

fn member_value(model: &Model, member: &Reference, wire_name: &str, parent: &Node) -> Option<Value> {
    let shape = model.shape(&member.shape);
    let flat = shape.flattened || member.flattened;
    // A flattened list goes by its element's name, where that has one.
    let own_name = match model.element(shape) {
        Some((element, _)) if flat => element.wire_name(wire_name),
        _ => wire_name,
    };
    let node = parent.children.get(own_name)?;
    Some(match shape.kind {
        Kind::List => list(model, shape, node, flat),
        Kind::Map => map(model, shape, node, flat),
        _ => value(model, shape, node),
    })
}

fn value(model: &Model, shape: &Shape, node: &Node) -> Value {
    match shape.kind {
        Kind::Structure => structure(model, shape, node),
        Kind::List => list(model, shape, node, shape.flattened),
        Kind::Map => map(model, shape, node, shape.flattened),
        _ => node.text.clone().map_or(Value::Null, Value::String),
    }
}

/// `Name.member.1`, or `Name.1` if flat; `Name=` is how an empty list is sent.
fn list(model: &Model, shape: &Shape, node: &Node, flat: bool) -> Value {
    let Some((element, element_shape)) = model.element(shape) else { return Value::Array(Vec::new()) };
    let holder = if flat { Some(node) } else { node.children.get(element.wire_name("member")) };
    Value::Array(numbered(holder).map(|node| value(model, element_shape, node)).collect())
}

/// `Name.entry.1.key` and `Name.entry.1.value`, or without `entry` if flat.
fn map(model: &Model, shape: &Shape, node: &Node, flat: bool) -> Value {
    let (Some((key, _)), Some((value_reference, value_shape))) = (model.key(shape), model.value(shape))
    else {
        return Value::Object(Map::new());
    };
    let holder = if flat { Some(node) } else { node.children.get("entry") };
    let entries = numbered(holder).filter_map(|entry| {
        let key = entry.children.get(key.wire_name("key"))?.text.clone()?;
        let node = entry.children.get(value_reference.wire_name("value"))?;
        Some((key, value(model, value_shape, node)))
    });
    Value::Object(entries.collect())
}

/// The children called 1, 2, 3 … in the order of these numbers.
fn numbered(node: Option<&Node>) -> impl Iterator<Item = &Node> {
    let mut children: Vec<(u32, &Node)> = node
        .into_iter()
        .flat_map(|node| &node.children)
        .filter_map(|(name, child)| Some((name.parse().ok()?, child)))
        .collect();
    children.sort_by_key(|(number, _)| *number);
    children.into_iter().map(|(_, child)| child)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::percent;
    use crate::service::Service;

    fn read_input(service: Service, operation: &str, form: &str) -> Result<Value, ApiError> {
        let model = service.model();
        let reference = model.operations[operation].input.as_ref().expect("an input");
        read(model, model.shape(&reference.shape), percent::pairs(form).expect("a form"))
    }

    #[test]
    fn lists_are_in_numeric_order_whatever_the_order_sent() {
        let form = "TargetGroupArn=a&Targets.member.10.Id=j&Targets.member.2.Id=b&Targets.member.2.Port=80";
        assert_eq!(
            read_input(Service::Elbv2, "RegisterTargets", form),
            Ok(json!({"TargetGroupArn": "a", "Targets": [{"Id": "b", "Port": "80"}, {"Id": "j"}]}))
        );
    }

    #[test]
    fn maps_and_empty_lists() {
        let form =
            "Message=m&MessageAttributes.entry.1.Name=k&MessageAttributes.entry.1.Value.DataType=String";
        assert_eq!(
            read_input(Service::Sns, "Publish", form),
            Ok(json!({"Message": "m", "MessageAttributes": {"k": {"DataType": "String"}}}))
        );
        assert_eq!(read_input(Service::Elbv2, "DescribeRules", "RuleArns="), Ok(json!({"RuleArns": []})));
    }

    #[test]
    fn depth_is_bounded() {
        let form = format!("A{}=1", ".a".repeat(MAX_DEPTH));
        assert!(read_input(Service::Elbv2, "DescribeRules", &form).is_err());
    }
}
