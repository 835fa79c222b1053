//! The codes of refusals that come before any handler. Owns: which service says what.

use crate::error::ApiError;
use crate::protocol::Protocol;
use crate::service::Service;
use crate::validate;

/// The refusal of an input that breaks constraints.
pub(crate) fn invalid(service: Service, operation: &str, violations: &[String]) -> ApiError {
    ApiError::new(invalid_code(service, operation), validate::message(violations))
}

fn invalid_code(service: Service, operation: &str) -> &'static str {
    match service {
        Service::Ecs if operation.ends_with("TaskDefinition") => "ClientException",
        Service::Ecs | Service::Ecr | Service::Tagging | Service::Logs => "InvalidParameterException",
        Service::Elbv2
        | Service::AutoScaling
        | Service::Sts
        | Service::CloudWatch
        | Service::CloudFormation
        | Service::Sns => "ValidationError",
        Service::StepFunctions
        | Service::DynamoDb
        | Service::EventBridge
        | Service::Scheduler
        | Service::Lambda
        | Service::ApplicationAutoScaling
        | Service::Ssm => "ValidationException",
    }
}

/// The refusal of an operation that the models do not have, by the service's own name or the one it was signed for.
/// AWS may well have it: whoever calls shall read that it is missing here, and not look for a mistake of theirs.
pub(crate) fn unknown_operation(protocol: Protocol, service: Option<&str>, operation: &str) -> ApiError {
    let message = match service {
        Some(service) => format!("The rehearsal does not do '{operation}' of {service}"),
        None => format!("The rehearsal does not do '{operation}'"),
    };
    let message = format!("{message}; its README lists what it understands");
    match protocol {
        Protocol::Query => ApiError::new("InvalidAction", message),
        _ => ApiError::new("UnknownOperationException", message),
    }
}

/// The refusal of a query that names another version of an API.
pub(crate) fn unknown_version(operation: &str, version: &str) -> ApiError {
    ApiError::new("InvalidAction", format!("Could not find operation {operation} for version {version}"))
}
