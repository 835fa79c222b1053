//! All services behind the port: who answers which call.

use crate::account::Account;
use crate::autoscaling::AutoScaling;
use crate::cloudformation::CloudFormation;
use crate::cloudwatch::CloudWatch;
use crate::dynamodb::DynamoDb;
use crate::ecr::Ecr;
use crate::events::Events;
use crate::front::{Caller, Handler};
use crate::listing::{tagged, tagged_of_stacks};
use crate::logs::Logs;
use crate::scaling::Scaling;
use crate::scheduler::Scheduler;
use crate::sns::Sns;
use crate::sqs::Sqs;
use crate::ssm::Ssm;
use crate::sts;
use crate::tagging::Tagging;
use rehearsal_ecs::Ecs;
use rehearsal_elb::Elb;
use rehearsal_lambda::Lambda;
use rehearsal_stepfunctions::StepFunctions;
use rehearsal_wire::{ApiError, Call, Service};
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Every service of the account.
pub(crate) struct Services {
    pub(crate) account: Account,
    pub(crate) elb: Elb,
    pub(crate) ecs: Ecs,
    pub(crate) ecr: Ecr,
    pub(crate) lambda: Lambda,
    pub(crate) stepfunctions: StepFunctions,
    pub(crate) dynamodb: DynamoDb,
    pub(crate) events: Events,
    pub(crate) scheduler: Scheduler,
    pub(crate) cloudformation: CloudFormation,
    pub(crate) cloudwatch: CloudWatch,
    pub(crate) logs: Logs,
    pub(crate) scaling: Scaling,
    pub(crate) autoscaling: AutoScaling,
    pub(crate) sns: Sns,
    pub(crate) sqs: Sqs,
    pub(crate) ssm: Ssm,
}

impl Handler for Services {
    fn handle<'a>(
        &'a self,
        caller: &'a Caller,
        call: Call,
    ) -> Pin<Box<dyn Future<Output = Result<Value, ApiError>> + Send + 'a>> {
        Box::pin(self.answer(caller, call))
    }
}

impl Services {
    async fn answer(&self, caller: &Caller, call: Call) -> Result<Value, ApiError> {
        let Call { service, operation, input, .. } = call;
        let operation = operation.as_str();
        match service {
            Service::Ecs => self.ecs.call(operation, input).await,
            Service::Elbv2 => self.elb.call(operation, input).await,
            Service::Lambda => self.lambda.call(operation, input).await,
            Service::StepFunctions => self.stepfunctions.call(operation, input).await,
            Service::DynamoDb => self.dynamodb.call(operation, input),
            Service::Ecr => self.ecr.call(operation, &input),
            Service::EventBridge => self.events.call(operation, &input),
            Service::Scheduler => self.scheduler.call(operation, &input),
            Service::CloudFormation => self.cloudformation.call(operation, &input),
            Service::CloudWatch => self.cloudwatch.call(operation, &input),
            Service::Logs => self.logs.call(operation, &input),
            Service::Sns => self.sns.call(operation, &input),
            Service::ApplicationAutoScaling => self.scaling.call(operation, &input),
            Service::Sts => sts::call(&self.account, operation, caller.role()),
            Service::Tagging => {
                let mut all = tagged(&self.ecs, &self.elb).await?;
                all.extend(tagged_of_stacks(&self.account, &self.stepfunctions, &self.dynamodb).await?);
                Tagging::new(Arc::new(move || all.clone())).call(operation, &input)
            }
            Service::AutoScaling => self.autoscaling.call(operation, &input),
            Service::Ssm => self.ssm.call(operation, &input),
        }
    }
}
