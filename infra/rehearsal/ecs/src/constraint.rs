//! Placement constraints and strategies: which instances may take a task, and which of them it goes to first.

use crate::placement::Lack;
use crate::query::{Expression, Facts};
use serde_json::Value;

/// AWS's bound on the constraints of a task, those of its definition among them.
const MOST_CONSTRAINTS: usize = 10;
/// AWS's bound on the strategies of a task.
const MOST_STRATEGIES: usize = 5;

/// What an instance must be to take a task.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Constraints {
    /// No two tasks of a group on one instance.
    distinct: bool,
    members: Vec<Expression>,
}

impl Constraints {
    /// Reads `placementConstraints`.
    ///
    /// # Errors
    /// Everything that is wrong with them, in words.
    pub(crate) fn read(list: &Value) -> Result<Self, String> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let (mut read, mut wrong) = (Self::default(), Vec::new());
        if list.len() > MOST_CONSTRAINTS {
            wrong.push(format!("a task has at most {MOST_CONSTRAINTS} placement constraints"));
        }
        for given in list {
            let expression = given["expression"].as_str();
            match (given["type"].as_str().unwrap_or_default(), expression) {
                ("distinctInstance", None) => read.distinct = true,
                ("distinctInstance", Some(_)) => {
                    wrong.push("distinctInstance takes no expression".to_owned());
                }
                ("memberOf", expression) => match Expression::read(expression.unwrap_or_default()) {
                    Ok(member) => read.members.push(member),
                    Err(why) => wrong.push(why),
                },
                (other, _) => wrong.push(format!("the placement constraint '{other}' is not known")),
            }
        }
        if wrong.is_empty() { Ok(read) } else { Err(wrong.join("; ")) }
    }

    /// These and those.
    pub(crate) fn with(mut self, other: Self) -> Self {
        self.distinct |= other.distinct;
        self.members.extend(other.members);
        self
    }

    /// What an instance with so many tasks of the group lacks.
    pub(crate) fn unmet(&self, facts: &Facts, neighbours: usize) -> Option<Lack> {
        if !self.members.iter().all(|member| member.means(facts)) {
            return Some(Lack::Member);
        }
        (self.distinct && neighbours > 0).then_some(Lack::Distinct)
    }
}

/// Which of the instances that could take a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Strategy {
    /// Where least is left of it.
    Pack(Resource),
    /// Where fewest tasks of the group are: on the instance itself, or on all with the same value.
    Spread(Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resource {
    Cpu,
    Memory,
}

/// Reads `placementStrategy`.
///
/// # Errors
/// Everything that is wrong with it, in words.
pub(crate) fn strategies(list: &Value) -> Result<Vec<Strategy>, String> {
    let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    if list.len() > MOST_STRATEGIES {
        wrong.push(format!("a task has at most {MOST_STRATEGIES} placement strategies"));
    }
    for given in list {
        let field = given["field"].as_str().unwrap_or_default();
        let kind = given["type"].as_str().unwrap_or_default();
        // AWS takes either case of the fields.
        match (kind, field.to_ascii_lowercase().as_str()) {
            ("binpack", "cpu") => read.push(Strategy::Pack(Resource::Cpu)),
            ("binpack", "memory") => read.push(Strategy::Pack(Resource::Memory)),
            ("spread", "instanceid" | "host") => read.push(Strategy::Spread(None)),
            ("spread", _) if field.starts_with("attribute:") => {
                read.push(Strategy::Spread(field.strip_prefix("attribute:").map(str::to_owned)));
            }
            ("random", _) => wrong.push("the placement strategy random is not played here".to_owned()),
            _ => wrong.push(format!("the placement strategy '{kind}' has no field '{field}'")),
        }
    }
    if wrong.is_empty() { Ok(read) } else { Err(wrong.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn constraints_are_read_and_every_mistake_told() {
        let given =
            json!([{ "type": "distinctInstance" }, { "type": "memberOf", "expression": "attribute:a == b" }]);
        let read = Constraints::read(&given).unwrap();
        let facts = |value: &str| Facts {
            attributes: [("a".to_owned(), Some(value.to_owned()))].into(),
            ..Facts::default()
        };
        assert_eq!(read.unmet(&facts("b"), 0), None);
        assert_eq!(read.unmet(&facts("b"), 1), Some(Lack::Distinct));
        assert_eq!(read.unmet(&facts("c"), 0), Some(Lack::Member));
        let given = json!([{ "type": "distinctInstance", "expression": "x" }, { "type": "memberOf" }, { "type": "near" }]);
        let wrong = Constraints::read(&given).unwrap_err();
        assert_eq!(wrong.split("; ").count(), 3, "{wrong}");
    }

    #[test]
    fn strategies_are_read_in_order() {
        let given = json!([
            { "type": "spread", "field": "attribute:ecs.availability-zone" }, { "type": "spread", "field": "instanceId" },
            { "type": "binpack", "field": "MEMORY" },
        ]);
        let zone = Strategy::Spread(Some("ecs.availability-zone".to_owned()));
        assert_eq!(
            strategies(&given).unwrap(),
            [zone, Strategy::Spread(None), Strategy::Pack(Resource::Memory)]
        );
        let wrong =
            strategies(&json!([{ "type": "random" }, { "type": "binpack", "field": "disk" }])).unwrap_err();
        assert_eq!(wrong.split("; ").count(), 2, "{wrong}");
    }
}
