//! What AWS refuses before a service sees it. Owns: constraints of the models, and their wording. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::model::{Kind, Model, Shape};
use crate::service::Service;

/// The constraints that an input breaks, each in AWS's words: `Value '…' at '…' failed to satisfy
/// constraint: …`. Empty if it breaks none, or if the operation is not known.
pub fn validate(service: Service, operation: &str, input: &Value) -> Vec<String> {
    let model = service.model();
    let Some(reference) = model.operations.get(operation).and_then(|known| known.input.as_ref()) else {
        return Vec::new();
    };
    let mut walk = Walk { model, limits: enforces_limits(service), violations: Vec::new() };
    walk.value(model.shape(&reference.shape), input, "");
    walk.violations
}

/// The message AWS makes of violations: `1 validation error detected: …`.
pub(crate) fn message(violations: &[String]) -> String {
    let errors = if violations.len() == 1 { "error" } else { "errors" };
    format!("{} validation {errors} detected: {}", violations.len(), violations.join("; "))
}

/// What keys and values of tags may be written with. ECS enforces this one, as the API reference says of `Tag`: other
/// characters are refused.
const TAG_CHARACTERS: &str = r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)";

/// The ECS model's lengths, ranges and patterns describe more than ECS enforces; only what is required, the enums and
/// [`TAG_CHARACTERS`] are checked there.
fn enforces_limits(service: Service) -> bool {
    service != Service::Ecs
}

struct Walk<'a> {
    model: &'a Model,
    limits: bool,
    violations: Vec<String>,
}

impl Walk<'_> {
    fn value(&mut self, shape: &Shape, value: &Value, path: &str) {
        if shape.document {
            return;
        }
        for constraint in self.broken(shape, value) {
            self.violate(value, path, &constraint);
        }
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(_)) => self.structure(shape, value, path),
            (Kind::List, Value::Array(elements)) => self.list(shape, elements, value, path),
            (Kind::Map, Value::Object(_)) => self.map(shape, value, path),
            _ => {}
        }
    }

    fn structure(&mut self, shape: &Shape, value: &Value, path: &str) {
        for (name, member) in &shape.members {
            let path = join(path, &decapitalised(name));
            match value.get(name) {
                Some(inner) => self.value(self.model.shape(&member.shape), inner, &path),
                None if shape.required.contains(name) => {
                    self.violations.push(format!(
                        "Value null at '{path}' failed to satisfy constraint: Member must not be null"
                    ));
                }
                None => {}
            }
        }
    }

    /// Scalars in a list are reported once, for the whole list.
    fn list(&mut self, shape: &Shape, elements: &[Value], list: &Value, path: &str) {
        let Some((_, element)) = self.model.element(shape) else { return };
        if matches!(element.kind, Kind::Structure | Kind::List | Kind::Map) {
            for (index, value) in elements.iter().enumerate() {
                self.value(element, value, &format!("{path}.{}.member", index + 1));
            }
        } else if elements.iter().any(|value| !self.broken(element, value).is_empty()) {
            let constraints = self.constraints(element).join(", ");
            self.violate(list, path, &format!("Member must satisfy constraint: [{constraints}]"));
        }
    }

    fn map(&mut self, shape: &Shape, map: &Value, path: &str) {
        let (Some((_, key_shape)), Some((_, value_shape)), Some(entries)) =
            (self.model.key(shape), self.model.value(shape), map.as_object())
        else {
            return;
        };
        if entries.keys().any(|key| !self.broken(key_shape, &Value::from(key.as_str())).is_empty()) {
            let constraints = self.constraints(key_shape).join(", ");
            self.violate(map, path, &format!("Map keys must satisfy constraint: [{constraints}]"));
        }
        if matches!(value_shape.kind, Kind::Structure | Kind::List | Kind::Map) {
            for (key, value) in entries {
                self.value(value_shape, value, &format!("{path}.{key}.member"));
            }
        } else if entries.values().any(|value| !self.broken(value_shape, value).is_empty()) {
            let constraints = self.constraints(value_shape).join(", ");
            self.violate(map, path, &format!("Map value must satisfy constraint: [{constraints}]"));
        }
    }

    /// The constraints of the shape that the value itself breaks; what is inside it is not looked at.
    fn broken(&self, shape: &Shape, value: &Value) -> Vec<String> {
        let mut broken = Vec::new();
        if self.limits {
            let size = size(shape.kind, value);
            if let (Some(max), Some(size)) = (shape.max, size)
                && size > max
            {
                broken.push(at_most(shape, max));
            }
            if let (Some(min), Some(size)) = (shape.min, size)
                && size < min
            {
                broken.push(at_least(shape, min));
            }
        }
        if self.enforces_pattern(shape)
            && let (Some(regex), Some(text)) = (shape.regex(), value.as_str())
            && !regex.is_match(text)
        {
            broken.extend(pattern(shape));
        }
        if let (Some(allowed), Some(text)) = (&shape.allowed, value.as_str())
            && !allowed.iter().any(|name| name == text)
        {
            broken.extend(enumeration(shape));
        }
        broken
    }

    fn enforces_pattern(&self, shape: &Shape) -> bool {
        self.limits || shape.pattern.as_deref() == Some(TAG_CHARACTERS)
    }

    /// All constraints of a shape, whether broken or not.
    fn constraints(&self, shape: &Shape) -> Vec<String> {
        let max = shape.max.map(|max| at_most(shape, max));
        let min = shape.min.map(|min| at_least(shape, min));
        let limits = [max, min, shape.regex().and_then(|_| pattern(shape))];
        let enforced = limits.into_iter().flatten().filter(|_| self.limits);
        enforced.chain(enumeration(shape)).collect()
    }

    fn violate(&mut self, value: &Value, path: &str, constraint: &str) {
        let value = shown(value);
        self.violations
            .push(format!("Value '{value}' at '{path}' failed to satisfy constraint: {constraint}"));
    }
}

