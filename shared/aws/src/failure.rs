//! Sorts AWS's errors: a short list is worth another try, everything else is final.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use changeover_domain::StepError;
use std::error::Error;

/// The codes that mean "not now". Whatever is not here is final: a 400 asked again is a 400 again.
const BUSY_CODES: [&str; 19] = [
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "ProvisionedThroughputExceededException",
    "TransactionConflictException",
    "ServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "InternalServerError",
    "InternalFailure",
    "InternalServiceFault",
    // EC2 Auto Scaling is at something else.
    "ScalingActivityInProgress",
    "ResourceContention",
    // SNS's own.
    "Throttled",
    "KMSThrottling",
    "InternalError",
];

/// Says what was being done, and to what, when a call fails.
pub trait At<T> {
    /// Sorts the error of a call by name, on something by name.
    ///
    /// # Errors
    /// `Busy` for the codes worth another try and for answers that never came, `Aws` for the rest.
    fn at(self, call: &str, on: &str) -> Result<T, StepError>;
}

impl<T, E, R> At<T> for Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    fn at(self, call: &str, on: &str) -> Result<T, StepError> {
        self.map_err(|error| sort(&error, call, on))
    }
}

fn sort<E, R>(error: &SdkError<E, R>, call: &str, on: &str) -> StepError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug,
{
    let detail = match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => format!("{}", DisplayErrorContext(error)),
    };
    let not_now = match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        SdkError::ServiceError(_) => error.code().is_some_and(|code| BUSY_CODES.contains(&code)),
        _ => false,
    };
    if not_now {
        StepError::Busy { call: call.to_owned(), detail }
    } else {
        StepError::Aws { call: call.to_owned(), on: on.to_owned(), detail }
    }
}

/// Whether AWS answered with this code.
pub fn is_code<T, E, R>(result: &Result<T, SdkError<E, R>>, code: &str) -> bool
where
    E: ProvideErrorMetadata,
{
    matches!(result, Err(SdkError::ServiceError(error)) if error.err().code() == Some(code))
}
