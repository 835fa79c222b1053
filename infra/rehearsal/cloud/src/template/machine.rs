//! State machines, as the template has them: the definition's file with its substitutions made.

use super::function::Identity;
use super::node::Node;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

/// One state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct StateMachine {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// `arn:aws:states:REGION:ACCOUNT:stateMachine:NAME`.
    pub arn: String,
    /// `STANDARD` or `EXPRESS`.
    pub kind: String,
    /// `DefinitionUri`, if the definition is a file of its own.
    pub definition_uri: Option<String>,
    /// What stands for each `${NAME}` in it.
    pub substitutions: Vec<(String, String)>,
    /// The definition with its substitutions made.
    pub definition: String,
    /// The ARN of the role it runs as.
    pub role_arn: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
    /// Everything the template says of it, resolved.
    pub properties: Value,
}

pub(super) fn read(node: &Node<'_>, identity: Identity, folder: &Path) -> StateMachine {
    let Identity { logical_id, name, arn } = identity;
    let uri = node.text("DefinitionUri");
    let text = match (&uri, node.node("Definition")) {
        (Some(uri), None) => match std::fs::read_to_string(folder.join(uri)) {
            Ok(text) => text,
            Err(error) => {
                node.wrong(format!("DefinitionUri {uri} cannot be read: {error}"));
                String::new()
            }
        },
        (None, Some(inline)) => inline.value.to_string(),
        _ => {
            node.wrong("has to have either DefinitionUri or Definition");
            String::new()
        }
    };
    let substitutions = node.pairs("DefinitionSubstitutions");
    // A substitution that could not be resolved has been told already.
    let known = node.node("DefinitionSubstitutions").map(|node| node.value.clone()).unwrap_or_default();
    let known = known.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
    StateMachine {
        kind: node.text("Type").unwrap_or_else(|| "STANDARD".to_owned()),
        definition: if text.is_empty() { text } else { substitute(&text, &substitutions, &known, node) },
        definition_uri: uri,
        substitutions,
        role_arn: node.needed("Role"),
        tags: node.pairs("Tags"),
        properties: node.value.clone(),
        logical_id,
        name,
        arn,
    }
}

fn substitute(
    text: &str,
    substitutions: &[(String, String)],
    known: &BTreeSet<String>,
    node: &Node<'_>,
) -> String {
    let mut made = text.to_owned();
    for name in known.iter().filter(|name| !text.contains(&format!("${{{name}}}"))) {
        node.wrong(format!("DefinitionSubstitutions has {name}, which the definition does not use"));
    }
    for name in names(text).into_iter().filter(|name| !known.contains(*name)) {
        node.wrong(format!("the definition uses ${{{name}}}, which DefinitionSubstitutions does not have"));
    }
    for (name, value) in substitutions {
        made = made.replace(&format!("${{{name}}}"), value);
    }
    if let Err(error) = serde_json::from_str::<Value>(&made) {
        node.wrong(format!("the definition is no JSON: {error}"));
    }
    made
}

/// The names in `${…}`, each once.
fn names(text: &str) -> BTreeSet<&str> {
    text.split("${").skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name).collect()
}
