//! What is wanted, in the ledger.

use super::{Ledger, PARTITION_KEY, key, lost_race, number};
use crate::At;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::Wanted;
use changeover_domain::{StepError, Timestamp};

const RECORD: &str = "wanted";

impl Ledger<'_> {
    /// What a service should run, if anyone has said so.
    pub async fn wanted(&self, service: &ServiceName) -> Result<Option<Wanted>, StepError> {
        self.get(service, RECORD).await
    }

    /// Puts on record what becomes wanted, on condition that nobody has asked for anything since the generation before
    /// it was read.
    ///
    /// Read that first and find out what is to be wanted after that: then nothing older can go over something newer,
    /// in whatever order events come.
    pub async fn want(&self, service: &ServiceName, wanted: &Wanted) -> Result<(), StepError> {
        self.write_wanted(service, wanted.clone()).await.map(drop)
    }

    /// What is wanted is to be taken back by a deployment.
    pub async fn take_back(
        &self,
        service: &ServiceName,
        before: &Wanted,
        deployment: &DeploymentId,
        cause: &str,
        now: Timestamp,
    ) -> Result<Wanted, StepError> {
        let wanted = Wanted {
            image: before.image.clone(),
            generation: before.generation + 1,
            since: now,
            cause: cause.to_owned(),
            taken_back: Some(deployment.clone()),
            instead_of: before.instead_of.clone(),
        };
        self.write_wanted(service, wanted).await
    }

    async fn write_wanted(&self, service: &ServiceName, wanted: Wanted) -> Result<Wanted, StepError> {
        let read = wanted.generation - 1;
        let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(&wanted).map_err(|error| {
            StepError::RecordMissing(format!("what is wanted cannot be written: {error}"))
        })?;
        item.extend(key(service, RECORD));
        let answer = self
            .aws
            .dynamodb()
            .put_item()
            .table_name(self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#key) OR #generation = :read")
            .expression_attribute_names("#key", PARTITION_KEY)
            .expression_attribute_names("#generation", "generation")
            .expression_attribute_values(":read", number(read))
            .send()
            .await;
        if crate::is_code(&answer, "ConditionalCheckFailedException") {
            return Err(lost_race("PutItem", RECORD));
        }
        answer.at("PutItem", RECORD)?;
        Ok(wanted)
    }
}
