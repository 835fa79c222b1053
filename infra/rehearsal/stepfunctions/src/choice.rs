//! Choice rules: every comparison of the States Language's JSONPath form.

use crate::machine::{Mistake, under};
use crate::path::Path;
use serde_json::Value;
use std::cmp::Ordering;

/// A rule that is true or false of an input.
#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    /// All are true.
    And(Vec<Self>),
    /// One is true.
    Or(Vec<Self>),
    /// It is not true.
    Not(Box<Self>),
    /// A variable compared.
    Test {
        /// What is compared.
        variable: Path,
        /// How.
        test: Test,
    },
}

/// How a variable is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `StringEquals`, `NumericLessThan` and so on.
    Compare(Kind, Relation, Operand),
    /// `StringMatches`: `*` stands for anything.
    Matches(String),
    /// `IsPresent`, `IsNull` and so on.
    Is(Property, bool),
}

/// What kind of values are compared; values of another kind are not equal, less or greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    String,
    /// Numbers.
    Numeric,
    /// True and false.
    Boolean,
    /// RFC 3339.
    Timestamp,
}

/// Which order is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// `Equals`
    Equals,
    /// `LessThan`
    Less,
    /// `LessThanEquals`
    LessOrEqual,
    /// `GreaterThan`
    Greater,
    /// `GreaterThanEquals`
    GreaterOrEqual,
}

/// What a variable is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// A constant.
    Constant(Value),
    /// Another variable.
    Variable(Path),
}

/// What a value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Property {
    /// There.
    Present,
    /// `null`
    Null,
    /// A string.
    String,
    /// A number.
    Numeric,
    /// `true` or `false`
    Boolean,
    /// RFC 3339.
    Timestamp,
}

impl Rule {
    /// Reads a rule; mistakes are told with the pointer to where they are.
    pub(crate) fn parse(value: &Value, pointer: &str, mistakes: &mut Vec<Mistake>) -> Option<Self> {
        let Some(map) = value.as_object() else {
            mistakes.push(Mistake::schema(pointer, "must be an object"));
            return None;
        };
        if map.contains_key("Next") {
            // The rules of a Choice are given without theirs: only they lead anywhere.
            mistakes.push(Mistake::schema(pointer, "Field 'Next' is not supported"));
            return None;
        }
        let keys: Vec<&String> = map.keys().filter(|key| *key != "Comment").collect();
        let many = |key: &str, mistakes: &mut Vec<Mistake>| -> Option<Vec<Self>> {
            let rules = map[key].as_array().filter(|rules| !rules.is_empty());
            let Some(rules) = rules else {
                mistakes.push(Mistake::schema(&under(pointer, key), "must be a list of rules"));
                return None;
            };
            let each = rules.iter().enumerate();
            each.map(|(index, rule)| Self::parse(rule, &format!("{pointer}/{key}/{index}"), mistakes))
                .collect()
        };
        match keys.as_slice() {
            [key] if *key == "And" => many("And", mistakes).map(Self::And),
            [key] if *key == "Or" => many("Or", mistakes).map(Self::Or),
            [key] if *key == "Not" => Self::parse(&map["Not"], &format!("{pointer}/Not"), mistakes)
                .map(|rule| Self::Not(Box::new(rule))),
            [a, b] if *a == "Variable" || *b == "Variable" => {
                let operator = if *a == "Variable" { b } else { a };
                match read_test(&map["Variable"], operator, &map[operator.as_str()]) {
                    Ok(rule) => Some(rule),
                    Err(why) => {
                        mistakes.push(Mistake::schema(pointer, why));
                        None
                    }
                }
            }
            _ => {
                let why = "must have And, Or, Not, or Variable with one comparison";
                mistakes.push(Mistake::schema(pointer, why));
                None
            }
        }
    }

