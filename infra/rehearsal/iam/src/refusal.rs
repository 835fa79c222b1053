//! The words of a refusal, and the code that each service puts to them.

use crate::judge::Decision;
use crate::need::Need;
use rehearsal_wire::{ApiError, Call, Service};

/// What AWS says when it refuses. `user` is an ARN such as `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`.
#[must_use]
pub fn words(user: &str, need: &Need, decision: &Decision) -> String {
    // SNS shouts its own name.
    let action = match need.action.strip_prefix("sns:") {
        Some(operation) => format!("SNS:{operation}"),
        None => need.action.clone(),
    };
    // Without a resource level, only ECS says that it was about everything.
    let about = if need.resource == "*" && need.service() != "ecs" {
        String::new()
    } else {
        format!(" on resource: {}", need.resource)
    };
    let because = match decision {
        Decision::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
        _ => format!("because no identity-based policy allows the {action} action"),
    };
    format!("User: {user} is not authorized to perform: {action}{about} {because}")
}

/// The refusal in the form of the service that was called.
#[must_use]
pub fn refusal(service: Service, message: String) -> ApiError {
    let (code, status) = match service {
        Service::Elbv2
        | Service::CloudWatch
        | Service::CloudFormation
        | Service::AutoScaling
        | Service::Sts => ("AccessDenied", 403),
        Service::Sns => ("AuthorizationError", 403),
        Service::Lambda | Service::Scheduler => ("AccessDeniedException", 403),
        _ => ("AccessDeniedException", 400),
    };
    ApiError::new(code, message).with_status(status)
}

/// The answer to a call of which it is not known what it needs: refused, so that the list gets longer.
#[must_use]
pub fn unlisted(user: &str, call: &Call) -> ApiError {
    let (service, operation) = (call.service.signing_name(), &call.operation);
    let message = format!(
        "User: {user} called {service} {operation}, of which the rehearsal does not know what it needs; \
         add it to rehearsal-iam"
    );
    refusal(call.service, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "arn:aws:sts::123456789012:assumed-role/swap-role/changeover-swap";

    #[test]
    fn refusals_are_worded_as_aws_does() {
        let service = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";
        assert_eq!(
            words(USER, &Need::new("ecs:UpdateService", service), &Decision::NoneAllows),
            format!(
                "User: {USER} is not authorized to perform: ecs:UpdateService on resource: {service} because no \
                 identity-based policy allows the ecs:UpdateService action"
            )
        );
        let message = words(USER, &Need::new("ecs:ListTasks", "*"), &Decision::ExplicitDeny);
        assert!(
            message
                .ends_with("ecs:ListTasks on resource: * with an explicit deny in an identity-based policy")
        );
        let message = words(USER, &Need::new("tag:GetResources", "*"), &Decision::NoneAllows);
        assert!(message.contains("tag:GetResources because no identity-based policy"), "{message}");
        let topic = "arn:aws:sns:us-east-1:123456789012:t";
        let message = words(USER, &Need::new("sns:Publish", topic), &Decision::NoneAllows);
        assert!(message.contains("SNS:Publish on resource: arn:aws:sns"), "{message}");
    }

    #[test]
    fn each_service_has_its_code() {
        let code = |service| {
            let error = refusal(service, String::new());
            (error.code, error.status)
        };
        assert_eq!(code(Service::Ecs), ("AccessDeniedException".to_owned(), 400));
        assert_eq!(code(Service::Elbv2), ("AccessDenied".to_owned(), 403));
        assert_eq!(code(Service::Sns), ("AuthorizationError".to_owned(), 403));
        assert_eq!(code(Service::Lambda), ("AccessDeniedException".to_owned(), 403));
    }
}
