//! JSON schemas, as far as those of `docs/events` go. A keyword that is not known here is a mistake, so that none is passed over.

use serde_json::Value;

/// Keywords that say something to people and hold nobody to anything.
const SAID: [&str; 5] = ["$schema", "title", "description", "format", "properties"];

/// Everything about a value that is not as its schema says, each with where it is.
pub fn mistakes(schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check("event", schema, value, &mut found);
    found
}

fn check(at: &str, schema: &Value, value: &Value, found: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else {
        found.push(format!("the schema of {at} is no object"));
        return;
    };
    for (keyword, said) in keywords {
        match keyword.as_str() {
            "type" => {
                if !is_of(said, value) {
                    found.push(format!("{at} is {value}, no {said}"));
                }
            }
            "const" if said != value => found.push(format!("{at} is {value}, not {said}")),
            "enum" if !said.as_array().is_some_and(|all| all.contains(value)) => {
                found.push(format!("{at} is {value}, none of {said}"));
            }
            "const" | "enum" => {}
            "required" => {
                let names = said.as_array().into_iter().flatten().filter_map(Value::as_str);
                found.extend(
                    names.filter(|name| value.get(name).is_none()).map(|name| format!("{at} has no {name}")),
                );
            }
            "additionalProperties" => {
                for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
                    if *said == Value::Bool(false) && schema["properties"].get(name).is_none() {
                        found.push(format!("{at} has {name}, which its schema does not know"));
                    }
                }
            }
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                items.for_each(|(index, item)| check(&format!("{at}[{index}]"), said, item, found));
            }
            keyword if SAID.contains(&keyword) => {}
            other => found.push(format!("the schema of {at} has {other}, which nobody checks")),
        }
    }
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            check(&format!("{at}.{name}"), inner, value, found);
        }
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn whatever_is_not_as_it_should_be_is_told() {
        let schema = json!({
            "type": "object", "required": ["a", "b"], "additionalProperties": false,
            "properties": {
                "a": {"const": 1}, "b": {"enum": ["x"]}, "c": {"type": "array", "items": {"type": "integer"}},
            },
        });
        assert_eq!(mistakes(&schema, &json!({"a": 1, "b": "x", "c": [1]})), [""; 0]);
        for (wrong, part) in [
            (json!({"a": 2, "b": "x"}), "event.a is 2"),
            (json!({"a": 1, "b": "y"}), "none of"),
            (json!({"a": 1}), "has no b"),
            (json!({"a": 1, "b": "x", "d": 1}), "has d"),
            (json!({"a": 1, "b": "x", "c": ["1"]}), "event.c[0]"),
            (json!([]), "no \"object\""),
        ] {
            let found = mistakes(&schema, &wrong).join("; ");
            assert!(found.contains(part), "{part} in {found}");
        }
        assert!(mistakes(&json!({"pattern": "x"}), &json!(1))[0].contains("nobody checks"));
    }
}
