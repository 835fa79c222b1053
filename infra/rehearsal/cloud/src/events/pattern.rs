//! Event patterns: which events a rule takes.

use serde_json::{Map, Value};

/// A checked event pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct Pattern {
    source: Value,
    root: Node,
}

#[derive(Debug, Clone, PartialEq)]
enum Node {
    /// Every member has to match.
    Members(Vec<(String, Self)>),
    /// One of them has to match.
    Any(Vec<Matcher>),
    /// One of the alternatives has to match (`$or`).
    Or(Vec<Self>),
}

#[derive(Debug, Clone, PartialEq)]
enum Matcher {
    Exactly(Value),
    Prefix(String),
    Suffix(String),
    IgnoreCase(String),
    Wildcard(String),
    Exists(bool),
    Numeric(Vec<(String, f64)>),
    AnythingBut(Vec<Self>),
}

impl Pattern {
    /// Checks a pattern; what is wrong with it in EventBridge's manner otherwise.
    pub fn parse(pattern: &Value) -> Result<Self, String> {
        let Some(members) = pattern.as_object() else {
            return Err("Event pattern is not valid. Reason: Filter is not an object".to_owned());
        };
        let root = parse_members(members)
            .map_err(|reason| format!("Event pattern is not valid. Reason: {reason}"))?;
        Ok(Self { source: pattern.clone(), root })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &Value {
        &self.source
    }

    /// Whether an event matches.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        matches(&self.root, Some(event))
    }
}

fn parse_members(members: &Map<String, Value>) -> Result<Node, String> {
    if members.is_empty() {
        return Err("Empty objects are not allowed".to_owned());
    }
    let parsed: Result<Vec<_>, String> = members
        .iter()
        .map(|(name, value)| {
            Ok((name.clone(), if name == "$or" { parse_or(value)? } else { parse_node(name, value)? }))
        })
        .collect();
    Ok(Node::Members(parsed?))
}

fn parse_or(value: &Value) -> Result<Node, String> {
    let alternatives = value.as_array().filter(|all| all.len() > 1);
    let alternatives = alternatives.ok_or("There must have at least 2 Objects in $or relationship")?;
    let parsed: Result<Vec<_>, String> = alternatives
        .iter()
        .map(|one| parse_members(one.as_object().ok_or("Only JSON objects are allowed in $or relationship")?))
        .collect();
    Ok(Node::Or(parsed?))
}

fn parse_node(name: &str, value: &Value) -> Result<Node, String> {
    match value {
        Value::Object(members) => parse_members(members),
        Value::Array(choices) if choices.is_empty() => Err("Empty arrays are not allowed".to_owned()),
        Value::Array(choices) => Ok(Node::Any(choices.iter().map(parse_matcher).collect::<Result<_, _>>()?)),
        _ => Err(format!("\"{name}\" must be an object or an array")),
    }
}

fn parse_matcher(choice: &Value) -> Result<Matcher, String> {
    let Some(members) = choice.as_object() else {
        return match choice {
            Value::Array(_) => Err("Match value must be String, number, true, false, or null".to_owned()),
            exact => Ok(Matcher::Exactly(exact.clone())),
        };
    };
    let mut members = members.iter();
    let (Some((kind, value)), None) = (members.next(), members.next()) else {
        return Err("Only one key allowed in match expression".to_owned());
    };
    let text =
        || value.as_str().map(str::to_owned).ok_or_else(|| format!("{kind} match pattern must be a string"));
    Ok(match kind.as_str() {
        "prefix" => Matcher::Prefix(text()?),
        "suffix" => Matcher::Suffix(text()?),
        "equals-ignore-case" => Matcher::IgnoreCase(text()?.to_lowercase()),
        "wildcard" => Matcher::Wildcard(text()?),
        "exists" => {
            Matcher::Exists(value.as_bool().ok_or("exists match pattern must be either true or false.")?)
        }
        "numeric" => Matcher::Numeric(parse_numeric(value)?),
        "anything-but" => Matcher::AnythingBut(parse_anything_but(value)?),
        other => return Err(format!("Unrecognized match type {other}")),
    })
}

