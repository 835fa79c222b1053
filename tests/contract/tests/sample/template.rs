//! The sample's template, with its parameters' defaults in their places and everything else by its logical id.

use contract::text;
use serde_json::{Map, Value};

/// Where it is.
pub const PATH: &str = "infra/sample/template.yaml";

/// The template as it is written, `!Ref X` as `{"Ref": "X"}`.
pub fn written() -> Value {
    let yaml: serde_norway::Value =
        serde_norway::from_str(&text(PATH)).unwrap_or_else(|error| panic!("{PATH}: {error}"));
    plain(yaml)
}

fn plain(yaml: serde_norway::Value) -> Value {
    use serde_norway::Value as Yaml;
    match yaml {
        Yaml::Tagged(tagged) => {
            let name = tagged.tag.to_string();
            let value = plain(tagged.value);
            Value::Object(Map::from_iter([(name.trim_start_matches('!').to_owned(), value)]))
        }
        Yaml::Sequence(items) => items.into_iter().map(plain).collect(),
        Yaml::Mapping(entries) => {
            let key = |key: Yaml| key.as_str().map_or_else(|| format!("{key:?}"), str::to_owned);
            Value::Object(entries.into_iter().map(|(name, value)| (key(name), plain(value))).collect())
        }
        other => serde_norway::from_value(other).expect("a plain value"),
    }
}

/// The resources of a type by logical id: their properties, parameters by their defaults, resources by their ids.
pub fn resources(kind: &str) -> Vec<(String, Value)> {
    let template = written();
    let all = template["Resources"].as_object().expect("Resources");
    let ours = all.iter().filter(|(_, resource)| resource["Type"] == kind);
    let found: Vec<_> =
        ours.map(|(id, resource)| (id.clone(), resolved(&template, &resource["Properties"]))).collect();
    assert!(!found.is_empty(), "{PATH} has no {kind}");
    found
}

fn resolved(template: &Value, value: &Value) -> Value {
    match value {
        Value::Object(map) if map.len() == 1 && map.contains_key("Ref") => {
            let name = map["Ref"].as_str().expect("a name");
            template["Parameters"][name].get("Default").cloned().unwrap_or_else(|| name.into())
        }
        Value::Object(map) => {
            map.iter().map(|(name, value)| (name.clone(), resolved(template, value))).collect()
        }
        Value::Array(items) => items.iter().map(|item| resolved(template, item)).collect(),
        plain => plain.clone(),
    }
}

/// Text of a scalar, as CloudFormation hands it to where text is expected.
pub fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A whole number, written as one or as text.
pub fn number(value: &Value) -> u32 {
    word(value).parse().unwrap_or_else(|_| panic!("{value} is no number"))
}
