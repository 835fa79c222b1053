//! SNS topics that keep what is published to them. Never delivers anywhere.

use crate::account::Account;
use crate::input::{required, text, unknown};
use crate::mailbox::{Mailboxes, Message};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::sync::Arc;

/// The most a message may weigh.
const MAX_MESSAGE: usize = 256 * 1024;

/// The topics. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sns {
    account: Account,
    topics: Arc<Mailboxes>,
}

impl Sns {
    /// Without topics.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, topics: Arc::default() }
    }

    /// Makes a topic; its ARN.
    pub fn create(&self, name: &str) -> String {
        let arn = self.account.arn("sns", name);
        self.topics.open(&arn);
        arn
    }

    /// Everything published to a topic, oldest first.
    #[must_use]
    pub fn messages(&self, topic_arn: &str) -> Vec<Message> {
        self.topics.read(topic_arn)
    }

    /// Answers one call of the service `sns`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "Publish" => {
                let topic = text(input, "TopicArn").or(text(input, "TargetArn"));
                let topic = topic.ok_or_else(|| {
                    invalid("TopicArn or TargetArn Reason: no value for required parameter")
                })?;
                let body = text(input, "Message").ok_or_else(|| invalid("Empty message"))?;
                if body.len() > MAX_MESSAGE {
                    return Err(invalid("Message too long"));
                }
                self.publish(topic, text(input, "Subject"), body)
            }
            "CreateTopic" => {
                Ok(json!({ "TopicArn": self.create(required(input, "Name", "InvalidParameter")?) }))
            }
            "ListTopics" => {
                let topics: Vec<Value> =
                    self.topics.addresses().into_iter().map(|arn| json!({ "TopicArn": arn })).collect();
                Ok(json!({ "Topics": topics }))
            }
            other => Err(unknown(other)),
        }
    }

    fn publish(&self, topic: &str, subject: Option<&str>, body: &str) -> Result<Value, ApiError> {
        match self.topics.put(topic, subject.map(str::to_owned), body.to_owned()) {
            Some(id) => Ok(json!({ "MessageId": id })),
            None => Err(ApiError::new("NotFound", "Topic does not exist").with_status(404)),
        }
    }
}

fn invalid(what: &str) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_can_be_read() {
        let sns = Sns::new(Account::default());
        let arn = sns.create("outcomes");
        let input = json!({ "TopicArn": arn, "Subject": "RolledBack", "Message": "shop/web went back" });
        assert!(sns.call("Publish", &input).unwrap()["MessageId"].is_string());
        let messages = sns.messages(&arn);
        assert_eq!(messages[0].subject.as_deref(), Some("RolledBack"));
        assert_eq!(messages[0].body, "shop/web went back");
        let nowhere = json!({ "TopicArn": "arn:aws:sns:us-east-1:123456789012:nope", "Message": "x" });
        assert_eq!(sns.call("Publish", &nowhere).unwrap_err().code, "NotFound");
        let empty = json!({ "TopicArn": arn, "Message": "" });
        assert_eq!(sns.call("Publish", &empty).unwrap_err().message, "Invalid parameter: Empty message");
    }
}
