//! Between services and their neighbours: images from the registry, targets in the load balancer, functions
//! for state machines.

use crate::ecr::Ecr;
use crate::iam::Iam;
use rehearsal_ecs::{Image, Registry, TargetGroups, TargetHealth};
use rehearsal_elb::Elb;
use rehearsal_lambda::Lambda;
use rehearsal_stepfunctions::{Failure, Invoke};
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// What a Task fails with whose state machine may not invoke its function.
const NOT_ALLOWED: &str = "Lambda.AWSLambdaException";

/// The registry, as tasks pull from it.
pub(crate) struct Images(pub(crate) Ecr);

impl Registry for Images {
    fn pull(&self, image: &str) -> Result<Image, String> {
        let crate::ecr::Image { digest, command, environment } = self.0.resolve(image)?;
        Ok(Image { digest, command, environment })
    }
}

/// The load balancer, as tasks are registered with it.
pub(crate) struct Groups(pub(crate) Elb);

impl TargetGroups for Groups {
    fn register(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        self.0.register(target_group_arn, id, port)
    }

    fn deregister(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        self.0.deregister(target_group_arn, id, port)
    }

    fn target_health(&self, target_group_arn: &str, id: &str, port: u16) -> Option<TargetHealth> {
        let health = self.0.target_health(target_group_arn, id, port)?;
        Some(TargetHealth { state: health.state, reason: health.reason, description: health.description })
    }
}

/// Lambda, as Task states invoke it.
pub(crate) struct Functions {
    pub(crate) lambda: Lambda,
    pub(crate) iam: Arc<Iam>,
}

impl Invoke for Functions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>> {
        Box::pin(async move {
            let answer = self.lambda.invoke(function, payload.to_string().into()).await;
            let answer = answer.map_err(|error| Failure::new(error.error, error.cause))?;
            // Lambda hands on whatever the function wrote; Step Functions insists on JSON.
            serde_json::from_slice(&answer)
                .map_err(|error| Failure::new("States.Runtime", format!("the answer is no JSON: {error}")))
        })
    }

    fn invoke_as<'a>(
        &'a self,
        role_arn: &'a str,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>> {
        match self.iam.may_invoke(role_arn, function) {
            Ok(()) => self.invoke(function, payload),
            Err(cause) => Box::pin(std::future::ready(Err(Failure::new(NOT_ALLOWED, cause)))),
        }
    }
}
