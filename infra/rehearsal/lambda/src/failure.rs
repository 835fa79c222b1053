//! How an invocation fails, and what Step Functions and the Invoke API call that.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::time::Duration;

/// A failed invocation in the words of Step Functions: what `ErrorEquals` matches, and the cause beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvokeError {
    /// The function's own `errorType`; that of its environment, such as `Runtime.ExitError` or `Sandbox.Timedout`;
    /// `Lambda.Unknown` where there is none; or the Invoke API's code, such as `Lambda.TooManyRequestsException`.
    pub error: String,
    /// AWS's JSON of errorMessage, errorType and stackTrace, or the service's own sentence.
    pub cause: String,
}

impl std::fmt::Display for InvokeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.error, self.cause)
    }
}

impl std::error::Error for InvokeError {}

/// How an invocation failed, before anyone has named it.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// The function reported an error; the body is as it wrote it.
    Reported(Bytes),
    /// The environment died or never came up: `Runtime.ExitError` and its like.
    Runtime { error_type: &'static str, message: String },
    /// The function took longer than it may.
    TimedOut { request_id: String, after: Duration },
    /// Lambda itself refused before any environment was asked.
    Refused(Refusal),
}

/// Why Lambda refuses an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No function of that name or ARN.
    NotFound(String),
    /// All environments are busy.
    Throttled,
    /// Lambda is having a bad time, by a fault rule or because it is shutting down.
    Unavailable,
    /// The payload is over the limit.
    TooLarge(usize),
}

/// The most a request or an answer may carry.
pub(crate) const MAX_PAYLOAD: usize = 6_291_556;

impl Failure {
    /// The environment's process ended during the invocation.
    pub(crate) fn exited(request_id: &str, how: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {how}");
        Self::Runtime { error_type: "Runtime.ExitError", message }
    }

    /// What the Invoke API puts into `Payload` beside `FunctionError`; nothing for a refusal.
    pub(crate) fn payload(&self) -> Option<Bytes> {
        let (error_type, message) = match self {
            Self::Reported(body) => return Some(body.clone()),
            Self::Runtime { error_type, message } => (*error_type, message.clone()),
            Self::TimedOut { request_id, after } => ("Sandbox.Timedout", timed_out(request_id, *after)),
            Self::Refused(_) => return None,
        };
        Some(json!({ "errorType": error_type, "errorMessage": message }).to_string().into())
    }

    /// The name Step Functions gives it.
    pub(crate) fn for_step_functions(&self) -> InvokeError {
        let cause = self.payload().map(|p| String::from_utf8_lossy(&p).into_owned()).unwrap_or_default();
        let (error, cause) = match self {
            Self::Reported(body) => match error_type_of(body) {
                Some(error_type) => (error_type, cause),
                None => ("Lambda.Unknown".to_owned(), no_error_type(&cause)),
            },
            // Whoever wrote the payload, Step Functions takes its `errorType` as the name.
            Self::Runtime { error_type, .. } => ((*error_type).to_owned(), cause),
            Self::TimedOut { .. } => ("Sandbox.Timedout".to_owned(), cause),
            Self::Refused(refusal) => {
                let api = refusal.to_api();
                let id = rehearsal_world::uuid();
                let tail = format!("(Service: Lambda, Status Code: {}, Request ID: {id})", api.status);
                (format!("Lambda.{}", api.code), format!("{} {tail}", api.message))
            }
        };
        InvokeError { error, cause }
    }

    /// The answer of the Invoke API: an error of the function is a successful call.
    pub(crate) fn for_invoke_api(&self) -> Result<Value, ApiError> {
        if let Self::Refused(refusal) = self {
            return Err(refusal.to_api());
        }
        let payload = self.payload().unwrap_or_default();
        Ok(json!({
            "StatusCode": 200,
            "FunctionError": "Unhandled",
            "ExecutedVersion": "$LATEST",
            "Payload": BASE64.encode(payload),
        }))
    }
}

impl Refusal {
    /// The refusal as the API answers it.
    pub(crate) fn to_api(&self) -> ApiError {
        let (code, message, status) = match self {
            Self::NotFound(arn) => ("ResourceNotFoundException", format!("Function not found: {arn}"), 404),
            Self::Throttled => ("TooManyRequestsException", "Rate Exceeded.".to_owned(), 429),
            Self::Unavailable => ("ServiceException", "Service unavailable".to_owned(), 500),
            Self::TooLarge(size) => (
                "RequestTooLargeException",
                format!(
                    "{size} byte payload is too large for the RequestResponse invocation type (limit {MAX_PAYLOAD} bytes)"
                ),
                413,
            ),
        };
        let kind = if status < 500 { "User" } else { "Service" };
        let error = ApiError::new(code, message).with_status(status).with_field("Type", kind.into());
        match self {
            Self::Throttled => {
                error.with_field("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded".into())
            }
            _ => error,
        }
    }
}

fn timed_out(request_id: &str, after: Duration) -> String {
    format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", after.as_secs_f64())
}

fn error_type_of(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error_type = body.get("errorType")?.as_str()?;
    (!error_type.is_empty()).then(|| error_type.to_owned())
}

fn no_error_type(payload: &str) -> String {
    format!(
        "The cause could not be determined because Lambda did not return an error type. Returned payload: {payload}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reported_error_keeps_its_own_name() {
        let body = r#"{"errorType":"RouteDrifted","errorMessage":"weights moved"}"#;
        let error = Failure::Reported(Bytes::from_static(body.as_bytes())).for_step_functions();
        assert_eq!(error, InvokeError { error: "RouteDrifted".to_owned(), cause: body.to_owned() });
    }

    #[test]
    fn a_report_without_a_type_is_unknown() {
        let error = Failure::Reported(Bytes::from_static(b"\"oops\"")).for_step_functions();
        assert_eq!(error.error, "Lambda.Unknown");
        assert!(error.cause.ends_with("Returned payload: \"oops\""), "{}", error.cause);
    }

    #[test]
    fn a_timeout_says_how_long_in_seconds() {
        let failure = Failure::TimedOut { request_id: "r-1".to_owned(), after: Duration::from_secs(3) };
        let error = failure.for_step_functions();
        assert_eq!(error.error, "Sandbox.Timedout");
        let cause: Value = serde_json::from_str(&error.cause).unwrap();
        assert_eq!(cause["errorMessage"], "RequestId: r-1 Error: Task timed out after 3.00 seconds");
    }

    #[test]
    fn an_exit_keeps_its_name_and_is_unhandled_to_callers() {
        let failure = Failure::exited("r-1", "Runtime exited with error: exit status 1");
        let error = failure.for_step_functions();
        assert_eq!(error.error, "Runtime.ExitError");
        assert!(error.cause.contains("RequestId: r-1 Error: Runtime exited with error: exit status 1"));
        assert_eq!(failure.for_invoke_api().unwrap()["FunctionError"], "Unhandled");
    }

    #[test]
    fn throttling_is_an_error_of_the_service() {
        let failure = Failure::Refused(Refusal::Throttled);
        assert_eq!(failure.for_step_functions().error, "Lambda.TooManyRequestsException");
        assert_eq!(failure.for_invoke_api().unwrap_err().status, 429);
    }
}
