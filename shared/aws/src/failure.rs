//! Sorts AWS's errors: what says "not now" is worth another try, everything else is final.
//!
//! Sorted by what AWS's own clients go by: the HTTP status, whether an answer came at all, whether the operation's model
//! calls the error retryable, and the codes of throttling; and by a short list of what they do not know.

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::ProvideErrorKind;
use changeover_domain::StepError;
use std::error::Error;

/// The statuses below 500 that mean "not now": Request Timeout and Too Many Requests.
const BUSY_STATUSES: [u16; 2] = [408, 429];

/// Codes that mean "not now", that may come with another status than 5xx or 429, and that the SDK does not know.
const BUSY_CODES: [&str; 19] = [
    // Somebody else writes the same at this moment (DynamoDB).
    "TransactionConflictException",
    "ReplicatedWriteConflictException",
    // The services' own ways to say 500: ECS and ECR, DynamoDB, CloudWatch, tagging and Auto Scaling, SNS, target health.
    "ServerException",
    "InternalServerError",
    "InternalServiceFault",
    "InternalServiceError",
    "InternalServiceException",
    "InternalError",
    "InternalFailure",
    "HealthUnavailable",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    // EC2 Auto Scaling is at something else.
    "ScalingActivityInProgress",
    "ResourceContention",
    // As many executions are open as an account may have.
    "ExecutionLimitExceeded",
    // Throttling by other names: SNS, and AWS KMS below Step Functions and SNS.
    "Throttled",
    "KMSThrottling",
    "KMSThrottlingException",
    "KmsThrottlingException",
];

/// Where a code means many things and only the words tell that this one is "not now".
const BUSY_WORDS: [(&str, &str); 2] = [
    // Two services of one family are registered at the same moment: "Too many concurrent attempts to create a new revision
    // of the specified family" (ECS).
    ("ClientException", "Too many concurrent attempts"),
    // What was registered a moment ago is not known everywhere yet: "TaskDefinition not found" (ECS, UpdateService).
    ("ClientException", "TaskDefinition not found"),
];

/// Says what was being done, and to what, when a call fails.
pub trait At<T> {
    /// Sorts the error of a call by name, on something by name.
    ///
    /// # Errors
    /// `Busy` for the codes worth another try and for answers that never came, `Aws` for the rest.
    fn at(self, call: &str, on: &str) -> Result<T, StepError>;
}

impl<T, E> At<T> for Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata + ProvideErrorKind + Error + 'static,
{
    fn at(self, call: &str, on: &str) -> Result<T, StepError> {
        self.map_err(|error| sort(&error, call, on))
    }
}

fn sort<E>(error: &SdkError<E, HttpResponse>, call: &str, on: &str) -> StepError
where
    E: ProvideErrorMetadata + ProvideErrorKind + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let code = ProvideErrorMetadata::code(error);
    let detail = match (code, error.message(), status) {
        (Some(code), Some(message), _) => format!("{code}: {message}"),
        (Some(code), None, _) => code.to_owned(),
        // A balancer before the service answers in HTML, or with nothing.
        (None, _, Some(status)) if status >= 400 => format!("HTTP {status}, and nothing that says why"),
        _ => format!("{}", DisplayErrorContext(error)),
    };
    if is_not_now(error, status, code) {
        StepError::Busy { call: call.to_owned(), detail }
    } else {
        StepError::Aws { call: call.to_owned(), on: on.to_owned(), detail }
    }
}

/// Whether the same call may succeed a moment later.
fn is_not_now<E>(error: &SdkError<E, HttpResponse>, status: Option<u16>, code: Option<&str>) -> bool
where
    E: ProvideErrorMetadata + ProvideErrorKind,
{
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(service) => {
            status.is_some_and(|status| status >= 500 || BUSY_STATUSES.contains(&status))
                || service.err().retryable_error_kind().is_some()
                || code.is_some_and(|code| is_busy(code, service.err().message().unwrap_or_default()))
        }
        _ => false,
    }
}

