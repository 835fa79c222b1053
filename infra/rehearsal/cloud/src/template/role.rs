//! Roles and their policies, as the template has them: resolved and checked, not judged.

use super::function::Identity;
use super::node::Node;
use super::yaml::under;
use rehearsal_iam::Purpose;
use serde_json::Value;

/// One role.
#[derive(Debug, Clone, PartialEq)]
pub struct Role {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// `arn:aws:iam::ACCOUNT:role/NAME`.
    pub arn: String,
    /// Who may take it on.
    pub trust: Value,
    /// What it may do: its own policies, and those of the template that name it.
    pub policies: Vec<Policy>,
    /// ARNs of managed policies that are not of this template.
    pub managed: Vec<String>,
}

/// One policy document.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// `PolicyName`, or the managed policy's.
    pub name: String,
    /// The document, resolved.
    pub document: Value,
}

/// A policy resource, and whom it is attached to.
pub(super) struct Attached {
    /// The ARN of a managed policy.
    pub(super) arn: String,
    pub(super) policy: Policy,
    /// Names of roles.
    pub(super) roles: Vec<String>,
}

pub(super) fn read(node: &Node<'_>, identity: Identity) -> Role {
    let Identity { logical_id, name, arn } = identity;
    if !node.has("AssumeRolePolicyDocument") {
        node.wrong("has no AssumeRolePolicyDocument");
    }
    check(node, "AssumeRolePolicyDocument", Purpose::Trust);
    if node.has("PermissionsBoundary") {
        node.wrong("has a PermissionsBoundary, which the rehearsal does not know");
    }
    let policies = node.items("Policies");
    Role {
        trust: node.raw("AssumeRolePolicyDocument"),
        policies: policies.iter().map(|policy| read_policy(policy, policy.needed("PolicyName"))).collect(),
        managed: node.texts("ManagedPolicyArns"),
        logical_id,
        name,
        arn,
    }
}

pub(super) fn read_attached(node: &Node<'_>, identity: Identity) -> Attached {
    Attached { arn: identity.arn, policy: read_policy(node, identity.name), roles: node.texts("Roles") }
}

fn read_policy(node: &Node<'_>, name: String) -> Policy {
    if !node.has("PolicyDocument") {
        node.wrong("has no PolicyDocument");
    }
    check(node, "PolicyDocument", Purpose::Identity);
    Policy { name, document: node.raw("PolicyDocument") }
}

/// Notes what IAM would refuse of a document, and what the rehearsal could not judge.
fn check(node: &Node<'_>, member: &str, purpose: Purpose) {
    let Some(document) = node.node(member).filter(|document| is_whole(document.value)) else { return };
    for mistake in rehearsal_iam::Policy::read(member, document.value, purpose).err().into_iter().flatten() {
        node.mistakes.add(&under(&node.at, member), mistake);
    }
}

/// Null is what could not be resolved, and has been told.
fn is_whole(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => items.iter().all(is_whole),
        Value::Object(members) => members.values().all(is_whole),
        _ => true,
    }
}

/// Gives roles the policies that name them, and takes the template's own managed policies in.
pub(super) fn attach(roles: &mut [Role], attached: &[Attached]) {
    for role in roles {
        for one in attached {
            let managed = role.managed.iter().position(|arn| !one.arn.is_empty() && *arn == one.arn);
            if let Some(place) = managed {
                role.managed.remove(place);
            }
            if managed.is_some() || one.roles.contains(&role.name) {
                role.policies.push(one.policy.clone());
            }
        }
    }
}
