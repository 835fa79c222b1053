//! SNS topics that keep what is published to them. Never delivers anywhere: subscriptions stay as they are in AWS until
//! somebody confirms them.

use crate::account::Account;
use crate::input::{page, required, text, unknown};
use crate::mailbox::{Letter, Mailboxes, Message};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most a message may weigh.
const MAX_MESSAGE: usize = 256 * 1024;
/// The most letters of a subject.
const MAX_SUBJECT: usize = 100;
/// The most letters of a topic's name.
const MAX_NAME: usize = 256;
/// Topics, and subscriptions, on a page.
const PAGE: usize = 100;

/// Protocols whose subscriptions somebody at the endpoint has to confirm.
const CONFIRMED_BY_HAND: [&str; 4] = ["http", "https", "email", "email-json"];
/// What AWS gives for an ARN until then.
const PENDING: &str = "pending confirmation";

/// The topics. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sns {
    account: Account,
    topics: Arc<Mailboxes>,
    subscriptions: Arc<Mutex<Vec<Subscription>>>,
}

/// A subscription that nobody has confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Subscription {
    topic: String,
    protocol: String,
    endpoint: String,
}

impl Sns {
    /// Without topics.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, topics: Arc::default(), subscriptions: Arc::default() }
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
                let (body, each) = structured(text(input, "MessageStructure"), body)?;
                let attributes = attributes(input)?;
                let subject = text(input, "Subject").map(str::to_owned);
                self.publish(topic, Letter { subject, body, each, attributes })
            }
            "CreateTopic" => {
                let name = required(input, "Name", "InvalidParameter")?;
                if !is_name(name) {
                    return Err(invalid(NAMES));
                }
                Ok(json!({ "TopicArn": self.create(name) }))
            }
            "Subscribe" => self.subscribe(input),
            "ListSubscriptionsByTopic" => self.subscriptions_of(input),
            "ListTopics" => {
                let all = self.topics.addresses();
                let (arns, next) = page(&all, text(input, "NextToken"), PAGE, "InvalidParameter")?;
                let topics: Vec<Value> = arns.into_iter().map(|arn| json!({ "TopicArn": arn })).collect();
                let mut answer = json!({ "Topics": topics });
                if let Some(next) = next {
                    answer["NextToken"] = next.into();
                }
                Ok(answer)
            }
            other => Err(unknown(other)),
        }
    }

    fn subscribe(&self, input: &Value) -> Result<Value, ApiError> {
        let topic = required(input, "TopicArn", "InvalidParameter")?;
        let protocol = required(input, "Protocol", "InvalidParameter")?;
        let endpoint = text(input, "Endpoint").ok_or_else(|| invalid("Endpoint"))?;
        self.known(topic)?;
        if !CONFIRMED_BY_HAND.contains(&protocol) {
            return Err(invalid(&format!(
                "Protocol: the rehearsal delivers nothing, and keeps subscriptions of {} only",
                CONFIRMED_BY_HAND.join(", ")
            )));
        }
        let named =
            |part: &str| input.get(part).and_then(Value::as_object).is_some_and(|all| !all.is_empty());
        if named("Attributes") {
            return Err(invalid("Attributes: the rehearsal keeps none of a subscription"));
        }
        if protocol.starts_with("http") && !endpoint.starts_with(&format!("{protocol}://")) {
            return Err(invalid("Endpoint must match the specified protocol"));
        }
        let new = Subscription {
            topic: topic.to_owned(),
            protocol: protocol.to_owned(),
            endpoint: endpoint.to_owned(),
        };
        let mut all = self.subscriptions.lock();
        if !all.contains(&new) {
            all.push(new);
        }
        Ok(json!({ "SubscriptionArn": PENDING }))
    }

    fn subscriptions_of(&self, input: &Value) -> Result<Value, ApiError> {
        let topic = required(input, "TopicArn", "InvalidParameter")?;
        self.known(topic)?;
        let all: Vec<Value> = self
            .subscriptions
            .lock()
            .iter()
            .filter(|one| one.topic == topic)
            .map(|one| {
                json!({
                    "SubscriptionArn": "PendingConfirmation", "Owner": self.account.id, "Protocol": one.protocol,
                    "Endpoint": one.endpoint, "TopicArn": one.topic,
                })
            })
            .collect();
        let (found, next) = page(&all, text(input, "NextToken"), PAGE, "InvalidParameter")?;
        let mut answer = json!({ "Subscriptions": found });
        if let Some(next) = next {
            answer["NextToken"] = json!(next);
        }
        Ok(answer)
    }

    fn known(&self, topic: &str) -> Result<(), ApiError> {
        let is_there = self.topics.addresses().iter().any(|known| known == topic);
        is_there
            .then_some(())
            .ok_or_else(|| ApiError::new("NotFound", "Topic does not exist").with_status(404))
    }

    fn publish(&self, topic: &str, letter: Letter) -> Result<Value, ApiError> {
        if letter.subject.as_deref().is_some_and(|subject| !is_subject(subject)) {
            return Err(invalid("Subject"));
        }
        match self.topics.leave(topic, letter) {
            Some(id) => Ok(json!({ "MessageId": id })),
            None => Err(ApiError::new("NotFound", "Topic does not exist").with_status(404)),
        }
    }
}

