//! Deployments in the ledger: written whole, on condition of the version that was read.

use super::{Ledger, PARTITION_KEY, SORT_KEY, key, lost_race, number, parse};
use crate::At;
use aws_sdk_dynamodb::types::AttributeValue;
use changeover_domain::StepError;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::Deployment;

/// Before every deployment's sort key.
const PREFIX: &str = "deployment#";
/// Most deployments that one query of a service's past returns.
const RECENT: i32 = 25;

fn record_of(id: &DeploymentId) -> String {
    format!("{PREFIX}{id}")
}

impl Ledger<'_> {
    /// A deployment, if it is on record.
    pub async fn find_deployment(
        &self,
        service: &ServiceName,
        id: &DeploymentId,
    ) -> Result<Option<Deployment>, StepError> {
        self.get(service, &record_of(id)).await
    }

    /// A deployment that must be on record.
    pub async fn deployment(
        &self,
        service: &ServiceName,
        id: &DeploymentId,
    ) -> Result<Deployment, StepError> {
        self.find_deployment(service, id).await?.ok_or_else(|| {
            StepError::RecordMissing(format!("the ledger has no deployment {id} of {service}"))
        })
    }

    /// Writes a deployment; its version grows by one. `Busy` if someone else wrote it since it was read.
    pub async fn write_deployment(&self, deployment: &mut Deployment) -> Result<(), StepError> {
        let record = record_of(&deployment.id);
        let read = deployment.version;
        deployment.version += 1;
        let mut item = serde_dynamo::aws_sdk_dynamodb_1::to_item(&*deployment).map_err(|error| {
            StepError::RecordMissing(format!("deployment {} cannot be written: {error}", deployment.id))
        })?;
        item.extend(key(&deployment.service, &record));
        let request = self.aws.dynamodb().put_item().table_name(self.table).set_item(Some(item));
        let request = if read == 0 {
            request
                .condition_expression("attribute_not_exists(#key)")
                .expression_attribute_names("#key", PARTITION_KEY)
        } else {
            request
                .condition_expression("#version = :read")
                .expression_attribute_names("#version", "version")
                .expression_attribute_values(":read", number(read))
        };
        let answer = request.send().await;
        if crate::is_code(&answer, "ConditionalCheckFailedException") {
            deployment.version = read;
            return Err(lost_race("PutItem", &record));
        }
        answer.at("PutItem", &record)?;
        Ok(())
    }

    /// A service's latest deployments, newest first.
    pub async fn recent_deployments(&self, service: &ServiceName) -> Result<Vec<Deployment>, StepError> {
        self.latest_deployments(service, RECENT).await
    }

    /// So many of a service's latest deployments at most, newest first; fewer where they do not fit into one answer.
    pub async fn latest_deployments(
        &self,
        service: &ServiceName,
        most: i32,
    ) -> Result<Vec<Deployment>, StepError> {
        let answer = self
            .aws
            .dynamodb()
            .query()
            .table_name(self.table)
            .consistent_read(true)
            .scan_index_forward(false)
            .limit(most)
            .key_condition_expression("#service = :service AND begins_with(#record, :prefix)")
            .expression_attribute_names("#service", PARTITION_KEY)
            .expression_attribute_names("#record", SORT_KEY)
            .expression_attribute_values(":service", AttributeValue::S(service.to_string()))
            .expression_attribute_values(":prefix", AttributeValue::S(PREFIX.to_owned()))
            .send()
            .await
            .at("Query", &service.to_string())?;
        answer.items.unwrap_or_default().into_iter().map(|item| parse(item, "deployments")).collect()
    }
}
