//! Telling people what happens: messages of the stack's topic.

use crate::{At, Aws};
use aws_sdk_sns::types::MessageAttributeValue;
use changeover_domain::StepError;
use changeover_domain::told::{MAX_SUBJECT, Message};
use serde_json::json;

/// Publishes a message: in words to whoever gets it by mail, as Amazon Q Developer's custom notification to all others.
pub async fn publish(aws: &Aws, topic: &str, message: &Message) -> Result<(), StepError> {
    let each = json!({ "default": message.chat.to_string(), "email": message.words });
    let mut request = aws
        .sns()
        .publish()
        .topic_arn(topic)
        .subject(clipped(&message.subject))
        .message_structure("json")
        .message(each.to_string());
    for (name, value) in &message.attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(value).build();
        let value = value.map_err(|error| StepError::BadInput(format!("{name}: {error}")))?;
        request = request.message_attributes(*name, value);
    }
    request.send().await.at("Publish", topic)?;
    Ok(())
}

/// What SNS takes of a subject: one line of ASCII that does not begin with a space.
fn clipped(subject: &str) -> String {
    let plain = subject.chars().map(|letter| if letter.is_control() { ' ' } else { letter });
    let ascii = plain.filter(char::is_ascii).skip_while(|letter| *letter == ' ');
    ascii.take(MAX_SUBJECT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_one_line_of_ascii() {
        assert_eq!(clipped(" main/web:\r\nRolledBack \u{2713}\u{7f}"), "main/web:  RolledBack  ");
        assert_eq!(clipped(&"x".repeat(200)).len(), MAX_SUBJECT);
    }
}
