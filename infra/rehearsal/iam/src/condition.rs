//! Conditions: operators on the keys that a request comes with.
//!
//! An operator or a key that is not known here is a mistake in the policy, never something that holds by accident.

use crate::context::Context;
use crate::glob::{matches, matches_arn};
use serde_json::Value;

/// Condition keys that requests here come with; a `/` at the end stands for any tag.
const KEYS: [&str; 14] = [
    "aws:RequestTag/",
    "aws:ResourceTag/",
    "aws:SourceAccount",
    "aws:SourceArn",
    "aws:TagKeys",
    "ecs:CreateAction",
    "ecs:ResourceTag/",
    "ecs:cluster",
    "ecs:task-definition",
    "elasticloadbalancing:ResourceTag/",
    "events:detail-type",
    "events:source",
    "iam:PassedToService",
    "ecr:ResourceTag/",
];

/// How two texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Test {
    Equals,
    EqualsAnyCase,
    Like,
    Arn,
    Bool,
    Null,
}

/// `ForAllValues:` and `ForAnyValue:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quantifier {
    All,
    Any,
}

/// One operator on one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    test: Test,
    negated: bool,
    if_exists: bool,
    quantifier: Option<Quantifier>,
    key: String,
    values: Vec<String>,
}

impl Condition {
    /// Reads one operator on one key. The error says what is wrong with it.
    pub(crate) fn read(operator: &str, key: &str, values: &Value) -> Result<Self, String> {
        if !is_known(key) {
            return Err(format!("{key} is a key that requests here do not come with"));
        }
        let (quantifier, bare) = match operator.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(Quantifier::All), rest),
            Some(("ForAnyValue", rest)) => (Some(Quantifier::Any), rest),
            _ => (None, operator),
        };
        let (bare, if_exists) = bare.strip_suffix("IfExists").map_or((bare, false), |bare| (bare, true));
        let (test, negated) = match bare {
            "StringEquals" => (Test::Equals, false),
            "StringNotEquals" => (Test::Equals, true),
            "StringEqualsIgnoreCase" => (Test::EqualsAnyCase, false),
            "StringNotEqualsIgnoreCase" => (Test::EqualsAnyCase, true),
            "StringLike" => (Test::Like, false),
            "StringNotLike" => (Test::Like, true),
            "ArnEquals" | "ArnLike" => (Test::Arn, false),
            "ArnNotEquals" | "ArnNotLike" => (Test::Arn, true),
            "Bool" => (Test::Bool, false),
            "Null" if !if_exists && quantifier.is_none() => (Test::Null, false),
            _ => return Err(format!("{operator} is an operator that the rehearsal does not know")),
        };
        let values = plain(values).ok_or("is neither a text nor a list of texts")?;
        if values.is_empty() {
            return Err("has no values".to_owned());
        }
        if matches!(test, Test::Bool | Test::Null) && values.iter().any(|v| v != "true" && v != "false") {
            return Err("is neither true nor false".to_owned());
        }
        if test == Test::Arn && values.iter().any(|v| v != "*" && v.splitn(6, ':').count() < 6) {
            return Err("is no ARN".to_owned());
        }
        Ok(Self { test, negated, if_exists, quantifier, key: key.to_owned(), values })
    }

    /// The key it is about.
    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// Whether it holds for a request.
    pub(crate) fn holds(&self, context: &Context) -> bool {
        let found = context.get(&self.key).filter(|values| !values.is_empty());
        if self.test == Test::Null {
            return self.values.iter().any(|value| (value == "true") == found.is_none());
        }
        let Some(found) = found else {
            // A key that is not there equals nothing: negated operators hold, others do not.
            let without = match self.quantifier {
                Some(Quantifier::All) => true,
                Some(Quantifier::Any) => false,
                None => self.negated,
            };
            return self.if_exists || without;
        };
        let passes =
            |value: &String| self.values.iter().any(|wanted| self.same(wanted, value)) != self.negated;
        match (self.quantifier, self.negated) {
            (Some(Quantifier::All), _) | (None, true) => found.iter().all(passes),
            (Some(Quantifier::Any), _) | (None, false) => found.iter().any(passes),
        }
    }

    fn same(&self, wanted: &str, value: &str) -> bool {
        match self.test {
            Test::Equals | Test::Null => wanted == value,
            Test::EqualsAnyCase | Test::Bool => wanted.eq_ignore_ascii_case(value),
            Test::Like => matches(wanted, value),
            Test::Arn => matches_arn(wanted, value),
        }
    }
}

