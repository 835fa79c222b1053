//! Other people's functions: whether we may invoke one, and what it answers.

use crate::{At, Aws, is_code};
use aws_sdk_lambda::config::Builder;
use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use changeover_domain::StepError;
use serde_json::Value;
use std::time::Duration;

/// The tag without which a function is no hook: nobody else's function is ever invoked.
pub const HOOK_TAG: &str = "changeover:hook";

/// What came of an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invoked {
    /// It answered this.
    Answered(Value),
    /// It failed, or did not answer in time; in words.
    Failed(String),
}

/// Why a function cannot be invoked, in words; none if it can. Lambda looks, and runs nothing (`DryRun`).
///
/// # Errors
/// `Busy` or `Aws`, for what is neither.
pub async fn refused(aws: &Aws, function: &str) -> Result<Option<String>, StepError> {
    let request = aws.lambda().invoke().function_name(function).invocation_type(InvocationType::DryRun);
    let answer = request.send().await;
    if is_code(&answer, "ResourceNotFoundException") {
        return Ok(Some(format!("there is no function {function}: check its name")));
    }
    if is_code(&answer, "AccessDeniedException") {
        return Ok(Some(format!(
            "function {function} may not be invoked: give it the tag {HOOK_TAG} (any value), if it is meant as a hook"
        )));
    }
    answer.at("Invoke", function)?;
    Ok(None)
}

/// Invokes a function and waits for its answer, for so long at the most. It is not tried twice: whether a function that did
/// not answer has done its work is not known here.
///
/// # Errors
/// `Busy` while Lambda does not take it, `Aws` if it refuses.
pub async fn invoke(
    aws: &Aws,
    function: &str,
    event: &Value,
    patience: Duration,
) -> Result<Invoked, StepError> {
    let timeouts = TimeoutConfig::builder()
        .read_timeout(patience)
        .operation_attempt_timeout(patience)
        .operation_timeout(patience);
    let own = Builder::new().timeout_config(timeouts.build()).retry_config(RetryConfig::disabled());
    let request = aws.lambda().invoke().function_name(function).payload(Blob::new(event.to_string()));
    let answer = request.customize().config_override(own).send().await;
    if let Err(SdkError::TimeoutError(_)) = &answer {
        return Ok(Invoked::Failed(format!(
            "{function} did not answer within {}s: answer IN_PROGRESS and be invoked again",
            patience.as_secs()
        )));
    }
    let answer = answer.at("Invoke", function)?;
    let said = answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned());
    let said = said.unwrap_or_default();
    if answer.function_error().is_some() {
        return Ok(Invoked::Failed(format!("{function} failed: {}", error(&said))));
    }
    Ok(match serde_json::from_str(&said) {
        Ok(said) => Invoked::Answered(said),
        Err(_) => Invoked::Failed(format!("{function} answered what is no JSON")),
    })
}

/// What Lambda says of an error of a function's own.
fn error(said: &str) -> String {
    let told: Option<Value> = serde_json::from_str(said).ok();
    let text = |key: &str| told.as_ref()?.get(key)?.as_str().map(str::to_owned);
    match (text("errorType"), text("errorMessage")) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (None, Some(message)) => message,
        _ => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::error;

    #[test]
    fn a_functions_error_is_told_as_the_function_has_it() {
        assert_eq!(error(r#"{"errorType":"KeyError","errorMessage":"'x'"}"#), "KeyError: 'x'");
        assert_eq!(error(r#"{"errorMessage":"Task timed out"}"#), "Task timed out");
        assert_eq!(error("gone"), "gone");
    }
}
