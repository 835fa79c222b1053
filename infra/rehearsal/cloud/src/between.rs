//! Between services and their neighbours: images from the registry, targets in the load balancer, functions
//! for state machines.

use crate::ecr::Ecr;
use crate::iam::Iam;
use crate::sqs::Sqs;
use crate::template::Stack;
use rehearsal_ecs::{GroupKind, Image, Registry, TargetGroups, TargetHealth};
use rehearsal_elb::Elb;
use rehearsal_lambda::{DeadLetterSink, Lambda};
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
        // ECS says itself that it cannot pull.
        let bare =
            |why: String| why.strip_prefix("CannotPullContainerError: ").map(str::to_owned).unwrap_or(why);
        let crate::ecr::Image { digest, entry_point, command, environment } =
            self.0.resolve(image).map_err(bare)?;
        Ok(Image { digest, entry_point, command, environment })
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

    fn group(&self, target_group_arn: &str) -> Option<GroupKind> {
        let (target_type, is_balanced) = self.0.group_kind(target_group_arn)?;
        Some(GroupKind { target_type, is_balanced })
    }

    fn target_health(&self, target_group_arn: &str, id: &str, port: u16) -> Option<TargetHealth> {
        let health = self.0.target_health(target_group_arn, id, port)?;
        Some(TargetHealth { state: health.state, reason: health.reason, description: health.description })
    }
}

/// The queues of the functions, as Lambda sends to them what a function could not deal with.
pub(crate) fn letters(stack: &Stack, iam: &Arc<Iam>, sqs: &Sqs) -> DeadLetterSink {
    let (functions, iam, sqs) = (stack.functions.clone(), iam.clone(), sqs.clone());
    Arc::new(move |failed, event| {
        let Some(function) = functions.iter().find(|one| one.name == failed.name) else { return };
        let Some(queue) = &function.dead_letters else { return };
        match iam.may_bury(function, queue) {
            // The letter is the event itself; in AWS attributes tell why.
            Ok(()) => {
                sqs.send(queue, String::from_utf8_lossy(event).into_owned());
            }
            Err(message) => tracing::warn!(function = %failed.name, %message, "a dead letter is lost"),
        }
    })
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
