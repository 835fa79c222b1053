//! The lease in the ledger: claimed, checked, taken over and released, each on condition.

use super::{Item, Ledger, SCHEMA_ATTRIBUTE, SORT_KEY, key, number, parse};
use crate::At;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use changeover_domain::StepError;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Lease, SCHEMA};

const RECORD: &str = "lease";

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Ours, with this fence.
    Held(u64),
    /// Someone else's.
    HeldBy(Lease),
}

impl Ledger<'_> {
    /// Who holds the service now.
    pub async fn lease(&self, service: &ServiceName) -> Result<Lease, StepError> {
        Ok(self.get(service, RECORD).await?.unwrap_or_default())
    }

    /// Claims the lease if it is free. A repeat by the same execution finds what it has, with the same fence.
    pub async fn claim(
        &self,
        service: &ServiceName,
        deployment: &DeploymentId,
        execution: &str,
    ) -> Result<Claim, StepError> {
        let request = self
            .change_holder(service, deployment, execution)
            .condition_expression("attribute_not_exists(#holder)");
        self.settle(request, |lease| lease.execution.as_deref() == Some(execution)).await
    }

    /// Takes a lease over from an execution that is dead, for the same deployment; the fence grows, so that
    /// whatever is left of the dead one can change nothing any more.
    pub async fn take_over(
        &self,
        service: &ServiceName,
        deployment: &DeploymentId,
        dead: &str,
        execution: &str,
    ) -> Result<Claim, StepError> {
        let request = self
            .change_holder(service, deployment, execution)
            .condition_expression("#holder = :holder AND #execution = :dead")
            .expression_attribute_values(":dead", AttributeValue::S(dead.to_owned()));
        self.settle(request, |lease| lease.execution.as_deref() == Some(execution)).await
    }

    fn change_holder(
        &self,
        service: &ServiceName,
        deployment: &DeploymentId,
        execution: &str,
    ) -> UpdateItemFluentBuilder {
        self.update(service)
            .update_expression(
                "SET #holder = :holder, #execution = :execution, #schema = :schema ADD #fence :one",
            )
            .expression_attribute_names("#schema", SCHEMA_ATTRIBUTE)
            .expression_attribute_values(":schema", number(u64::from(SCHEMA)))
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_values(":holder", AttributeValue::S(deployment.to_string()))
            .expression_attribute_values(":execution", AttributeValue::S(execution.to_owned()))
            .expression_attribute_values(":one", number(1))
    }

    async fn settle(
        &self,
        request: UpdateItemFluentBuilder,
        is_ours: impl Fn(&Lease) -> bool,
    ) -> Result<Claim, StepError> {
        let answer = request.return_values(ReturnValue::AllNew).send().await;
        if let Some(item) = holder_in(&answer) {
            let lease: Lease = parse(item, RECORD)?;
            return Ok(if is_ours(&lease) { Claim::Held(lease.fence) } else { Claim::HeldBy(lease) });
        }
        let item = answer.at("UpdateItem", RECORD)?.attributes.unwrap_or_default();
        Ok(Claim::Held(parse::<Lease>(item, RECORD)?.fence))
    }

    /// Makes sure, just before a change, that this deployment still holds the service with this fence.
    pub async fn check_fence(
        &self,
        service: &ServiceName,
        deployment: &DeploymentId,
        fence: u64,
    ) -> Result<(), StepError> {
        let lease = self.lease(service).await?;
        if lease.holder.as_ref() == Some(deployment) && lease.fence == fence {
            return Ok(());
        }
        Err(lease.lost(service, deployment, fence))
    }

    /// Gives the lease back. The fence stays, and a repeat after success is harmless.
    pub async fn release(
        &self,
        service: &ServiceName,
        deployment: &DeploymentId,
        fence: u64,
    ) -> Result<(), StepError> {
        let answer = self
            .update(service)
            .update_expression("REMOVE #holder, #execution")
            .condition_expression("#holder = :holder AND #fence = :fence")
            .expression_attribute_names("#execution", "execution")
            .expression_attribute_names("#fence", "fence")
            .expression_attribute_values(":holder", AttributeValue::S(deployment.to_string()))
            .expression_attribute_values(":fence", number(fence))
            .send()
            .await;
        if crate::is_code(&answer, "ConditionalCheckFailedException") {
            return Ok(());
        }
        answer.at("UpdateItem", RECORD)?;
        Ok(())
    }

    fn update(&self, service: &ServiceName) -> UpdateItemFluentBuilder {
        self.aws
            .dynamodb()
            .update_item()
            .table_name(self.table)
            .set_key(Some(key(service, RECORD)))
            .expression_attribute_names("#holder", "holder")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// The lease as it was when a condition failed.
fn holder_in<T, R>(
    answer: &Result<T, aws_smithy_runtime_api::client::result::SdkError<UpdateItemError, R>>,
) -> Option<Item> {
    match answer {
        Err(error) => match error.as_service_error()? {
            UpdateItemError::ConditionalCheckFailedException(failed) => {
                let mut item = failed.item().cloned().unwrap_or_default();
                item.remove(SORT_KEY);
                Some(item)
            }
            _ => None,
        },
        Ok(_) => None,
    }
}