/// The text, and what is said by a protocol of its own: `MessageStructure` json has a text by protocol, and a default.
fn structured(structure: Option<&str>, body: &str) -> Result<(String, BTreeMap<String, String>), ApiError> {
    match structure {
        None => return Ok((body.to_owned(), BTreeMap::new())),
        Some("json") => {}
        Some(_) => return Err(invalid("MessageStructure")),
    }
    let whole: Value = serde_json::from_str(body)
        .map_err(|_| invalid("Message Structure - JSON message body failed to parse"))?;
    let texts = whole.as_object().into_iter().flatten();
    let mut each: BTreeMap<String, String> =
        texts.filter_map(|(protocol, text)| Some((protocol.clone(), text.as_str()?.to_owned()))).collect();
    let missing = "Message Structure - No default entry in JSON message body";
    let text = each.remove("default").ok_or_else(|| invalid(missing))?;
    Ok((text, each))
}

/// Attributes of texts; what is none is refused.
fn attributes(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let given = input.get("MessageAttributes").and_then(Value::as_object).into_iter().flatten();
    given
        .map(|(name, value)| match (text(value, "DataType"), text(value, "StringValue")) {
            (Some("String"), Some(text)) => Ok((name.clone(), text.to_owned())),
            (Some("String"), None) => Err(ApiError::new(
                "ParameterValueInvalid",
                format!("The message attribute '{name}' must contain non-empty message attribute value."),
            )),
            _ => Err(invalid(&format!(
                "MessageAttributes: the rehearsal keeps texts only, and {name} is none"
            ))),
        })
        .collect()
}

const NAMES: &str = "Topic Name: names must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long; FIFO topics are not offered here";

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=MAX_NAME).contains(&name.len()) && name.chars().all(allowed)
}

