//! The refusals that several operations share, in AWS's codes.

use rehearsal_wire::ApiError;

pub(crate) fn validation(message: impl Into<String>) -> ApiError {
    ApiError::new("ValidationError", message)
}

/// A value outside of what an enum or a range admits, in the words of AWS's own validation.
pub(crate) fn constraint(member: &str, value: &str, constraint: &str) -> ApiError {
    validation(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}

pub(crate) fn group_not_found(arn: &str) -> ApiError {
    ApiError::new("TargetGroupNotFound", format!("Target groups '{arn}' not found"))
}

pub(crate) fn rule_not_found(arn: &str) -> ApiError {
    ApiError::new("RuleNotFound", format!("One or more rules not found: '{arn}'"))
}

pub(crate) fn listener_not_found(arn: &str) -> ApiError {
    ApiError::new("ListenerNotFound", format!("One or more listeners not found: '{arn}'"))
}

pub(crate) fn load_balancer_not_found(name: &str) -> ApiError {
    ApiError::new("LoadBalancerNotFound", format!("Load balancers '[{name}]' not found"))
}
