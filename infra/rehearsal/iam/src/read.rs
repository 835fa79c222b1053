//! Reading policy documents, strictly: what IAM would refuse or the rehearsal cannot judge is a mistake.

use crate::condition::Condition;
use crate::policy::{Policy, Purpose, Selection, Statement};
use crate::principal::{Principals, texts};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];
const DOCUMENT: [&str; 3] = ["Version", "Id", "Statement"];
const STATEMENT: [&str; 8] =
    ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with its place.
    pub fn read(name: &str, document: &Value, purpose: Purpose) -> Result<Self, Vec<String>> {
        let mut reader = Reader { purpose, mistakes: Vec::new() };
        let statements = reader.document(document);
        if reader.mistakes.is_empty() {
            Ok(Self { name: name.to_owned(), statements })
        } else {
            Err(reader.mistakes)
        }
    }
}

struct Reader {
    purpose: Purpose,
    mistakes: Vec<String>,
}

impl Reader {
    fn wrong(&mut self, at: &str, what: impl std::fmt::Display) {
        let dot = if at.is_empty() { "" } else { ": " };
        self.mistakes.push(format!("{at}{dot}{what}"));
    }

    fn document(&mut self, document: &Value) -> Vec<Statement> {
        let Some(members) = document.as_object() else {
            self.wrong("", "is no map");
            return Vec::new();
        };
        self.strangers("", members, &DOCUMENT);
        match members.get("Version") {
            Some(Value::String(version)) if VERSIONS.contains(&version.as_str()) => {}
            // SAM and old documents leave it out; then it is the old one.
            None => {}
            Some(other) => self.wrong("Version", format!("{other} is none of {}", VERSIONS.join(", "))),
        }
        let given: Vec<&Value> = match members.get("Statement") {
            Some(Value::Array(all)) => all.iter().collect(),
            Some(one) => vec![one],
            None => {
                self.wrong("", "has no Statement");
                Vec::new()
            }
        };
        let mut ids = BTreeSet::new();
        let mut read = Vec::new();
        for (index, statement) in given.into_iter().enumerate() {
            let at = format!("Statement.{index}");
            let Some(statement) = self.statement(&at, index, statement) else { continue };
            if !ids.insert(statement.id.clone()) {
                self.wrong(&at, format!("Sid {} is taken", statement.id));
            }
            read.push(statement);
        }
        read
    }

    fn statement(&mut self, at: &str, index: usize, value: &Value) -> Option<Statement> {
        let Some(members) = value.as_object() else {
            self.wrong(at, "is no map");
            return None;
        };
        self.strangers(at, members, &STATEMENT);
        let id = match members.get("Sid").map(|sid| sid.as_str().unwrap_or_default()) {
            None => format!("#{index}"),
            Some(sid) if !sid.is_empty() && sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                sid.to_owned()
            }
            Some(_) => {
                self.wrong(at, "Sid is not of letters and digits");
                return None;
            }
        };
        let denies = match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => false,
            Some("Deny") => true,
            _ => {
                self.wrong(at, "Effect is neither Allow nor Deny");
                return None;
            }
        };
        Some(Statement {
            principals: self.principals(at, members),
            actions: self.actions(at, members)?,
            resources: self.resources(at, members)?,
            conditions: self.conditions(at, members),
            id,
            denies,
        })
    }

    fn principals(&mut self, at: &str, members: &Map<String, Value>) -> Option<Principals> {
        let given = members.get("Principal");
        match (self.purpose, given) {
            (Purpose::Identity, None) => None,
            (Purpose::Identity, Some(_)) => {
                self.wrong(at, "has a Principal, which a role's policy may not");
                None
            }
            (_, None) => {
                self.wrong(at, "has no Principal");
                None
            }
            (_, Some(given)) => match Principals::read(given) {
                Ok(principals) => Some(principals),
                Err(what) => {
                    self.wrong(&format!("{at}.Principal"), what);
                    None
                }
            },
        }
    }

    fn actions(&mut self, at: &str, members: &Map<String, Value>) -> Option<Selection> {
        let selection = self.selection(at, members, "Action", "NotAction")?;
        for pattern in &selection.patterns {
            if !is_action(pattern) {
                self.wrong(at, format!("{pattern} is no action"));
            }
        }
        Some(selection)
    }

    fn resources(&mut self, at: &str, members: &Map<String, Value>) -> Option<Selection> {
        if self.purpose == Purpose::Trust {
            if members.contains_key("Resource") || members.contains_key("NotResource") {
                self.wrong(at, "has a Resource, which a trust policy may not");
            }
            return Some(Selection::all());
        }
        let selection = self.selection(at, members, "Resource", "NotResource")?;
        for pattern in &selection.patterns {
            if let Err(what) = is_resource(pattern) {
                self.wrong(at, format!("resource {pattern} {what}"));
            }
        }
        Some(selection)
    }

    fn selection(
        &mut self,
        at: &str,
        members: &Map<String, Value>,
        name: &str,
        not: &str,
    ) -> Option<Selection> {
        let (given, except) = match (members.get(name), members.get(not)) {
            (Some(given), None) => (given, false),
            (None, Some(given)) => (given, true),
            (None, None) => {
                self.wrong(at, format!("has no {name}"));
                return None;
            }
            (Some(_), Some(_)) => {
                self.wrong(at, format!("has both {name} and {not}"));
                return None;
            }
        };
        match texts(given).filter(|patterns| !patterns.is_empty()) {
            Some(patterns) => Some(Selection { except, patterns }),
            None => {
                self.wrong(at, format!("{name} is neither a text nor a list of texts"));
                None
            }
        }
    }

    fn conditions(&mut self, at: &str, members: &Map<String, Value>) -> Vec<Condition> {
        let Some(given) = members.get("Condition") else { return Vec::new() };
        let mut read = Vec::new();
        let Some(operators) = given.as_object() else {
            self.wrong(at, "Condition is no map");
            return read;
        };
        for (operator, keys) in operators {
            let Some(keys) = keys.as_object().filter(|keys| !keys.is_empty()) else {
                self.wrong(&format!("{at}.Condition.{operator}"), "is no map of keys");
                continue;
            };
            for (key, values) in keys {
                match Condition::read(operator, key, values) {
                    Ok(condition) => read.push(condition),
                    Err(what) => self.wrong(&format!("{at}.Condition.{operator}.{key}"), what),
                }
            }
        }
        read
    }

    fn strangers(&mut self, at: &str, members: &Map<String, Value>, known: &[&str]) {
        for name in members.keys().filter(|name| !known.contains(&name.as_str())) {
            self.wrong(at, format!("has {name}, which the rehearsal does not know"));
        }
    }
}

