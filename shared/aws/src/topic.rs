//! Telling people how a deployment ended.

use crate::{At, Aws};
use changeover_domain::StepError;

/// Longest subject that SNS takes.
const MAX_SUBJECT: usize = 100;

/// Publishes a message.
pub async fn publish(aws: &Aws, topic: &str, subject: &str, message: &str) -> Result<(), StepError> {
    let request = aws.sns().publish().topic_arn(topic).subject(clipped(subject)).message(message);
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
