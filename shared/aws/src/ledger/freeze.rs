//! Whether the stack is frozen, in the ledger: one record beside those of the services.

use super::{Item, Ledger, PARTITION_KEY, SORT_KEY, parse};
use crate::At;
use aws_sdk_dynamodb::types::AttributeValue;
use changeover_domain::StepError;
use changeover_domain::freeze::Freeze;

/// The partition of what concerns the whole stack: no service goes by that name, since theirs have a cluster.
const STACK: &str = "stack";
const RECORD: &str = "freeze";

fn key() -> Item {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    Item::from([(PARTITION_KEY.to_owned(), text(STACK)), (SORT_KEY.to_owned(), text(RECORD))])
}

impl Ledger<'_> {
    /// The freeze that lasts, if one does.
    pub async fn freeze(&self) -> Result<Option<Freeze>, StepError> {
        let request = self.aws.dynamodb().get_item().table_name(self.table).consistent_read(true);
        let answer = request.set_key(Some(key())).send().await.at("GetItem", RECORD)?;
        let freeze: Option<Freeze> = answer.item.map(|item| parse(item, RECORD)).transpose()?;
        Ok(freeze.and_then(Freeze::lasting))
    }

    /// Puts a freeze, or its end, on record.
    pub async fn write_freeze(&self, freeze: &Freeze) -> Result<(), StepError> {
        let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(freeze).map_err(|error| {
            StepError::RecordMissing(format!("the ledger's {RECORD} cannot be written: {error}"))
        })?;
        item.extend(key());
        let request = self.aws.dynamodb().put_item().table_name(self.table);
        request.set_item(Some(item)).send().await.at("PutItem", RECORD)?;
        Ok(())
    }
}
