//! Where events and ticks go: functions, state machines, queues, topics.

use crate::events::{Delivery, Failed, Targets};
use crate::front::is_throttling;
use crate::iam::Iam;
use crate::sns::Sns;
use crate::sqs::Sqs;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rehearsal_lambda::Lambda;
use rehearsal_stepfunctions::StepFunctions;
use rehearsal_wire::ApiError;
use serde_json::json;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};

/// Everything that can be a target.
pub(crate) struct Hub {
    pub(crate) lambda: Lambda,
    pub(crate) sns: Sns,
    pub(crate) sqs: Sqs,
    pub(crate) iam: Arc<Iam>,
    /// Made after the bus that this hub is for, since executions tell it how they end.
    pub(crate) machines: OnceLock<StepFunctions>,
}

impl Targets for Hub {
    fn invoke<'a>(
        &'a self,
        delivery: &'a Delivery,
    ) -> Pin<Box<dyn Future<Output = Result<(), Failed>> + Send + 'a>> {
        Box::pin(self.hand_over(delivery))
    }
}

impl Hub {
    async fn hand_over(&self, delivery: &Delivery) -> Result<(), Failed> {
        if let Err(message) = self.iam.may_deliver(delivery) {
            let code = if delivery.is_of_schedule() { "AccessDeniedException" } else { "NO_PERMISSIONS" };
            // Missing permissions are not tried again, as in AWS.
            return Err(Failed { code: code.to_owned(), message, retryable: false });
        }
        let arn = delivery.target_arn.as_str();
        let text = delivery.input.to_string();
        let answer = match arn.split(':').nth(2).unwrap_or_default() {
            "lambda" => {
                let payload = BASE64.encode(text);
                let input = json!({ "FunctionName": arn, "InvocationType": "Event", "Payload": payload });
                self.lambda.call("Invoke", input).await
            }
            "states" => match self.machines.get() {
                Some(machines) => {
                    machines.call("StartExecution", json!({ "stateMachineArn": arn, "input": text })).await
                }
                None => Err(ApiError::new("ServiceUnavailable", "no state machines yet").with_status(503)),
            },
            "sqs" if self.sqs.send(arn, text.clone()) => return Ok(()),
            "sqs" => Err(ApiError::new("QueueDoesNotExist", "The specified queue does not exist.")),
            "sns" => self.sns.call("Publish", &json!({ "TopicArn": arn, "Message": text })),
            other => Err(ApiError::new("ValidationException", format!("{other} cannot be a target here"))),
        };
        answer.map(|_| ()).map_err(|error| Failed {
            retryable: error.status >= 500 || is_throttling(&error),
            code: error.code,
            message: error.message,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Account;
    use serde_json::Value;

    fn hub() -> Hub {
        let account = Account::default();
        let lambda = Lambda::new(rehearsal_lambda::Config::default());
        let (sns, sqs) = (Sns::new(account.clone()), Sqs::new(account));
        Hub { lambda, sns, sqs, iam: Arc::default(), machines: OnceLock::new() }
    }

    async fn hand_over(hub: &Hub, arn: &str) -> Result<(), Failed> {
        let delivery = Delivery {
            target_arn: arn.to_owned(),
            input: json!({ "n": 1 }),
            role: None,
            origin_arn: "rule".to_owned(),
        };
        hub.invoke(&delivery).await
    }

    #[tokio::test]
    async fn queues_and_topics_get_the_input_as_text() {
        let hub = hub();
        let (queue, topic) = (hub.sqs.create("dead"), hub.sns.create("news"));
        hand_over(&hub, &queue).await.unwrap();
        hand_over(&hub, &topic).await.unwrap();
        for body in [&hub.sqs.messages(&queue)[0].body, &hub.sns.messages(&topic)[0].body] {
            assert_eq!(serde_json::from_str::<Value>(body).unwrap(), json!({ "n": 1 }));
        }
    }

    #[tokio::test]
    async fn what_is_not_there_is_not_tried_again() {
        let hub = hub();
        for (arn, code) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:nope", "ResourceNotFoundException"),
            ("arn:aws:sqs:us-east-1:123456789012:nope", "QueueDoesNotExist"),
            ("arn:aws:sns:us-east-1:123456789012:nope", "NotFound"),
            ("arn:aws:kinesis:us-east-1:123456789012:stream/x", "ValidationException"),
        ] {
            let failed = hand_over(&hub, arn).await.unwrap_err();
            assert_eq!((failed.code.as_str(), failed.retryable), (code, false));
        }
    }
}
