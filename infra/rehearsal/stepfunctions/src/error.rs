//! What can end a state: an error with a name and a cause, as Retry, Catch and history see it.

/// An error with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its name, such as `States.Timeout` or a function's own error type.
    pub error: String,
    /// Why, in words; of a function's own error the JSON that Lambda answered.
    pub cause: String,
}

impl Failure {
    /// An error with its cause.
    pub fn new(error: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { error: error.into(), cause: cause.into() }
    }

    /// What no Retry or Catch can handle: the machine and its input do not fit.
    pub(crate) fn runtime(cause: impl Into<String>) -> Self {
        Self::new(RUNTIME, cause)
    }
}

/// Matches every error but [`RUNTIME`] and [`DATA_LIMIT`].
pub(crate) const ALL: &str = "States.ALL";
/// Matches every error but [`TIMEOUT`], and those that [`ALL`] does not match.
pub(crate) const TASK_FAILED: &str = "States.TaskFailed";
/// A state took longer than its `TimeoutSeconds`.
pub(crate) const TIMEOUT: &str = "States.Timeout";
/// The machine and its input do not fit.
pub(crate) const RUNTIME: &str = "States.Runtime";
/// An output is larger than Step Functions carries.
pub(crate) const DATA_LIMIT: &str = "States.DataLimitExceeded";
/// A `ResultPath` cannot be applied to the state's input.
pub(crate) const RESULT_PATH: &str = "States.ResultPathMatchFailure";
/// An intrinsic function cannot be computed.
pub(crate) const INTRINSIC: &str = "States.IntrinsicFailure";
/// No rule of a Choice matches and it has no default.
pub(crate) const NO_CHOICE: &str = "States.NoChoiceMatched";

/// Whether a list of names, as in `ErrorEquals`, matches an error. Nothing matches [`RUNTIME`], not even its name;
/// [`DATA_LIMIT`] is matched by its name only.
pub(crate) fn matches(names: &[String], error: &str) -> bool {
    error != RUNTIME
        && names.iter().any(|name| match name.as_str() {
            ALL => error != DATA_LIMIT,
            TASK_FAILED => error != TIMEOUT && error != DATA_LIMIT,
            name => name == error,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(name: &str, error: &str) -> bool {
        matches(&[name.to_owned()], error)
    }

    #[test]
    fn wildcards_match_what_the_specification_says() {
        assert!(one("States.ALL", "Busy") && one("States.ALL", "States.Timeout"));
        assert!(!one("States.ALL", "States.Runtime") && !one("States.ALL", "States.DataLimitExceeded"));
        assert!(one("States.TaskFailed", "Busy") && !one("States.TaskFailed", "States.Timeout"));
        assert!(one("Busy", "Busy") && !one("Busy", "Busier"));
        assert!(one("States.DataLimitExceeded", "States.DataLimitExceeded"), "by its own name it is matched");
        assert!(!one("States.TaskFailed", "States.DataLimitExceeded"));
        assert!(!one("States.Runtime", "States.Runtime"), "nothing matches it");
    }
}
