//! What is wanted, in the ledger.

use super::{Ledger, PARTITION_KEY, key, lost_race, number};
use crate::At;
use changeover_domain::image::PinnedImage;
use changeover_domain::name::ServiceName;
use changeover_domain::record::Wanted;
use changeover_domain::{StepError, Timestamp};

const RECORD: &str = "wanted";

impl Ledger<'_> {
    /// What a service should run, if anyone has said so.
    pub async fn wanted(&self, service: &ServiceName) -> Result<Option<Wanted>, StepError> {
        self.get(service, RECORD).await
    }

    /// Makes an image what is wanted. The generation grows only if it is another one than before, so that a
    /// doubled event changes nothing.
    pub async fn want(
        &self,
        service: &ServiceName,
        image: &PinnedImage,
        cause: &str,
        now: Timestamp,
    ) -> Result<Wanted, StepError> {
        let before = self.wanted(service).await?;
        if let Some(before) = before.as_ref().filter(|before| before.image.digest == image.digest) {
            return Ok(before.clone());
        }
        self.want_again(service, image, before.map_or(0, |wanted| wanted.generation), cause, now).await
    }

    /// Makes an image wanted once more, as a new generation after the one that was read.
    pub async fn want_again(
        &self,
        service: &ServiceName,
        image: &PinnedImage,
        read: u64,
        cause: &str,
        now: Timestamp,
    ) -> Result<Wanted, StepError> {
        let wanted =
            Wanted { image: image.clone(), generation: read + 1, since: now, cause: cause.to_owned() };
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