fn parse_numeric(value: &Value) -> Result<Vec<(String, f64)>, String> {
    let parts = value.as_array().filter(|parts| !parts.is_empty() && parts.len().is_multiple_of(2));
    let parts = parts.ok_or("Invalid member in numeric match: operators and numbers have to alternate")?;
    parts
        .chunks(2)
        .map(|pair| match (pair[0].as_str(), pair[1].as_f64()) {
            (Some(operator @ ("=" | "<" | "<=" | ">" | ">=")), Some(number)) => {
                Ok((operator.to_owned(), number))
            }
            (Some(other), Some(_)) => Err(format!("Unrecognized numeric range operator: {other}")),
            _ => Err("Value of numeric match has to be a number".to_owned()),
        })
        .collect()
}

fn parse_anything_but(value: &Value) -> Result<Vec<Matcher>, String> {
    match value {
        Value::Array(all) if all.is_empty() => Err("Anything-But pattern is empty".to_owned()),
        Value::Array(all) if all.iter().any(|one| one.is_object() || one.is_array()) => {
            Err("Inside anything but list, start|null|boolean is not supported.".to_owned())
        }
        Value::Array(all) => Ok(all.iter().cloned().map(Matcher::Exactly).collect()),
        Value::Object(members) => {
            let (kind, inner) = members.iter().next().ok_or("Anything-But pattern is empty")?;
            let each: Vec<&Value> = inner.as_array().map_or_else(|| vec![inner], |all| all.iter().collect());
            let allowed = ["prefix", "suffix", "equals-ignore-case", "wildcard"].contains(&kind.as_str());
            if !allowed || members.len() != 1 {
                return Err(format!("Unsupported anything-but pattern: {kind}"));
            }
            each.into_iter().map(|one| parse_matcher(&serde_json::json!({ kind: one }))).collect()
        }
        exact => Ok(vec![Matcher::Exactly(exact.clone())]),
    }
}

fn matches(node: &Node, value: Option<&Value>) -> bool {
    match node {
        Node::Members(members) => members.iter().all(|(name, node)| match node {
            Node::Or(alternatives) if name == "$or" => alternatives.iter().any(|one| matches(one, value)),
            _ => member_matches(node, name, value),
        }),
        Node::Any(matchers) => match value {
            // A list in the event matches if any of its items does.
            Some(Value::Array(items)) if !items.is_empty() => {
                matchers.iter().any(|matcher| items.iter().any(|item| accepts(matcher, Some(item))))
            }
            Some(Value::Array(_)) => matchers.iter().any(|matcher| accepts(matcher, None)),
            value => matchers.iter().any(|matcher| accepts(matcher, value)),
        },
        Node::Or(alternatives) => alternatives.iter().any(|one| matches(one, value)),
    }
}

/// A list of objects has a member if any of its objects has.
fn member_matches(node: &Node, name: &str, value: Option<&Value>) -> bool {
    match value {
        Some(Value::Array(items)) => items.iter().any(|item| matches(node, item.get(name))),
        value => matches(node, value.and_then(|value| value.get(name))),
    }
}

fn accepts(matcher: &Matcher, value: Option<&Value>) -> bool {
    if let Matcher::Exists(wanted) = matcher {
        // Only leaves exist: an object in the place of a value does not count.
        return *wanted == value.is_some_and(|value| !value.is_object());
    }
    let Some(value) = value else { return false };
    let text = value.as_str();
    match matcher {
        Matcher::Exactly(wanted) => equal(wanted, value),
        Matcher::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
        Matcher::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
        Matcher::IgnoreCase(wanted) => text.is_some_and(|text| text.to_lowercase() == *wanted),
        Matcher::Wildcard(glob) => text.is_some_and(|text| wild(glob, text)),
        Matcher::Numeric(ranges) => value.as_f64().is_some_and(|number| {
            ranges.iter().all(|(operator, bound)| match operator.as_str() {
                "=" => (number - bound).abs() < f64::EPSILON,
                "<" => number < *bound,
                "<=" => number <= *bound,
                ">" => number > *bound,
                _ => number >= *bound,
            })
        }),
        Matcher::AnythingBut(all) => !value.is_object() && !all.iter().any(|one| accepts(one, Some(value))),
        Matcher::Exists(_) => false,
    }
}

