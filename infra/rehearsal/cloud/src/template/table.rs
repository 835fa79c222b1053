//! Tables, as the template has them.

use super::function::Identity;
use super::node::Node;
use serde_json::{Value, json};

/// One table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name in the template.
    pub logical_id: String,
    /// Its name in the account.
    pub name: String,
    /// `arn:aws:dynamodb:REGION:ACCOUNT:table/NAME`.
    pub arn: String,
    /// `PAY_PER_REQUEST` or `PROVISIONED`.
    pub billing: String,
    /// `KeySchema` as it is.
    pub key_schema: Value,
    /// `AttributeDefinitions` as they are.
    pub attributes: Value,
    /// `GlobalSecondaryIndexes` as they are; null if there are none.
    pub indexes: Value,
    /// The attribute that tells when an item is over, if time to live is on.
    pub ttl: Option<String>,
    /// `Tags` as they are; null if there are none.
    pub tags: Value,
    /// Whether `DeleteTable` is refused.
    pub deletion_protection: bool,
}

impl Table {
    /// What `CreateTable` takes.
    #[must_use]
    pub fn create_input(&self) -> Value {
        let mut input = json!({
            "TableName": self.name,
            "BillingMode": self.billing,
            "KeySchema": self.key_schema,
            "AttributeDefinitions": self.attributes,
            "DeletionProtectionEnabled": self.deletion_protection,
        });
        if !self.indexes.is_null() {
            input["GlobalSecondaryIndexes"] = self.indexes.clone();
        }
        if !self.tags.is_null() {
            input["Tags"] = self.tags.clone();
        }
        input
    }

    /// What `UpdateTimeToLive` takes, if time to live is on.
    #[must_use]
    pub fn ttl_input(&self) -> Option<Value> {
        let attribute = self.ttl.as_ref()?;
        let specification = json!({ "Enabled": true, "AttributeName": attribute });
        Some(json!({ "TableName": self.name, "TimeToLiveSpecification": specification }))
    }
}

pub(super) fn read(node: &Node<'_>, identity: Identity) -> Table {
    let Identity { logical_id, name, arn } = identity;
    for member in ["KeySchema", "AttributeDefinitions"].into_iter().filter(|member| !node.has(member)) {
        node.wrong(format!("has no {member}"));
    }
    let billing = node.text("BillingMode").unwrap_or_else(|| "PROVISIONED".to_owned());
    if billing != "PAY_PER_REQUEST" {
        node.wrong(format!("BillingMode is {billing}; the rehearsal keeps to PAY_PER_REQUEST"));
    }
    for member in ["LocalSecondaryIndexes", "StreamSpecification"].into_iter().filter(|name| node.has(name)) {
        node.wrong(format!("{member} is more than the rehearsal's tables can do"));
    }
    let ttl = node.node("TimeToLiveSpecification").and_then(|ttl| {
        let is_on = ttl.flag("Enabled").unwrap_or_default();
        ttl.text("AttributeName").filter(|_| is_on)
    });
    Table {
        billing,
        key_schema: node.raw("KeySchema"),
        attributes: node.raw("AttributeDefinitions"),
        indexes: node.raw("GlobalSecondaryIndexes"),
        ttl,
        tags: node.raw("Tags"),
        deletion_protection: node.flag("DeletionProtectionEnabled").unwrap_or_default(),
        logical_id,
        name,
        arn,
    }
}
