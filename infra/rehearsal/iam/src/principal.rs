//! Whom a policy of a resource speaks of.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Somebody who wants something of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Principal {
    /// A service of AWS, such as `events.amazonaws.com`.
    Service(String),
    /// A role, by its ARN.
    Role(String),
}

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Principals {
    everyone: bool,
    services: Vec<String>,
    arns: Vec<String>,
}

impl Principals {
    /// Reads `Principal`. The error says what is wrong with it.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let mut read = Self::default();
        match value {
            Value::String(text) if text == "*" => read.everyone = true,
            Value::Object(kinds) if !kinds.is_empty() => {
                for (kind, named) in kinds {
                    let named =
                        texts(named).ok_or(format!("{kind} is neither a text nor a list of texts"))?;
                    match kind.as_str() {
                        "Service" => read.services.extend(named),
                        "AWS" if named.iter().any(|name| name == "*") => read.everyone = true,
                        "AWS" => read.arns.extend(named),
                        other => return Err(format!("{other} is a kind that the rehearsal does not know")),
                    }
                }
            }
            _ => return Err("is neither * nor a map".to_owned()),
        }
        Ok(read)
    }

    /// Whether somebody is among them.
    pub(crate) fn have(&self, principal: Option<&Principal>) -> bool {
        self.everyone
            || match principal {
                Some(Principal::Service(name)) => self.services.contains(name),
                Some(Principal::Role(arn)) => {
                    self.arns.iter().any(|named| named == arn || is_root(named, arn))
                }
                None => false,
            }
    }
}

/// `arn:aws:iam::ACCOUNT:root` stands for everyone in the account, as far as their own policies go.
fn is_root(named: &str, arn: &str) -> bool {
    named.strip_suffix(":root").is_some_and(|account| arn.starts_with(&format!("{account}:")))
}

/// A text, or a list of texts.
pub(crate) fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
