//! What names stand for within one template: parameters, pseudo parameters, conditions, resources.

use super::kind::{Kind, Named};
use super::mistake::Mistakes;
use super::yaml::under;
use crate::account::Account;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::cell::Cell;
use std::collections::BTreeMap;

/// How deep references may lead to references. No sensible template gets near; a circle does.
const MAX_DEPTH: usize = 64;

/// Characters of the suffix that CloudFormation gives a resource without a name of its own.
const SUFFIX: usize = 12;

/// The longest name that all of the services take.
const MAX_NAME: usize = 64;

/// One template with everything its names stand for.
pub(super) struct Scope<'a> {
    pub(super) account: &'a Account,
    pub(super) stack: &'a str,
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) mappings: Map<String, Value>,
    pub(super) conditions: Map<String, Value>,
    /// After `Globals` have been merged in, and with what SAM generates.
    pub(super) resources: Map<String, Value>,
    pub(super) mistakes: &'a Mistakes,
    depth: Cell<usize>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        account: &'a Account,
        stack: &'a str,
        parameters: BTreeMap<String, Value>,
        document: &Map<String, Value>,
        mistakes: &'a Mistakes,
    ) -> Self {
        let section = |name: &str| document.get(name).and_then(Value::as_object).cloned().unwrap_or_default();
        Self {
            account,
            stack,
            parameters,
            mappings: section("Mappings"),
            conditions: section("Conditions"),
            resources: section("Resources"),
            mistakes,
            depth: Cell::new(0),
        }
    }

    /// What `Ref` gives; nothing for `AWS::NoValue`.
    pub(super) fn reference(&self, name: &str, at: &str) -> Option<Value> {
        if let Some(value) = self.parameters.get(name) {
            return Some(value.clone());
        }
        let Account { id, region } = self.account;
        Some(match name {
            "AWS::NoValue" => return None,
            "AWS::Region" => region.as_str().into(),
            "AWS::AccountId" => id.as_str().into(),
            "AWS::Partition" => "aws".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => self.stack.into(),
            "AWS::StackId" => {
                let stack = format!("stack/{}/00000000-0000-4000-8000-000000000000", self.stack);
                self.account.arn("cloudformation", &stack).into()
            }
            "AWS::NotificationARNs" => json!([]),
            name => self.named(name, at).map_or(Value::Null, |named| named.reference().into()),
        })
    }

    /// What `GetAtt` gives; null and a mistake if there is no such thing.
    pub(super) fn attribute(&self, name: &str, attribute: &str, at: &str) -> Value {
        let Some(named) = self.named(name, at) else { return Value::Null };
        match named.attribute(attribute) {
            Some(value) => value.into(),
            None => {
                self.mistakes.add(at, format!("{name} has no attribute {attribute}"));
                Value::Null
            }
        }
    }

    /// A resource as others refer to it; nothing and a mistake if it is not there.
    pub(super) fn named(&self, logical_id: &str, at: &str) -> Option<Named<'a>> {
        let Some(resource) = self.resources.get(logical_id) else {
            self.mistakes.add(at, format!("{logical_id} is neither a parameter nor a resource"));
            return None;
        };
        if !self.exists(resource, at) {
            let condition = resource.get("Condition").and_then(Value::as_str).unwrap_or_default();
            self.mistakes.add(at, format!("{logical_id} does not exist, because {condition} is false"));
            return None;
        }
        let of_type = resource.get("Type").and_then(Value::as_str).unwrap_or_default();
        // An unknown type is told where the resource is, not wherever someone refers to it.
        let kind = Kind::of(of_type)?;
        let property = |name: &str| {
            let value = resource.get("Properties")?.get(name)?;
            let at = under(&under("Resources", logical_id), &under("Properties", name));
            self.within(&at, || self.resolve(value, &at))?.as_str().map(str::to_owned)
        };
        let name = kind.name_property().and_then(property).unwrap_or_else(|| self.generated(logical_id));
        let home = match kind {
            Kind::Role | Kind::ManagedPolicy => property("Path").unwrap_or_else(|| "/".to_owned()),
            Kind::Rule => property("EventBusName").unwrap_or_else(|| "default".to_owned()),
            Kind::Schedule => property("GroupName").unwrap_or_else(|| "default".to_owned()),
            _ => String::new(),
        };
        Some(Named { account: self.account, kind, name, home })
    }

    /// Whether a resource's or output's condition holds.
    pub(super) fn exists(&self, resource: &Value, at: &str) -> bool {
        match resource.get("Condition").and_then(Value::as_str) {
            Some(condition) => self.condition(condition, at),
            None => true,
        }
    }

    /// Whether a condition holds.
    pub(super) fn condition(&self, name: &str, at: &str) -> bool {
        let Some(node) = self.conditions.get(name) else {
            self.mistakes.add(at, format!("there is no condition {name}"));
            return false;
        };
        let at = under("Conditions", name);
        self.within(&at, || Some(Value::from(self.holds(node, &at)))) == Some(Value::Bool(true))
    }

    /// Goes one reference deeper, unless that is where it came from.
    fn within(&self, at: &str, look: impl FnOnce() -> Option<Value>) -> Option<Value> {
        if self.depth.get() == MAX_DEPTH {
            self.mistakes.add(at, "refers to itself, or to what refers to it");
            return None;
        }
        self.depth.set(self.depth.get() + 1);
        let found = look();
        self.depth.set(self.depth.get() - 1);
        found
    }

    /// `STACK-LOGICALID-SUFFIX`, the same every time.
    fn generated(&self, logical_id: &str) -> String {
        const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        let hash = Sha256::digest(format!("{}/{logical_id}", self.stack));
        let suffix: String =
            hash.iter().take(SUFFIX).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        let head: String =
            format!("{}-{logical_id}", self.stack).chars().take(MAX_NAME - SUFFIX - 1).collect();
        format!("{head}-{suffix}")
    }
}