fn is_action(pattern: &str) -> bool {
    let name = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    pattern == "*"
        || pattern.split_once(':').is_some_and(|(service, action)| name(service, "-") && name(action, "*?"))
}

fn is_resource(pattern: &str) -> Result<(), &'static str> {
    if pattern == "*" {
        return Ok(());
    }
    if pattern.contains("${") {
        return Err("has a variable, which the rehearsal does not fill in");
    }
    let parts: Vec<&str> = pattern.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, service, _, _, resource] if !service.is_empty() && !resource.is_empty() => {
            if service.contains(['*', '?']) { Err("has a wildcard for its service") } else { Ok(()) }
        }
        _ => Err("is neither an ARN nor *"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn mistakes(statement: &Value, purpose: Purpose) -> Vec<String> {
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] });
        Policy::read("p", &document, purpose).map(|_| Vec::new()).unwrap_or_else(|mistakes| mistakes)
    }

    fn with(name: &str, value: Value) -> Value {
        let mut statement = json!({ "Effect": "Allow", "Action": "ecs:ListTasks", "Resource": "*" });
        statement[name] = value;
        statement
    }

    #[test]
    fn every_mistake_has_its_place() {
        let identity = |name, value| mistakes(&with(name, value), Purpose::Identity);
        assert_eq!(identity("Sid", json!("Fine1")), [""; 0]);
        assert_eq!(identity("Sid", json!("not fine")), ["Statement.0: Sid is not of letters and digits"]);
        assert_eq!(identity("Effect", json!("allow")), ["Statement.0: Effect is neither Allow nor Deny"]);
        assert_eq!(identity("Action", json!("ecs")), ["Statement.0: ecs is no action"]);
        assert_eq!(identity("NotAction", json!("ecs:X")), ["Statement.0: has both Action and NotAction"]);
        assert_eq!(identity("Resource", json!("x")), ["Statement.0: resource x is neither an ARN nor *"]);
        assert_eq!(
            identity("Resource", json!(["arn:aws:*:a:b:c", "arn:aws:s3:::${aws:username}"])),
            [
                "Statement.0: resource arn:aws:*:a:b:c has a wildcard for its service",
                "Statement.0: resource arn:aws:s3:::${aws:username} has a variable, which the rehearsal does not fill in",
            ]
        );
        assert_eq!(
            identity("Condition", json!({ "IpAddress": { "ecs:cluster": "x" } })),
            [
                "Statement.0.Condition.IpAddress.ecs:cluster: IpAddress is an operator that the rehearsal does not know"
            ]
        );
        assert_eq!(
            identity("Extra", json!(1)),
            ["Statement.0: has Extra, which the rehearsal does not know"]
        );
        assert_eq!(
            identity("Principal", json!("*")),
            ["Statement.0: has a Principal, which a role's policy may not"]
        );
    }

    #[test]
    fn policies_of_resources_and_trust_name_somebody() {
        let statement = json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*" });
        assert_eq!(mistakes(&statement, Purpose::Resource), ["Statement.0: has no Principal"]);
        let federated = with("Principal", json!({ "Federated": "x" }));
        assert_eq!(
            mistakes(&federated, Purpose::Resource),
            ["Statement.0.Principal: Federated is a kind that the rehearsal does not know"]
        );
        let trust = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": { "Service": "x" } });
        assert_eq!(mistakes(&trust, Purpose::Trust), [""; 0]);
    }

    #[test]
    fn documents_have_a_version_and_statements_with_ids_of_their_own() {
        let statement = with("Sid", json!("A"));
        let read = |document: Value| Policy::read("p", &document, Purpose::Identity).unwrap_err();
        assert_eq!(
            read(json!({ "Version": "2020-01-01", "Statement": [statement, statement] })),
            ["Version: \"2020-01-01\" is none of 2012-10-17, 2008-10-17", "Statement.1: Sid A is taken"]
        );
        assert_eq!(read(json!({ "Version": "2012-10-17" })), ["has no Statement"]);
        assert_eq!(read(json!("x")), ["is no map"]);
        assert_eq!(read(json!({ "Statement": ["x"] })), ["Statement.0: is no map"]);
    }
}