/// What `min` and `max` are about: characters, bytes, elements, or the number itself.
#[allow(clippy::cast_precision_loss)]
fn size(kind: Kind, value: &Value) -> Option<f64> {
    match (kind, value) {
        (Kind::Blob, Value::String(text)) => BASE64.decode(text).ok().map(|bytes| bytes.len() as f64),
        (_, Value::String(text)) => Some(text.encode_utf16().count() as f64),
        (_, Value::Array(elements)) => Some(elements.len() as f64),
        (Kind::Map, Value::Object(entries)) => Some(entries.len() as f64),
        (Kind::Timestamp, _) => None,
        (_, Value::Number(number)) => number.as_f64(),
        _ => None,
    }
}

fn at_most(shape: &Shape, max: f64) -> String {
    format!("Member must have {} less than or equal to {max}", measure(shape.kind))
}

fn at_least(shape: &Shape, min: f64) -> String {
    format!("Member must have {} greater than or equal to {min}", measure(shape.kind))
}

fn pattern(shape: &Shape) -> Option<String> {
    shape.pattern.as_ref().map(|pattern| format!("Member must satisfy regular expression pattern: {pattern}"))
}

fn enumeration(shape: &Shape) -> Option<String> {
    shape
        .allowed
        .as_ref()
        .map(|allowed| format!("Member must satisfy enum value set: [{}]", allowed.join(", ")))
}

fn measure(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer | Kind::Long | Kind::Float | Kind::Double => "value",
        _ => "length",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(elements) => format!("[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}={}", shown(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// AWS names members in messages as its Java code does: `TableName` is `tableName`.
fn decapitalised(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn missing_members() {
        let violations = validate(Service::DynamoDb, "GetItem", &json!({"Key": {}}));
        assert_eq!(
            violations,
            ["Value null at 'tableName' failed to satisfy constraint: Member must not be null"]
        );
        assert!(message(&violations).starts_with("1 validation error detected: Value null at 'tableName'"));
        let both = validate(Service::Elbv2, "ModifyTargetGroupAttributes", &json!({}));
        assert!(message(&both).starts_with("2 validation errors detected: Value null at 'attributes'"));
    }

    #[test]
    fn ecs_enforces_the_characters_of_tags_and_no_other_pattern() {
        let tagged = |value: &str| {
            let input =
                json!({"resourceArn": "a", "tags": [{"key": "changeover:image-tag", "value": value}]});
            validate(Service::Ecs, "TagResource", &input)
        };
        assert_eq!(tagged("v@"), [""; 0]);
        let refused = tagged("v*");
        assert!(refused.len() == 1 && refused[0].contains("regular expression pattern"), "{refused:?}");
    }

    #[test]
    fn lengths_numbers_patterns_and_enums() {
        let of = |service, operation, input| validate(service, operation, &input);
        assert_eq!(
            of(
                Service::StepFunctions,
                "StartExecution",
                json!({"stateMachineArn": "a", "name": "n".repeat(81)})
            ),
            [format!(
                "Value '{}' at 'name' failed to satisfy constraint: Member must have length less than or equal to 80",
                "n".repeat(81)
            )]
        );
        assert_eq!(
            of(Service::Elbv2, "CreateTargetGroup", json!({"Name": "t", "Port": 70000})),
            [
                "Value '70000' at 'port' failed to satisfy constraint: Member must have value less than or equal to 65535"
            ]
        );
        assert_eq!(
            of(Service::EventBridge, "EnableRule", json!({"Name": "a b"})),
            [
                "Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
            ]
        );
        assert_eq!(
            of(Service::Ecs, "ListTasks", json!({"desiredStatus": "running"})),
            [
                "Value 'running' at 'desiredStatus' failed to satisfy constraint: Member must satisfy enum value set: [RUNNING, PENDING, STOPPED]"
            ]
        );
    }

    #[test]
    fn elements_are_counted_from_one() {
        let input = json!({"TargetGroupArn": "a", "Targets": [{"Id": "i"}, {"Port": 0}]});
        assert_eq!(
            validate(Service::Elbv2, "RegisterTargets", &input),
            [
                "Value null at 'targets.2.member.id' failed to satisfy constraint: Member must not be null",
                "Value '0' at 'targets.2.member.port' failed to satisfy constraint: Member must have value greater than or equal to 1",
            ]
        );
    }

    #[test]
    fn what_is_in_order_passes() {
        let task = json!({"family": "web", "containerDefinitions": [{"name": "app", "image": "r/app@sha256:0",
            "portMappings": [{"containerPort": 8080, "protocol": "tcp"}]}]});
        assert!(validate(Service::Ecs, "RegisterTaskDefinition", &task).is_empty());
        assert!(validate(Service::Sts, "GetCallerIdentity", &json!({})).is_empty());
        assert!(validate(Service::Sts, "NoSuchOperation", &json!({})).is_empty());
    }
}
