//! Parameters: what they are, given defaults and overrides, checked as CloudFormation checks them.

use super::mistake::Mistakes;
use super::yaml::under;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The value of every parameter. Lists are arrays; everything else is text, as CloudFormation has it.
pub(super) fn values(
    declared: &Map<String, Value>,
    overrides: &BTreeMap<String, String>,
    mistakes: &Mistakes,
) -> BTreeMap<String, Value> {
    for name in overrides.keys().filter(|name| !declared.contains_key(*name)) {
        mistakes.add("Parameters", format!("{name} is given, but the template has no such parameter"));
    }
    let mut values = BTreeMap::new();
    for (name, declaration) in declared {
        let at = under("Parameters", name);
        let default = declaration.get("Default").and_then(text_of);
        let Some(text) = overrides.get(name).cloned().or(default) else {
            mistakes.add(&at, "has no default and is not given");
            values.insert(name.clone(), Value::Null);
            continue;
        };
        check(declaration, &text, &at, mistakes);
        let is_list = declaration
            .get("Type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind == "CommaDelimitedList" || kind.starts_with("List<"));
        let value = if is_list {
            text.split(',').map(|part| Value::from(part.trim())).collect()
        } else {
            text.into()
        };
        values.insert(name.clone(), value);
    }
    values
}

/// A scalar as text.
pub(super) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        _ => None,
    }
}

fn check(declaration: &Value, text: &str, at: &str, mistakes: &Mistakes) {
    let kind = declaration.get("Type").and_then(Value::as_str).unwrap_or_default();
    if kind.is_empty() {
        mistakes.add(at, "has no Type");
    }
    if kind.starts_with("AWS::SSM::") {
        mistakes.add(at, format!("is of type {kind}; the rehearsal has no parameter store"));
    }
    let of = |name: &str| declaration.get(name);
    if let Some(Value::Array(allowed)) = of("AllowedValues") {
        let allowed: Vec<String> = allowed.iter().filter_map(text_of).collect();
        if !allowed.iter().any(|one| one == text) {
            mistakes.add(at, format!("is {text:?}, which is none of {}", allowed.join(", ")));
        }
    }
    if let Some(pattern) = of("AllowedPattern").and_then(Value::as_str) {
        match Regex::new(&format!("^(?:{pattern})$")) {
            Ok(regex) if !regex.is_match(text) => {
                mistakes.add(at, format!("is {text:?}, which does not match {pattern}"));
            }
            Ok(_) => {}
            Err(error) => mistakes.add(at, format!("has a pattern that cannot be read: {error}")),
        }
    }
    let number = |name: &str| of(name).and_then(text_of).and_then(|text| text.parse::<f64>().ok());
    let (least, most, size) = if kind == "Number" {
        let size = text.parse::<f64>().ok();
        if size.is_none() {
            mistakes.add(at, format!("is {text:?}, which is no number"));
        }
        (number("MinValue"), number("MaxValue"), size)
    } else {
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        (number("MinLength"), number("MaxLength"), Some(f64::from(length)))
    };
    if let (Some(least), Some(size)) = (least, size)
        && size < least
    {
        mistakes.add(at, format!("is {text:?}, which is below the minimum of {least}"));
    }
    if let (Some(most), Some(size)) = (most, size)
        && size > most
    {
        mistakes.add(at, format!("is {text:?}, which is above the maximum of {most}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(declared: Value, overrides: &[(&str, &str)]) -> (BTreeMap<String, Value>, Vec<String>) {
        let mistakes = Mistakes::default();
        let overrides = overrides.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        (values(declared.as_object().unwrap(), &overrides, &mistakes), mistakes.all())
    }

    #[test]
    fn overrides_win_over_defaults() {
        let declared = json!({
            "Days": { "Type": "Number", "Default": 14, "MinValue": 1 },
            "Names": { "Type": "CommaDelimitedList", "Default": "a, b" },
            "Email": { "Type": "String", "Default": "" },
        });
        let (values, mistakes) = of(declared, &[("Days", "30")]);
        assert_eq!(
            (&values["Days"], &values["Names"], &values["Email"]),
            (&json!("30"), &json!(["a", "b"]), &json!(""))
        );
        assert!(mistakes.is_empty());
    }

    #[test]
    fn every_mistake_is_told() {
        let declared = json!({
            "Days": { "Type": "Number", "Default": 0, "MinValue": 1 },
            "Size": { "Type": "Number", "Default": "x" },
            "Arch": { "Type": "String", "AllowedValues": ["arm64", "x86_64"] },
            "Rate": { "Type": "String", "Default": "often", "AllowedPattern": "rate\\(.*\\)", "MaxLength": 3 },
            "None": { "Type": "String" },
        });
        let (_, mistakes) = of(declared, &[("Arch", "mips"), ("Typo", "1")]);
        assert_eq!(
            mistakes,
            [
                "Parameters: Typo is given, but the template has no such parameter",
                "Parameters.Arch: is \"mips\", which is none of arm64, x86_64",
                "Parameters.Days: is \"0\", which is below the minimum of 1",
                "Parameters.None: has no default and is not given",
                "Parameters.Rate: is \"often\", which does not match rate\\(.*\\)",
                "Parameters.Rate: is \"often\", which is above the maximum of 3",
                "Parameters.Size: is \"x\", which is no number",
            ]
        );
    }
}