    /// Whether it is true. A variable that is not there is only fit for `IsPresent`.
    ///
    /// # Errors
    /// Names the variable that is not there.
    pub(crate) fn holds(&self, input: &Value, context: &Value) -> Result<bool, String> {
        match self {
            Self::And(rules) => {
                for rule in rules {
                    if !rule.holds(input, context)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(rules) => {
                for rule in rules {
                    if rule.holds(input, context)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(rule) => Ok(!rule.holds(input, context)?),
            Self::Test { variable, test } => test.holds(variable, input, context),
        }
    }
}

impl Test {
    fn holds(&self, variable: &Path, input: &Value, context: &Value) -> Result<bool, String> {
        let found = variable.get(input, context);
        if let Self::Is(Property::Present, wanted) = self {
            return Ok(found.is_some() == *wanted);
        }
        let missing = |path: &Path| {
            format!("Invalid path '{path}': The choice state's condition path references an invalid value.")
        };
        let value = found.ok_or_else(|| missing(variable))?;
        Ok(match self {
            Self::Is(property, wanted) => is(*property, value) == *wanted,
            Self::Matches(pattern) => value.as_str().is_some_and(|text| glob(pattern, text)),
            Self::Compare(kind, relation, operand) => {
                let other = match operand {
                    Operand::Constant(value) => value,
                    Operand::Variable(path) => path.get(input, context).ok_or_else(|| missing(path))?,
                };
                compare(*kind, value, other).is_some_and(|order| relation.fits(order))
            }
        })
    }
}

impl Relation {
    fn fits(self, order: Ordering) -> bool {
        match self {
            Self::Equals => order.is_eq(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

fn compare(kind: Kind, a: &Value, b: &Value) -> Option<Ordering> {
    match kind {
        Kind::String => Some(a.as_str()?.cmp(b.as_str()?)),
        Kind::Numeric => a.as_f64()?.partial_cmp(&b.as_f64()?),
        Kind::Boolean => Some(a.as_bool()?.cmp(&b.as_bool()?)),
        Kind::Timestamp => Some(moment(a)?.cmp(&moment(b)?)),
    }
}

/// A moment as the States Language has it: RFC 3339 with a capital `T`, and a capital `Z` if it has no offset.
fn moment(value: &Value) -> Option<jiff::Timestamp> {
    let text = value.as_str()?;
    let (date, time) = text.split_once('T')?;
    let is_strict =
        date.len() == "2026-01-31".len() && time.len() >= "09:00:00Z".len() && !text.contains('z');
    if is_strict { text.parse().ok() } else { None }
}

/// Whether a value is a moment.
pub(crate) fn is_timestamp(value: &Value) -> bool {
    moment(value).is_some()
}

fn is(property: Property, value: &Value) -> bool {
    match property {
        Property::Present => true,
        Property::Null => value.is_null(),
        Property::String => value.is_string(),
        Property::Numeric => value.is_number(),
        Property::Boolean => value.is_boolean(),
        Property::Timestamp => is_timestamp(value),
    }
}

/// `*` stands for anything, `\*` for itself.
fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => parts.push(String::new()),
            '\\' => parts.last_mut().into_iter().for_each(|part| part.extend(letters.next())),
            letter => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
        }
    }
    let Some((first, rest)) = parts.split_first() else { return false };
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(mut left) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        match left.find(part.as_str()) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last.as_str())
}

fn read_test(variable: &Value, operator: &str, operand: &Value) -> Result<Rule, String> {
    let path = |value: &Value| Path::parse(value.as_str().unwrap_or_default());
    let variable = path(variable).map_err(|why| format!("Variable: {why}"))?;
    let property = match operator {
        "IsPresent" => Some(Property::Present),
        "IsNull" => Some(Property::Null),
        "IsString" => Some(Property::String),
        "IsNumeric" => Some(Property::Numeric),
        "IsBoolean" => Some(Property::Boolean),
        "IsTimestamp" => Some(Property::Timestamp),
        _ => None,
    };
    if let Some(property) = property {
        let wanted = operand.as_bool().ok_or_else(|| format!("{operator} must be true or false"))?;
        return Ok(Rule::Test { variable, test: Test::Is(property, wanted) });
    }
    if operator == "StringMatches" {
        let pattern = operand.as_str().ok_or("StringMatches must be a string")?;
        return Ok(Rule::Test { variable, test: Test::Matches(pattern.to_owned()) });
    }
    let (name, is_path) = operator.strip_suffix("Path").map_or((operator, false), |name| (name, true));
    let (kind, relation) = operation(name).ok_or_else(|| format!("{operator} is no comparison"))?;
    let operand = if is_path {
        Operand::Variable(path(operand).map_err(|why| format!("{operator}: {why}"))?)
    } else if compare(kind, operand, operand).is_some() {
        Operand::Constant(operand.clone())
    } else {
        return Err(format!("{operator} cannot compare with {operand}"));
    };
    Ok(Rule::Test { variable, test: Test::Compare(kind, relation, operand) })
}

fn operation(name: &str) -> Option<(Kind, Relation)> {
    let kinds = [
        ("String", Kind::String),
        ("Numeric", Kind::Numeric),
        ("Boolean", Kind::Boolean),
        ("Timestamp", Kind::Timestamp),
    ];
    let (kind, relation) =
        kinds.into_iter().find_map(|(prefix, kind)| Some((kind, name.strip_prefix(prefix)?)))?;
    let relation = match relation {
        "Equals" => Relation::Equals,
        _ if kind == Kind::Boolean => return None,
        "LessThan" => Relation::Less,
        "LessThanEquals" => Relation::LessOrEqual,
        "GreaterThan" => Relation::Greater,
        "GreaterThanEquals" => Relation::GreaterOrEqual,
        _ => return None,
    };
    Some((kind, relation))
}

#[cfg(test)]
#[path = "choice_tests.rs"]
mod tests;
