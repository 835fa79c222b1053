//! Every comparison, true and false, and what is refused.

use super::*;
use serde_json::json;

fn holds(rule: Value, input: &Value) -> Result<bool, String> {
    let mut mistakes = Vec::new();
    let rule = Rule::parse(&rule, "", &mut mistakes);
    assert_eq!(mistakes, []);
    rule.unwrap().holds(input, &Value::Null)
}

#[test]
fn every_comparison_is_true_and_false() {
    let input = json!({"s": "bb", "n": 5, "b": true, "t": "2026-01-02T00:00:00Z", "null": null,
        "s2": "bb", "n2": 6, "t2": "2026-01-03T00:00:00Z"});
    let cases = [
        ("$.s", "StringEquals", json!("bb"), json!("b")),
        ("$.s", "StringLessThan", json!("c"), json!("bb")),
        ("$.s", "StringLessThanEquals", json!("bb"), json!("b")),
        ("$.s", "StringGreaterThan", json!("b"), json!("bb")),
        ("$.s", "StringGreaterThanEquals", json!("bb"), json!("c")),
        ("$.s", "StringMatches", json!("b*"), json!("a*")),
        ("$.s", "StringEqualsPath", json!("$.s2"), json!("$.t")),
        ("$.n", "NumericEquals", json!(5.0), json!(4)),
        ("$.n", "NumericLessThan", json!(6), json!(5)),
        ("$.n", "NumericLessThanEquals", json!(5), json!(4)),
        ("$.n", "NumericGreaterThan", json!(4), json!(5)),
        ("$.n", "NumericGreaterThanEquals", json!(5), json!(6)),
        ("$.n", "NumericLessThanPath", json!("$.n2"), json!("$.n")),
        ("$.b", "BooleanEquals", json!(true), json!(false)),
        ("$.t", "TimestampEquals", json!("2026-01-02T01:00:00+01:00"), json!("2026-01-02T01:00:00Z")),
        ("$.t", "TimestampLessThanPath", json!("$.t2"), json!("$.t")),
        ("$.s", "IsPresent", json!(true), json!(false)),
        ("$.null", "IsNull", json!(true), json!(false)),
        ("$.s", "IsString", json!(true), json!(false)),
        ("$.n", "IsNumeric", json!(true), json!(false)),
        ("$.b", "IsBoolean", json!(true), json!(false)),
        ("$.t", "IsTimestamp", json!(true), json!(false)),
    ];
    for (variable, operator, yes, no) in cases {
        assert_eq!(holds(json!({"Variable": variable, operator: yes}), &input), Ok(true), "{operator}");
        assert_eq!(holds(json!({"Variable": variable, operator: no}), &input), Ok(false), "{operator}");
    }
}

#[test]
fn values_of_another_kind_are_never_equal() {
    let input = json!({"n": "5"});
    assert_eq!(holds(json!({"Variable": "$.n", "NumericEquals": 5}), &input), Ok(false));
}

#[test]
fn rules_combine() {
    let (yes, no) =
        (json!({"Variable": "$.a", "NumericEquals": 1}), json!({"Variable": "$.a", "NumericEquals": 2}));
    let input = json!({"a": 1});
    assert_eq!(holds(json!({"And": [yes, no]}), &input), Ok(false));
    assert_eq!(holds(json!({"Or": [no, yes]}), &input), Ok(true));
    assert_eq!(holds(json!({"Not": no}), &input), Ok(true));
    let guarded =
        json!({"And": [{"Variable": "$.b", "IsPresent": true}, {"Variable": "$.b", "IsNull": false}]});
    assert_eq!(
        holds(guarded, &input),
        Ok(false),
        "what comes after the first that is false is not looked at"
    );
}

#[test]
fn a_variable_that_is_not_there_is_an_error() {
    assert!(holds(json!({"Variable": "$.x", "StringEquals": "a"}), &json!({})).unwrap_err().contains("$.x"));
    assert_eq!(holds(json!({"Variable": "$.x", "IsPresent": false}), &json!({})), Ok(true));
}

#[test]
fn stars_stand_for_anything_and_can_be_escaped() {
    for (pattern, text, fits) in [
        ("log-*.txt", "log-7.txt", true),
        ("*", "", true),
        ("a*b*c", "a-b-b-c", true),
        ("a*b*c", "a-c-b", false),
        ("a\\*b", "a*b", true),
        ("a\\*b", "axb", false),
        ("aa*aa", "aaa", false),
    ] {
        assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
    }
}

#[test]
fn mistakes_say_where_they_are() {
    let mut mistakes = Vec::new();
    for rule in [
        json!({"Variable": "$.a", "BooleanLessThan": true}),
        json!({"Variable": "$.a", "NumericEquals": "five"}),
        json!({"And": []}),
        json!({"And": [{"Variable": "a", "IsNull": true}]}),
        json!({"Variable": "$.a"}),
        json!({"Not": {"Variable": "$.a", "IsNull": true, "Next": "N"}}),
    ] {
        assert_eq!(Rule::parse(&rule, "/C", &mut mistakes), None);
    }
    assert_eq!(mistakes.len(), 6, "{mistakes:#?}");
    assert_eq!(mistakes[3].pointer.as_deref(), Some("/C/And/0"));
    assert!(mistakes[3].message.starts_with("Variable"), "{}", mistakes[3]);
    let inner = "SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /C/Not";
    assert_eq!(mistakes[5].to_string(), inner);
}
