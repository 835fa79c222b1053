//! Between services and their neighbours: images from the registry, targets in the load balancer, functions
//! for state machines.

use crate::ecr::Ecr;
use rehearsal_ecs::{Image, Registry, TargetGroups, TargetHealth};
use rehearsal_elb::Elb;
use rehearsal_lambda::Lambda;
use rehearsal_stepfunctions::{Failure, Invoke};
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::future::Future;
use std::pin::Pin;

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
pub(crate) struct Functions(pub(crate) Lambda);

impl Invoke for Functions {
    fn invoke<'a>(
        &'a self,
        function: &'a str,
        payload: Value,
    ) -> Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send + 'a>> {
        Box::pin(async move {
            let answer = self.0.invoke(function, payload.to_string().into()).await;
            let answer = answer.map_err(|error| Failure::new(error.error, error.cause))?;
            // Lambda hands on whatever the function wrote; Step Functions insists on JSON.
            serde_json::from_slice(&answer)
                .map_err(|error| Failure::new("States.Runtime", format!("the answer is no JSON: {error}")))
        })
    }
}
