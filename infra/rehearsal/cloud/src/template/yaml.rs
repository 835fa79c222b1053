//! YAML to JSON: CloudFormation's short tags (`!Ref x`) become its long forms (`{"Ref": "x"}`). Pure.

use super::mistake::Mistakes;
use serde_json::{Map, Value};
use serde_norway::Value as Yaml;
use serde_norway::value::TaggedValue;

/// The tags that are short for `Fn::` and their name.
const FUNCTIONS: [&str; 11] =
    ["Sub", "GetAtt", "Join", "If", "Equals", "Not", "And", "Or", "Select", "Split", "FindInMap"];

/// Reads a template's text.
pub(super) fn read(text: &str, mistakes: &Mistakes) -> Option<Value> {
    match serde_norway::from_str::<Yaml>(text) {
        Ok(yaml) => Some(convert(yaml, "", mistakes)),
        Err(error) => {
            mistakes.add("template", format!("is no YAML: {error}"));
            None
        }
    }
}

/// The path of a member.
pub(super) fn under(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

fn convert(yaml: Yaml, at: &str, mistakes: &Mistakes) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(yes) => yes.into(),
        Yaml::Number(number) => number_of(&number),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => (items.into_iter().enumerate())
            .map(|(index, item)| convert(item, &under(at, &index.to_string()), mistakes))
            .collect(),
        Yaml::Mapping(members) => {
            let mut map = Map::new();
            for (key, member) in members {
                let Some(key) = key_of(&key) else {
                    mistakes.add(at, "has a key that is no text");
                    continue;
                };
                let member = convert(member, &under(at, &key), mistakes);
                map.insert(key, member);
            }
            Value::Object(map)
        }
        Yaml::Tagged(tagged) => convert_tagged(*tagged, at, mistakes),
    }
}

fn convert_tagged(tagged: TaggedValue, at: &str, mistakes: &Mistakes) -> Value {
    let tag = tagged.tag.to_string();
    let name = tag.trim_start_matches('!');
    let value = convert(tagged.value, at, mistakes);
    let (name, value) = match (name, value) {
        ("Ref" | "Condition", value) => (name.to_owned(), value),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
            ("Fn::GetAtt".to_owned(), Value::from(vec![resource, attribute]))
        }
        (name, value) if FUNCTIONS.contains(&name) || name == "Base64" => (format!("Fn::{name}"), value),
        (name, _) => {
            mistakes.add(at, format!("uses !{name}, which the rehearsal does not know"));
            return Value::Bool(false);
        }
    };
    Value::Object(Map::from_iter([(name, value)]))
}

fn key_of(key: &Yaml) -> Option<String> {
    match key {
        Yaml::String(text) => Some(text.clone()),
        Yaml::Number(number) => Some(number.to_string()),
        Yaml::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn number_of(number: &serde_norway::Number) -> Value {
    if let Some(whole) = number.as_i64() {
        whole.into()
    } else if let Some(whole) = number.as_u64() {
        whole.into()
    } else {
        number.as_f64().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn tags_become_their_long_forms() {
        let mistakes = Mistakes::default();
        let text = "
a: !Ref X
b: !GetAtt Queue.Arn
c: !If [Prod, !Sub '${X}-y', !Ref AWS::NoValue]
d: !Not [!Condition Prod]
e: 2012-10-17
f: !Join ['-', [a, 1, true]]
1: x
";
        let read = read(text, &mistakes).unwrap();
        assert_eq!(
            read,
            json!({
                "a": { "Ref": "X" },
                "b": { "Fn::GetAtt": ["Queue", "Arn"] },
                "c": { "Fn::If": ["Prod", { "Fn::Sub": "${X}-y" }, { "Ref": "AWS::NoValue" }] },
                "d": { "Fn::Not": [{ "Condition": "Prod" }] },
                "e": "2012-10-17",
                "f": { "Fn::Join": ["-", ["a", 1, true]] },
                "1": "x",
            })
        );
        assert!(mistakes.all().is_empty());
    }

    #[test]
    fn unknown_tags_say_where() {
        let mistakes = Mistakes::default();
        read("Resources:\n  A:\n    - !GetAZs us-east-1\n", &mistakes);
        assert_eq!(mistakes.all(), ["Resources.A.0: uses !GetAZs, which the rehearsal does not know"]);
        read("a: [", &mistakes);
        assert!(mistakes.all()[1].starts_with("template: is no YAML"));
    }
}