/// Numbers are equal by value: 300 and 300.0 are one number.
fn equal(wanted: &Value, value: &Value) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(number)) => (wanted - number).abs() < f64::EPSILON,
        _ => wanted == value,
    }
}

/// `*` stands for any text; nothing else is special.
fn wild(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.len() >= last.len() && rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn push() -> Value {
        json!({
            "source": "aws.ecr", "detail-type": "ECR Image Action", "resources": [],
            "detail": {
                "result": "SUCCESS", "repository-name": "shop/web", "action-type": "PUSH",
                "image-tag": "prod-17", "size": 300,
                "layers": [{ "kind": "base", "n": 1 }, { "kind": "app", "n": 2 }], "labels": ["a", "b"],
            },
        })
    }

    fn takes(pattern: Value) -> bool {
        Pattern::parse(&pattern).unwrap().matches(&push())
    }

    #[test]
    fn members_all_values_any() {
        assert!(takes(json!({ "source": ["aws.ecr", "aws.ecs"], "detail": { "action-type": ["PUSH"] } })));
        assert!(!takes(json!({ "source": ["aws.ecr"], "detail": { "action-type": ["DELETE"] } })));
        assert!(!takes(json!({ "detail": { "nothing": ["x"] } })));
        assert!(takes(json!({ "detail": { "size": [300.0] } })));
    }

    #[test]
    fn text_matchers() {
        let tag = |matcher: Value| takes(json!({ "detail": { "image-tag": [matcher] } }));
        assert!(tag(json!({ "prefix": "prod-" })) && !tag(json!({ "prefix": "dev-" })));
        assert!(tag(json!({ "suffix": "-17" })) && !tag(json!({ "suffix": "-18" })));
        assert!(tag(json!({ "equals-ignore-case": "PROD-17" })));
        assert!(tag(json!({ "wildcard": "p*d-*7" })) && !tag(json!({ "wildcard": "p*-*8" })));
        assert!(tag(json!({ "anything-but": ["latest"] })) && !tag(json!({ "anything-but": "prod-17" })));
        assert!(!tag(json!({ "anything-but": { "prefix": "prod" } })));
        assert!(tag(json!({ "anything-but": { "wildcard": ["dev*", "test*"] } })));
    }

    #[test]
    fn numbers_existence_and_lists() {
        let size = |matcher: Value| takes(json!({ "detail": { "size": [matcher] } }));
        assert!(size(json!({ "numeric": [">", 0, "<=", 300] })) && !size(json!({ "numeric": ["<", 300] })));
        assert!(size(json!({ "exists": true })) && !size(json!({ "exists": false })));
        assert!(takes(json!({ "detail": { "missing": [{ "exists": false }] } })));
        assert!(takes(json!({ "detail": { "missing": [{ "exists": false }, "x"] } })));
        assert!(takes(json!({ "detail": { "labels": ["b"] } })));
        assert!(takes(json!({ "detail": { "layers": { "kind": ["app"] } } })));
        assert!(!takes(json!({ "detail": { "missing": [{ "anything-but": "x" }] } })));
    }

    #[test]
    fn alternatives() {
        let either = json!({ "$or": [{ "source": ["aws.ecs"] }, { "detail": { "size": [300] } }] });
        assert!(takes(either));
        assert!(!takes(json!({ "$or": [{ "source": ["aws.ecs"] }, { "source": ["aws.s3"] }] })));
    }

    #[test]
    fn wildcards_need_every_part_in_order() {
        assert!(wild("*", "") && wild("a*a", "aa") && wild("a*b*c", "a-b-b-c"));
        assert!(!wild("a*a", "a") && !wild("a*b*c", "acb") && !wild("ab", "abc"));
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |pattern: Value| Pattern::parse(&pattern).unwrap_err();
        assert!(wrong(json!([])).starts_with("Event pattern is not valid. Reason:"));
        assert!(wrong(json!({ "source": "aws.ecr" })).contains("\"source\" must be an object or an array"));
        assert!(wrong(json!({ "source": [] })).contains("Empty arrays are not allowed"));
        assert!(wrong(json!({ "source": [{ "begins": "x" }] })).contains("Unrecognized match type begins"));
        assert!(wrong(json!({ "detail": { "n": [{ "numeric": [">"] }] } })).contains("alternate"));
    }
}