fn is_busy(code: &str, message: &str) -> bool {
    THROTTLING_ERRORS.contains(&code)
        || TRANSIENT_ERRORS.contains(&code)
        || BUSY_CODES.contains(&code)
        || BUSY_WORDS.iter().any(|(of, words)| code == *of && message.contains(words))
}

/// Whether AWS answered with this code.
pub fn is_code<T, E, R>(result: &Result<T, SdkError<E, R>>, code: &str) -> bool
where
    E: ProvideErrorMetadata,
{
    matches!(result, Err(SdkError::ServiceError(error)) if error.err().code() == Some(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_ecs::operation::register_task_definition::RegisterTaskDefinitionError as Refused;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    fn sorted(status: u16, code: Option<&str>, message: Option<&str>) -> StepError {
        let mut metadata = ErrorMetadata::builder();
        if let Some(code) = code {
            metadata = metadata.code(code);
        }
        if let Some(message) = message {
            metadata = metadata.message(message);
        }
        let status = StatusCode::try_from(status).unwrap();
        let response = HttpResponse::new(status, SdkBody::from("<html>Bad Gateway</html>"));
        let answer: Result<(), _> =
            Err(SdkError::service_error(Refused::generic(metadata.build()), response));
        answer.at("RegisterTaskDefinition", "web").unwrap_err()
    }

    #[test]
    fn any_5xx_and_429_is_not_now_whatever_its_code() {
        for status in [408, 429, 500, 502, 503, 504, 509, 529] {
            assert_eq!(sorted(status, Some("NobodyKnowsThisException"), None).name(), "Busy", "{status}");
            let unreadable = sorted(status, None, None);
            assert_eq!(unreadable.name(), "Busy", "{status}");
            assert!(unreadable.to_string().contains(&format!("HTTP {status}")), "{unreadable}");
        }
    }

    #[test]
    fn the_codes_that_aws_gives_with_400_are_not_now() {
        let codes = [
            "HealthUnavailable",
            "InternalServiceException",
            "ReplicatedWriteConflictException",
            "RequestTimeout",
            "RequestTimeoutException",
            "SlowDown",
            "EC2ThrottledException",
            "RequestThrottledException",
            "Throttling",
            "ThrottlingException",
            "PriorRequestNotComplete",
            "TransactionInProgressException",
            "ExecutionLimitExceeded",
        ];
        for code in codes {
            assert_eq!(sorted(400, Some(code), Some("later")).name(), "Busy", "{code}");
        }
    }

    #[test]
    fn a_family_that_is_registered_twice_at_once_is_not_now() {
        let twice = "Too many concurrent attempts to create a new revision of the specified family.";
        assert_eq!(sorted(400, Some("ClientException"), Some(twice)).name(), "Busy");
        let wrong =
            sorted(400, Some("ClientException"), Some("Container.image should not be null or empty."));
        assert_eq!(wrong.name(), "Aws");
    }

    #[test]
    fn what_is_refused_for_good_is_final() {
        for code in ["AccessDeniedException", "InvalidParameterException", "ValidationError"] {
            assert_eq!(sorted(400, Some(code), Some("no")).name(), "Aws", "{code}");
        }
        assert_eq!(sorted(403, None, None).name(), "Aws");
    }

    #[test]
    fn an_answer_that_never_came_is_not_now() {
        let timed_out: Result<(), SdkError<Refused, HttpResponse>> = Err(SdkError::timeout_error("10 s"));
        assert_eq!(timed_out.at("RegisterTaskDefinition", "web").unwrap_err().name(), "Busy");
        let wrong: Result<(), SdkError<Refused, HttpResponse>> =
            Err(SdkError::construction_failure("no family"));
        assert_eq!(wrong.at("RegisterTaskDefinition", "web").unwrap_err().name(), "Aws");
    }
}