/// ASCII that begins with a letter, a digit or a punctuation mark, without line breaks and other control characters.
fn is_subject(subject: &str) -> bool {
    subject.len() <= MAX_SUBJECT
        && subject.starts_with(|c: char| c.is_ascii_graphic())
        && subject.chars().all(|c| c == ' ' || c.is_ascii_graphic())
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

    #[test]
    fn a_message_may_have_a_text_for_each_protocol_and_attributes_to_filter_by() {
        let sns = Sns::new(Account::default());
        let arn = sns.create("outcomes");
        let publish = |message: &str, attributes: Value| {
            let input = json!({
                "TopicArn": arn, "Message": message, "MessageStructure": "json", "MessageAttributes": attributes,
            });
            sns.call("Publish", &input)
        };
        let kind = json!({ "kind": { "DataType": "String", "StringValue": "ended" } });
        publish(r#"{"default":"for all","email":"for people"}"#, kind).unwrap();
        let messages = sns.messages(&arn);
        assert_eq!(
            (messages[0].body.as_str(), messages[0].each["email"].as_str()),
            ("for all", "for people")
        );
        assert_eq!(messages[0].attributes["kind"], "ended");
        for (wrong, why) in [("words", "failed to parse"), (r#"{"email":"x"}"#, "No default entry")] {
            let refused = publish(wrong, json!({})).unwrap_err();
            assert!(refused.message.contains(why), "{}", refused.message);
        }
        let empty = json!({ "kind": { "DataType": "String", "StringValue": "" } });
        assert_eq!(publish(r#"{"default":"x"}"#, empty).unwrap_err().code, "ParameterValueInvalid");
        let number = json!({ "kind": { "DataType": "Number", "StringValue": "1" } });
        assert!(publish(r#"{"default":"x"}"#, number).unwrap_err().message.contains("texts only"));
    }

    #[test]
    fn subjects_are_a_line_of_ascii_and_names_have_their_letters() {
        let sns = Sns::new(Account::default());
        let arn = sns.create("outcomes");
        for subject in ["two\nlines", "tab\there", "\u{fc}ber", " begins with a space", &"x".repeat(101)] {
            let input = json!({ "TopicArn": arn, "Subject": subject, "Message": "m" });
            let refused = sns.call("Publish", &input).unwrap_err();
            assert_eq!(
                (refused.code.as_str(), refused.message.as_str()),
                ("InvalidParameter", "Invalid parameter: Subject")
            );
        }
        let longest = json!({ "TopicArn": arn, "Subject": "x".repeat(100), "Message": "m" });
        assert!(sns.call("Publish", &longest).is_ok());
        for name in ["a b", "a.fifo", &"x".repeat(257)] {
            assert_eq!(
                sns.call("CreateTopic", &json!({ "Name": name })).unwrap_err().code,
                "InvalidParameter"
            );
        }
    }

    #[test]
    fn topics_come_in_pages() {
        let sns = Sns::new(Account::default());
        (0..=PAGE).for_each(|number| drop(sns.create(&format!("t{number}"))));
        let first = sns.call("ListTopics", &json!({})).unwrap();
        let second = sns.call("ListTopics", &json!({ "NextToken": first["NextToken"] })).unwrap();
        let count = |page: &Value| page["Topics"].as_array().map_or(0, Vec::len);
        assert_eq!((count(&first), count(&second)), (PAGE, 1));
        assert!(second.get("NextToken").is_none());
    }

    #[test]
    fn a_subscription_waits_for_its_confirmation() {
        let sns = Sns::new(Account::default());
        let arn = sns.create("outcomes");
        let subscribe = |protocol: &str, endpoint: &str| {
            sns.call("Subscribe", &json!({ "TopicArn": arn, "Protocol": protocol, "Endpoint": endpoint }))
        };
        assert_eq!(subscribe("email", "me@example.com").unwrap()["SubscriptionArn"], PENDING);
        assert_eq!(subscribe("https", "https://hooks.example.com/x").unwrap()["SubscriptionArn"], PENDING);
        assert_eq!(subscribe("email", "me@example.com").unwrap()["SubscriptionArn"], PENDING);
        assert!(
            subscribe("https", "http://hooks.example.com")
                .unwrap_err()
                .message
                .contains("match the specified")
        );
        assert!(
            subscribe("sqs", "arn:aws:sqs:us-east-1:1:q").unwrap_err().message.contains("delivers nothing")
        );
        let all = sns.call("ListSubscriptionsByTopic", &json!({ "TopicArn": arn })).unwrap();
        assert_eq!(all["Subscriptions"].as_array().map(Vec::len), Some(2), "{all}");
        assert_eq!(all["Subscriptions"][0]["SubscriptionArn"], "PendingConfirmation");
    }
}
