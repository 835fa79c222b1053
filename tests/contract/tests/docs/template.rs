//! `template.yaml` as the documents speak of it.

use contract::text;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Parameters by name, as they are declared.
pub fn parameters() -> BTreeMap<String, Value> {
    let template: serde_norway::Value = serde_norway::from_str(&text("template.yaml")).expect("it is YAML");
    let declared = template.get("Parameters").expect("Parameters").clone();
    serde_norway::from_value(declared).expect("plain values")
}

/// An action, and whether it is granted on everything.
pub type Grant = (String, bool);

/// What each role may do, by logical id.
pub fn grants() -> BTreeMap<String, BTreeSet<Grant>> {
    let stack = contract::stack();
    let granted = |document: &Value| -> Vec<Grant> {
        let statements = list(&document["Statement"]);
        let allowed = statements.into_iter().filter(|statement| statement["Effect"] == "Allow");
        allowed
            .flat_map(|statement| {
                let everything = list(&statement["Resource"]).iter().any(|resource| *resource == "*");
                let actions =
                    list(&statement["Action"]).into_iter().map(|action| action.as_str().map(str::to_owned));
                actions.map(|action| (action.expect("an action"), everything)).collect::<Vec<_>>()
            })
            .collect()
    };
    let role = |role: rehearsal_cloud::template::Role| {
        assert!(role.managed.is_empty(), "{} has policies of others", role.logical_id);
        (role.logical_id, role.policies.iter().flat_map(|policy| granted(&policy.document)).collect())
    };
    stack.roles.into_iter().map(role).collect()
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        one => vec![one.clone()],
    }
}
