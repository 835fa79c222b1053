//! The ledger: one table, one item collection per service, read by people with one query.
//!
//! | `service` (partition key) | `record` (sort key) | holds |
//! |---|---|---|
//! | `CLUSTER/NAME` | `wanted` | what the service should run |
//! | `CLUSTER/NAME` | `moves` | when image tags were moved, as push events told |
//! | `CLUSTER/NAME` | `schema` | which version of its schema the service's database has, as far as hooks brought it |
//! | `CLUSTER/NAME` | `lease` | who may change it, and the fence |
//! | `CLUSTER/NAME` | `deployment#ID` | one deployment, its plan and its story |
//! | `stack` | `freeze` | whether pushes and schedules begin nothing, since when, by whom and why |
//!
//! Every write is on condition of what was read; every read that decides is consistent.

mod deployment;
mod freeze;
mod lease;
mod moves;
mod schema;
mod wanted;

pub use lease::Claim;

use crate::{At, Aws};
use aws_sdk_dynamodb::types::AttributeValue;
use changeover_domain::StepError;
use changeover_domain::name::ServiceName;
use changeover_domain::record::SCHEMA;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// The table's partition key.
pub const PARTITION_KEY: &str = "service";
/// The table's sort key.
pub const SORT_KEY: &str = "record";
/// The attribute that DynamoDB's TTL looks at.
pub const TTL_ATTRIBUTE: &str = "expires_at";

/// The table, by name.
pub struct Ledger<'a> {
    aws: &'a Aws,
    table: &'a str,
}

/// The attribute that says which version's shape a record has.
const SCHEMA_ATTRIBUTE: &str = "schema";

type Item = HashMap<String, AttributeValue>;

impl<'a> Ledger<'a> {
    /// The ledger in a table.
    pub fn new(aws: &'a Aws, table: &'a str) -> Self {
        Self { aws, table }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        service: &ServiceName,
        record: &str,
    ) -> Result<Option<T>, StepError> {
        let request = self.aws.dynamodb().get_item().table_name(self.table).consistent_read(true);
        let answer = request.set_key(Some(key(service, record))).send().await.at("GetItem", record)?;
        answer.item.map(|item| parse(item, record)).transpose()
    }

    /// Writes a record if its attribute `counter` still has the value that was read, or if there is none yet. False if
    /// somebody was first.
    async fn put_if_unchanged<T: Serialize + Sync>(
        &self,
        service: &ServiceName,
        record: &str,
        value: &T,
        (counter, read): (&str, u64),
    ) -> Result<bool, StepError> {
        let answer = self
            .aws
            .dynamodb()
            .put_item()
            .table_name(self.table)
            .set_item(Some(item(service, record, value)?))
            .condition_expression("attribute_not_exists(#key) OR #counter = :read")
            .expression_attribute_names("#key", PARTITION_KEY)
            .expression_attribute_names("#counter", counter)
            .expression_attribute_values(":read", number(read))
            .send()
            .await;
        if crate::is_code(&answer, "ConditionalCheckFailedException") {
            return Ok(false);
        }
        answer.at("PutItem", record)?;
        Ok(true)
    }
}

fn key(service: &ServiceName, record: &str) -> Item {
    Item::from([
        (PARTITION_KEY.to_owned(), AttributeValue::S(service.to_string())),
        (SORT_KEY.to_owned(), AttributeValue::S(record.to_owned())),
    ])
}

/// Reads a record of any kind, unless a newer version wrote it: what that means by it, this one cannot know.
fn parse<T: DeserializeOwned>(item: Item, record: &str) -> Result<T, StepError> {
    let schema = item.get(SCHEMA_ATTRIBUTE).and_then(|schema| schema.as_n().ok()?.parse::<u32>().ok());
    if let Some(newer) = schema.filter(|schema| *schema > SCHEMA) {
        return Err(StepError::RecordMissing(format!(
            "the ledger's {record} was written by a newer version (schema {newer}, this one knows {SCHEMA}): deploy the stack at that version or a later one, and let this deployment's execution end; then start another"
        )));
    }
    serde_dynamo::aws_sdk_dynamodb_1::from_item(item).map_err(|error| {
        StepError::RecordMissing(format!("the ledger's {record} cannot be read by this version: {error}"))
    })
}

fn item<T: Serialize>(service: &ServiceName, record: &str, value: &T) -> Result<Item, StepError> {
    let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(value).map_err(|error| {
        StepError::RecordMissing(format!("the ledger's {record} cannot be written: {error}"))
    })?;
    item.extend(key(service, record));
    Ok(item)
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

fn lost_race(call: &str, record: &str) -> StepError {
    StepError::Busy {
        call: call.to_owned(),
        detail: format!("someone wrote the ledger's {record} first; it is read again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::record::Lease;

    fn lease(schema: Option<u32>) -> Item {
        let mut item = Item::from([("fence".to_owned(), number(3))]);
        if let Some(schema) = schema {
            item.insert(SCHEMA_ATTRIBUTE.to_owned(), number(u64::from(schema)));
        }
        item
    }

    #[test]
    fn what_a_newer_version_wrote_is_refused_in_words_and_what_an_older_one_wrote_is_read() {
        for schema in [None, Some(SCHEMA)] {
            assert_eq!(parse::<Lease>(lease(schema), "lease").map(|lease| lease.fence), Ok(3));
        }
        let error = parse::<Lease>(lease(Some(SCHEMA + 1)), "lease").unwrap_err();
        assert_eq!(error.name(), "RecordMissing");
        for part in ["lease", "newer version", "schema 2"] {
            assert!(error.to_string().contains(part), "{part} in {error}");
        }
    }
}
