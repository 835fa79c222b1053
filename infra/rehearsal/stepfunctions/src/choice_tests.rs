//! Every comparison, true and false, and what is refused.

use super::*;
use serde_json::json;

fn holds(rule: Value, input: &Value) -> Result<bool, String> {
    let mut mistakes = Vec::new();
    let rule = Rule::parse(&rule, "", &mut mistakes);
    assert_eq!(mistakes, []);
    rule.unwrap().holds(input, &Value::Null)
}

/// Of each kind: something less, what is compared, something greater.
fn kinds() -> [(&'static str, [Value; 3]); 3] {
    [
        ("String", [json!("b"), json!("bb"), json!("c")]),
        ("Numeric", [json!(4.5), json!(5), json!(6)]),
        // The same moment as the one in the middle would be 2026-01-02T01:00:00+01:00.
        (
            "Timestamp",
            [json!("2026-01-01T23:59:59Z"), json!("2026-01-02T00:00:00Z"), json!("2026-01-02T00:00:00.5Z")],
        ),
    ]
}

#[test]
fn every_order_is_told_from_every_other() {
    let relations = [
        ("Equals", [false, true, false]),
        ("LessThan", [false, false, true]),
        ("LessThanEquals", [false, true, true]),
        ("GreaterThan", [true, false, false]),
        ("GreaterThanEquals", [true, true, false]),
    ];
    for (kind, others) in kinds() {
        for (relation, expected) in relations {
            for (other, expected) in others.iter().zip(expected) {
                let input = json!({"v": others[1], "other": other});
                let operator = format!("{kind}{relation}");
                let plain = json!({"Variable": "$.v", operator.as_str(): other});
                assert_eq!(holds(plain, &input), Ok(expected), "{operator} {other}");
                let operator = format!("{operator}Path");
                let path = json!({"Variable": "$.v", operator.as_str(): "$.other"});
                assert_eq!(holds(path, &input), Ok(expected), "{operator} {other}");
            }
        }
    }
}

#[test]
fn truths_are_equal_or_not() {
    for (a, b) in [(true, true), (true, false), (false, false)] {
        let input = json!({"a": a, "b": b});
        assert_eq!(holds(json!({"Variable": "$.a", "BooleanEquals": b}), &input), Ok(a == b));
        assert_eq!(holds(json!({"Variable": "$.a", "BooleanEqualsPath": "$.b"}), &input), Ok(a == b));
    }
}

#[test]
fn moments_are_compared_whatever_their_offset() {
    let input = json!({"t": "2026-01-02T00:00:00Z"});
    let same = json!({"Variable": "$.t", "TimestampEquals": "2026-01-02T01:00:00+01:00"});
    assert_eq!(holds(same, &input), Ok(true));
}

#[test]
fn values_are_what_they_are_and_nothing_else() {
    let values = [
        ("IsNull", json!(null)),
        ("IsString", json!("text")),
        ("IsNumeric", json!(5)),
        ("IsBoolean", json!(false)),
        ("IsTimestamp", json!("2026-01-02T00:00:00Z")),
    ];
    for (operator, _) in &values {
        for (own, value) in &values {
            // A timestamp is a string that can be read as one.
            let expected = operator == own || (*operator == "IsString" && *own == "IsTimestamp");
            for wanted in [true, false] {
                let rule = json!({"Variable": "$.v", *operator: wanted});
                assert_eq!(holds(rule, &json!({"v": value})), Ok(expected == wanted), "{operator} {value}");
            }
        }
    }
    let strict = ["2026-01-02", "2026-01-02 00:00:00Z", "2026-01-02t00:00:00Z", "2026-01-02T00:00:00z"];
    for text in strict {
        assert_eq!(
            holds(json!({"Variable": "$.v", "IsTimestamp": true}), &json!({"v": text})),
            Ok(false),
            "{text}"
        );
    }
}

#[test]
fn what_is_null_is_present() {
    for (input, present) in [(json!({"v": null}), true), (json!({"v": 1}), true), (json!({}), false)] {
        assert_eq!(holds(json!({"Variable": "$.v", "IsPresent": true}), &input), Ok(present));
        assert_eq!(holds(json!({"Variable": "$.v", "IsPresent": false}), &input), Ok(!present));
    }
}

#[test]
fn what_is_compared_with_must_be_there_too() {
    let rule = json!({"Variable": "$.v", "StringEqualsPath": "$.x"});
    assert!(holds(rule, &json!({"v": "a"})).unwrap_err().contains("$.x"));
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
