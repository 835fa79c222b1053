//! When image tags were moved, in the ledger.

use super::{Ledger, PARTITION_KEY, key, lost_race, number};
use crate::At;
use changeover_domain::StepError;
use changeover_domain::moves::{Move, Moves};
use changeover_domain::name::ServiceName;

const RECORD: &str = "moves";
/// How often a write is tried while others write as well: pushes come in bursts.
const MOST_TRIES: usize = 5;

impl Ledger<'_> {
    /// What push events told of a service's image tags.
    pub async fn moves(&self, service: &ServiceName) -> Result<Moves, StepError> {
        Ok(self.get(service, RECORD).await?.unwrap_or_default())
    }

    /// Puts on record what a push event told, and gives all that is known then. `Busy` if others are being put on record
    /// all the time.
    pub async fn hear(&self, service: &ServiceName, heard: &Move) -> Result<Moves, StepError> {
        for _ in 0..MOST_TRIES {
            let mut moves = self.moves(service).await?;
            let read = moves.version;
            if !moves.hear(heard.clone()) {
                return Ok(moves);
            }
            moves.version += 1;
            if self.write_moves(service, &moves, read).await? {
                return Ok(moves);
            }
        }
        Err(lost_race("PutItem", RECORD))
    }

    /// Writes them if the version on record is still the one that was read. False if it is not.
    async fn write_moves(&self, service: &ServiceName, moves: &Moves, read: u64) -> Result<bool, StepError> {
        let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(moves).map_err(|error| {
            StepError::RecordMissing(format!("the moves of tags cannot be written: {error}"))
        })?;
        item.extend(key(service, RECORD));
        let answer = self
            .aws
            .dynamodb()
            .put_item()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key) OR #version = :read")
            .expression_attribute_names("#key", PARTITION_KEY)
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":read", number(read))
            .send()
            .await;
        if crate::is_code(&answer, "ConditionalCheckFailedException") {
            return Ok(false);
        }
        answer.at("PutItem", RECORD)?;
        Ok(true)
    }
}
