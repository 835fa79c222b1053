//! SQS queues as places where events end up that could not be delivered. Never hides a message for a while:
//! whoever receives one sees it until it is deleted.

use crate::account::Account;
use crate::input::{required, unknown};
use crate::mailbox::{Mailboxes, Message};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;

/// Messages a receive gives at most, as in AWS.
const MAX_RECEIVE: u64 = 10;

/// The queues. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sqs {
    account: Account,
    queues: Arc<Mailboxes>,
}

impl Sqs {
    /// Without queues.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, queues: Arc::default() }
    }

    /// Makes a queue; its ARN.
    pub fn create(&self, name: &str) -> String {
        let arn = self.account.arn("sqs", name);
        self.queues.open(&arn);
        arn
    }

    /// Sends to a queue by ARN; false if there is none.
    pub fn send(&self, arn: &str, body: String) -> bool {
        self.queues.put(arn, None, body).is_some()
    }

    /// Every queue by name, and how many messages it holds.
    pub(crate) fn held(&self) -> Vec<(String, usize)> {
        let name = |arn: &str| arn.rsplit(':').next().unwrap_or_default().to_owned();
        let addresses = self.queues.addresses().into_iter();
        addresses.map(|arn| (name(&arn), self.queues.held(&arn))).collect()
    }

    /// What a queue holds, oldest first.
    #[must_use]
    pub fn messages(&self, arn: &str) -> Vec<Message> {
        self.queues.read(arn)
    }

    /// Answers one call of the service `sqs`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "ListQueues" => {
                let urls: Vec<String> = self.queues.addresses().iter().map(|arn| self.url(arn)).collect();
                Ok(json!({ "QueueUrls": urls }))
            }
            "GetQueueUrl" => {
                let arn = self.known(required(input, "QueueName", "MissingParameter")?)?;
                Ok(json!({ "QueueUrl": self.url(&arn) }))
            }
            "SendMessage" => {
                let arn = self.addressed(input)?;
                let body = required(input, "MessageBody", "MissingParameter")?;
                Ok(json!({ "MessageId": self.queues.put(&arn, None, body.to_owned()) }))
            }
            "ReceiveMessage" => self.receive(input),
            "DeleteMessage" => {
                let arn = self.addressed(input)?;
                self.queues.remove(&arn, required(input, "ReceiptHandle", "MissingParameter")?);
                Ok(json!({}))
            }
            "GetQueueAttributes" => {
                let arn = self.addressed(input)?;
                let held = self.queues.held(&arn).to_string();
                Ok(json!({ "Attributes": { "QueueArn": arn, "ApproximateNumberOfMessages": held } }))
            }
            other => Err(unknown(other)),
        }
    }

    fn receive(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = self.addressed(input)?;
        let most = input.get("MaxNumberOfMessages").and_then(Value::as_u64).unwrap_or(1);
        let most = usize::try_from(most.clamp(1, MAX_RECEIVE)).unwrap_or(1);
        let messages: Vec<Value> = (self.queues.read(&arn).into_iter().take(most))
            .map(|message| json!({ "MessageId": message.id, "ReceiptHandle": message.id, "Body": message.body }))
            .collect();
        Ok(json!({ "Messages": messages }))
    }

    /// `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
    fn url(&self, arn: &str) -> String {
        let name = arn.rsplit(':').next().unwrap_or_default();
        format!("https://sqs.{}.amazonaws.com/{}/{name}", self.account.region, self.account.id)
    }

    fn addressed(&self, input: &Value) -> Result<String, ApiError> {
        let url = required(input, "QueueUrl", "MissingParameter")?;
        self.known(url.rsplit('/').next().unwrap_or_default())
    }

    fn known(&self, name: &str) -> Result<String, ApiError> {
        let arn = self.account.arn("sqs", name);
        if self.queues.addresses().contains(&arn) {
            return Ok(arn);
        }
        Err(ApiError::new("QueueDoesNotExist", "The specified queue does not exist."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_stay_until_they_are_deleted() {
        let sqs = Sqs::new(Account::default());
        let arn = sqs.create("dead");
        assert!(sqs.send(&arn, "lost".to_owned()));
        assert!(!sqs.send("arn:aws:sqs:us-east-1:123456789012:other", String::new()));
        let url = sqs.call("GetQueueUrl", &json!({ "QueueName": "dead" })).unwrap()["QueueUrl"].clone();
        assert_eq!(url, "https://sqs.us-east-1.amazonaws.com/123456789012/dead");
        let got = sqs.call("ReceiveMessage", &json!({ "QueueUrl": url })).unwrap();
        assert_eq!(got["Messages"][0]["Body"], "lost");
        let receipt = &got["Messages"][0]["ReceiptHandle"];
        sqs.call("DeleteMessage", &json!({ "QueueUrl": url, "ReceiptHandle": receipt })).unwrap();
        assert!(sqs.messages(&arn).is_empty());
        let error = sqs.call("ReceiveMessage", &json!({ "QueueUrl": "http://x/1/nope" })).unwrap_err();
        assert_eq!(error.code, "QueueDoesNotExist");
    }
}
