//! `docs/settings.md` against the types that read settings, the template's parameters and the execution's input.

use crate::markdown::{code, document, rows, section};
use changeover_domain::calendar::Override;
use changeover_domain::gate::Promote;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::settings::{KEYS, MAX_STEPS, Raw, Settings, TAG_PREFIX, read};
use changeover_domain::span::Seconds;
use changeover_domain::state::Request;
use serde_json::Value;
use std::collections::BTreeMap;

/// A row of the table of tags.
struct Row {
    key: String,
    default: String,
    allowed: String,
    example: String,
}

fn tags() -> Vec<Row> {
    let row = |cells: Vec<String>| {
        let [tag, _, default, allowed, example] = <[String; 5]>::try_from(cells).expect("five cells");
        let key = code(&tag)[0].strip_prefix(TAG_PREFIX).expect("the prefix").to_owned();
        Row { key, default, allowed, example: code(&example).concat() }
    };
    rows(&section(&document("settings.md"), "Tags")).into_iter().map(row).collect()
}

/// Reads settings that are right but for what is given.
fn with(key: &str, value: &str) -> Result<Settings, Vec<String>> {
    let mut tags = Raw::from([("repository".to_owned(), "web".to_owned())]);
    if key == "pair" || (key == "steps" && value != "100") {
        tags.insert("strategy".to_owned(), "blue-green".to_owned());
    }
    if key == "steps" && value != "100" || value == "blue-green" {
        tags.insert("pair".to_owned(), "web-green".to_owned());
    }
    tags.insert(key.to_owned(), value.to_owned());
    read(&Raw::new(), &tags, &Raw::new())
}

/// The two ends of `A` to `B`, if that is what is allowed.
fn range(allowed: &str) -> Option<(String, String)> {
    let ends = code(allowed);
    match ends.as_slice() {
        [low, high] if allowed == format!("`{low}` to `{high}`") => Some((low.clone(), high.clone())),
        _ => None,
    }
}

/// One more, or one less, of a number or of seconds.
fn beside(value: &str, step: i64) -> Option<String> {
    let number = |text: &str| text.parse::<i64>().ok()?.checked_add(step).filter(|number| *number >= 0);
    match Seconds::parse(value) {
        Ok(span) => number(&span.0.to_string()).map(|seconds| format!("{seconds}s")),
        Err(_) if value.contains('.') => {
            value.parse::<f64>().ok().map(|number| (number + step as f64).to_string())
        }
        Err(_) => number(value).map(|number| number.to_string()),
    }
}

#[test]
fn every_tag_is_documented_once_and_no_other() {
    let documented: Vec<String> = tags().into_iter().map(|row| row.key).collect();
    assert_eq!(documented, KEYS);
}

#[test]
fn documented_defaults_are_the_codes() {
    let without = with("repository", "web").expect("it is enough");
    for row in tags() {
        match (code(&row.default).first(), row.key.as_str()) {
            (Some(default), _) => {
                assert_eq!(with(&row.key, default).as_ref(), Ok(&without), "{}", row.key);
            }
            (None, "repository") => {
                assert_eq!(row.default, "required");
                let mistakes = read(&Raw::new(), &Raw::new(), &Raw::new()).expect_err("it is required");
                assert!(mistakes[0].contains("repository is missing"), "{mistakes:?}");
            }
            (None, "container") => assert_eq!(without.container, None, "{}", row.default),
            (None, "alarms") => assert_eq!((without.alarms.len(), row.default.as_str()), (0, "none")),
            (None, "calendar") => assert_eq!((&without.calendar, row.default.as_str()), (&None, "none")),
            (None, "pair") => assert_eq!((without.pair.as_deref(), row.default.as_str()), (None, "none")),
            (None, key) => panic!("{key} has no default in the document"),
        }
    }
}

#[test]
fn documented_bounds_are_the_codes() {
    let mut bounded = 0;
    for Row { key, allowed, .. } in tags() {
        if let Some((low, high)) = range(&allowed) {
            bounded += 1;
            for end in [&low, &high] {
                assert!(with(&key, end).is_ok(), "{key} takes {end}");
            }
            let beyond = beside(&high, 1).expect("one more");
            assert!(with(&key, &beyond).is_err(), "{key} takes {beyond}, beyond {high}");
            if let Some(below) = beside(&low, -1) {
                assert!(with(&key, &below).is_err(), "{key} takes {below}, below {low}");
            }
        } else if let Some(choices) = allowed.strip_prefix("one of ") {
            bounded += 1;
            for choice in code(choices) {
                assert!(with(&key, &choice).is_ok(), "{key} takes {choice}");
            }
            assert!(with(&key, "something-else").is_err(), "{key} takes anything");
        }
    }
    assert_eq!(bounded, 16, "settings with bounds or choices");
}

