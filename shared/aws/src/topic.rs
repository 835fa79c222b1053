//! Telling people how a deployment ended.

use crate::{At, Aws};
use changeover_domain::StepError;

/// Longest subject that SNS takes.
const MAX_SUBJECT: usize = 100;

/// Publishes a message.
pub async fn publish(aws: &Aws, topic: &str, subject: &str, message: &str) -> Result<(), StepError> {
    let subject: String = subject.chars().filter(char::is_ascii).take(MAX_SUBJECT).collect();
    let request = aws.sns().publish().topic_arn(topic).subject(subject).message(message);
    request.send().await.at("Publish", topic)?;
    Ok(())
}