fn is_known(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    KEYS.iter().map(|known| known.to_ascii_lowercase()).any(|known| match known.strip_suffix('/') {
        Some(_) => key.len() > known.len() && key.starts_with(&known),
        None => key == known,
    })
}

/// Texts; booleans and numbers count as text, as in IAM.
fn plain(value: &Value) -> Option<Vec<String>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    match value {
        Value::Array(all) => all.iter().map(one).collect(),
        single => Some(vec![one(single)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn holds(operator: &str, key: &str, wanted: Value, found: &[&str]) -> bool {
        let mut context = Context::default();
        for value in found {
            context.add(key, *value);
        }
        Condition::read(operator, key, &wanted).unwrap_or_else(|error| panic!("{error}")).holds(&context)
    }

    #[test]
    fn texts_are_compared() {
        let key = "iam:PassedToService";
        assert!(holds("StringEquals", key, json!(["a", "b"]), &["b"]));
        assert!(!holds("StringEquals", key, json!("a"), &["A"]));
        assert!(holds("StringEqualsIgnoreCase", key, json!("a"), &["A"]));
        assert!(holds("StringLike", key, json!("ecs-*.amazonaws.com"), &["ecs-tasks.amazonaws.com"]));
        assert!(!holds("StringLike", key, json!("ecs-?"), &["ecs-tasks"]));
        assert!(holds("StringNotEquals", key, json!(["a", "b"]), &["c"]));
        assert!(!holds("StringNotEquals", key, json!(["a", "b"]), &["b"]));
        assert!(!holds("StringNotLike", key, json!("a*"), &["ab"]));
        assert!(holds("Bool", "aws:SourceAccount", json!(true), &["TRUE"]));
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        let cluster = "arn:aws:ecs:us-east-1:123456789012:cluster/shop";
        for operator in ["ArnLike", "ArnEquals"] {
            let wanted = json!("arn:aws:ecs:us-east-1:123456789012:cluster/*");
            assert!(holds(operator, "ecs:cluster", wanted, &[cluster]), "{operator}");
        }
        assert!(holds("ArnNotLike", "ecs:cluster", json!("arn:aws:ecs:*:*:cluster/x"), &[cluster]));
    }

    #[test]
    fn keys_that_are_not_there() {
        let key = "aws:ResourceTag/changeover:repository";
        assert!(holds("Null", key, json!("false"), &["web"]) && !holds("Null", key, json!("false"), &[]));
        assert!(holds("Null", key, json!(true), &[]) && !holds("Null", key, json!(true), &["web"]));
        assert!(!holds("StringEquals", key, json!("web"), &[]));
        assert!(holds("StringNotEquals", key, json!("web"), &[]));
        assert!(holds("StringEqualsIfExists", key, json!("web"), &[]));
        assert!(!holds("StringEqualsIfExists", key, json!("web"), &["api"]));
        assert!(holds("StringEquals", "AWS:resourcetag/Changeover:Repository", json!("web"), &["web"]));
    }

    #[test]
    fn keys_with_several_values() {
        let tags = |operator, found: &[&str]| holds(operator, "aws:TagKeys", json!(["a", "b"]), found);
        assert!(tags("ForAllValues:StringEquals", &["a", "b"]) && tags("ForAllValues:StringEquals", &[]));
        assert!(!tags("ForAllValues:StringEquals", &["a", "c"]));
        assert!(tags("ForAnyValue:StringEquals", &["c", "b"]));
        assert!(!tags("ForAnyValue:StringEquals", &["c"]) && !tags("ForAnyValue:StringEquals", &[]));
    }

    #[test]
    fn what_is_not_known_is_a_mistake() {
        let mistake = |operator, key, values| Condition::read(operator, key, &values).unwrap_err();
        let text = json!("x");
        assert_eq!(
            mistake("IpAddress", "aws:SourceArn", text.clone()),
            "IpAddress is an operator that the rehearsal does not know"
        );
        assert!(mistake("NullIfExists", "aws:SourceArn", json!("true")).contains("NullIfExists"));
        assert_eq!(
            mistake("StringEquals", "aws:SourceIp", text.clone()),
            "aws:SourceIp is a key that requests here do not come with"
        );
        assert!(mistake("StringEquals", "aws:ResourceTag/", text.clone()).contains("aws:ResourceTag/"));
        assert_eq!(mistake("Null", "aws:SourceArn", text.clone()), "is neither true nor false");
        assert_eq!(mistake("ArnLike", "ecs:cluster", text), "is no ARN");
        assert_eq!(mistake("StringEquals", "ecs:cluster", json!([])), "has no values");
    }
}