#[test]
fn documented_steps_are_the_codes() {
    let row = tags().into_iter().find(|row| row.key == "steps").expect("steps");
    assert!(row.allowed.starts_with(&format!("1 to {MAX_STEPS} weights from 1 to 100")), "{}", row.allowed);
    let rising =
        |count: usize| (101 - count..=100).map(|step| step.to_string()).collect::<Vec<_>>().join(" ");
    assert!(with("steps", &rising(MAX_STEPS)).is_ok());
    for bad in [rising(MAX_STEPS + 1), "0 100".to_owned(), "50 50 100".to_owned(), "10 50".to_owned()] {
        assert!(with("steps", &bad).is_err(), "{bad}");
    }
    let rolling =
        Raw::from([("repository".to_owned(), "web".to_owned()), ("steps".to_owned(), "50 100".to_owned())]);
    assert!(read(&Raw::new(), &rolling, &Raw::new()).is_err(), "rolling has no weights");
}

#[test]
fn examples_are_taken_by_the_code_and_by_ecs() {
    // What ECS's API model allows in a tag's value.
    let fits = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    for row in tags() {
        assert!(with(&row.key, &row.example).is_ok(), "{}: {:?}", row.key, with(&row.key, &row.example));
        assert!(row.example.chars().all(fits), "{} cannot be a tag's value", row.example);
    }
}

#[test]
fn input_goes_over_tags_and_tags_over_defaults() {
    let layer = |bake: &str| Raw::from([("bake".to_owned(), bake.to_owned())]);
    let mut tags = layer("2s");
    tags.insert("repository".to_owned(), "web".to_owned());
    let bake = |input: &Raw| read(input, &tags, &layer("3s")).expect("right").bake;
    assert_eq!((bake(&layer("1s")), bake(&Raw::new())), (Seconds(1), Seconds(2)));
    tags.remove("bake");
    assert_eq!(read(&Raw::new(), &tags, &layer("3s")).expect("right").bake, Seconds(3));
}

/// Name → meaning, default, allowed.
fn parameters() -> BTreeMap<String, (String, String)> {
    let row = |cells: Vec<String>| (code(&cells[0])[0].clone(), (cells[2].clone(), cells[3].clone()));
    rows(&section(&document("settings.md"), "Stack parameters")).into_iter().map(row).collect()
}

#[test]
fn every_parameter_is_documented_with_its_default_and_bounds() {
    let template = crate::template::parameters();
    let documented = parameters();
    let names = |all: Vec<&String>| all.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(names(documented.keys().collect()), names(template.keys().collect()));
    for (name, (default, allowed)) in documented {
        let declared = &template[&name];
        let said = if default == "empty" { String::new() } else { code(&default)[0].clone() };
        assert_eq!(said, word(&declared["Default"]), "{name}'s default");
        if let Some((low, high)) = range(&allowed) {
            assert_eq!((low, high), (word(&declared["MinValue"]), word(&declared["MaxValue"])), "{name}");
        } else if let Some(choices) = allowed.strip_prefix("one of ") {
            let values = declared["AllowedValues"].as_array().expect("choices");
            assert_eq!(code(choices), values.iter().map(word).collect::<Vec<_>>(), "{name}");
        } else {
            assert!(declared["MinValue"].is_null() && declared["AllowedValues"].is_null(), "{name}'s bounds");
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn every_field_of_an_executions_input_is_documented() {
    let request = Request {
        tag: Some("v1".to_owned()),
        digest: Some("sha256:1".to_owned()),
        settings: Raw::from([("bake".to_owned(), "1s".to_owned())]),
        wanted: true,
        promote: Some(Promote::All),
        calendar: Some(Override::Override),
        recover: Some(DeploymentId::from("d")),
        cause: Some("me".to_owned()),
        ..Request::of(ServiceName::new("main", "web"))
    };
    let fields = serde_json::to_value(request).expect("it is written");
    let rows = rows(&section(&document("settings.md"), "Execution input"));
    let documented: Vec<String> = rows.iter().map(|cells| code(&cells[0])[0].clone()).collect();
    let mut sorted = documented.clone();
    sorted.sort();
    let mut known: Vec<String> = fields.as_object().expect("a map").keys().cloned().collect();
    known.sort();
    assert_eq!(sorted, known);
    for cells in rows {
        let (field, example) = (code(&cells[0]).concat(), code(&cells[3]).concat());
        let value: Value = serde_json::from_str(&example).unwrap_or_else(|e| panic!("{field}: {e}"));
        let mut input = serde_json::json!({"service": "main/web"});
        input[&field] = value;
        if field == "calendar" {
            input["cause"] = "INC-1234".into();
        }
        let read = Request::read(&input).unwrap_or_else(|error| panic!("{field}: {error}"));
        if code(&cells[2]) == ["false"] {
            let without =
                serde_json::to_value(Request::of(ServiceName::new("main", "web"))).expect("written");
            assert_eq!(without[&field], Value::Bool(false), "{field}'s default");
        }
        let written = serde_json::to_value(read).expect("written");
        assert_eq!(written[&field], input[&field], "{field} is lost");
    }
}
