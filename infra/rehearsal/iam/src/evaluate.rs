//! Judging one request by policies: a deny wins, then an allow, and without either nothing is allowed.

use crate::need::Need;
use crate::policy::Policy;
use crate::principal::Principal;

/// What policies say of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    /// This is allowed by a statement of a policy, by these patterns of action and resource.
    Allowed { policy: String, statement: String, action: String, resource: String },
    /// Nothing allows it.
    NoneAllows,
    /// Something denies it.
    Denied,
}

/// What these policies say of a request.
pub(crate) fn evaluate(policies: &[Policy], need: &Need, principal: Option<&Principal>) -> Said {
    let mut allowed = None;
    for policy in policies {
        for statement in &policy.statements {
            let spoken = statement.speaks_of(&need.action, &need.resource, &need.context, principal);
            let Some((action, resource)) = spoken else { continue };
            if statement.denies {
                return Said::Denied;
            }
            let (policy, statement) = (policy.name.clone(), statement.id.clone());
            allowed.get_or_insert(Said::Allowed { policy, statement, action, resource });
        }
    }
    allowed.unwrap_or(Said::NoneAllows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Purpose;
    use serde_json::{Value, json};

    const SERVICE: &str = "arn:aws:ecs:us-east-1:123456789012:service/shop/web";

    fn policy(statements: &Value, purpose: Purpose) -> Policy {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        Policy::read("p", &document, purpose).unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
    }

    fn says(statements: &Value, need: &Need) -> Said {
        evaluate(&[policy(statements, Purpose::Identity)], need, None)
    }

    fn is_allowed(statements: &Value, need: &Need) -> bool {
        matches!(says(statements, need), Said::Allowed { .. })
    }

    #[test]
    fn nothing_is_allowed_unless_said_and_a_deny_wins() {
        let need = Need::new("ecs:UpdateService", SERVICE);
        assert_eq!(says(&json!([]), &need), Said::NoneAllows);
        let allow = json!({ "Sid": "Change", "Effect": "Allow", "Action": ["ecs:Describe*", "ECS:update*"],
            "Resource": "arn:aws:ecs:us-east-1:123456789012:service/shop/*" });
        assert_eq!(
            says(&json!([allow]), &need),
            Said::Allowed {
                policy: "p".to_owned(),
                statement: "Change".to_owned(),
                action: "ECS:update*".to_owned(),
                resource: "arn:aws:ecs:us-east-1:123456789012:service/shop/*".to_owned(),
            }
        );
        let deny = json!({ "Effect": "Deny", "Action": "ecs:*", "Resource": "*" });
        assert_eq!(says(&json!([allow, deny]), &need), Said::Denied);
        assert_eq!(says(&json!([allow]), &Need::new("ecs:DeleteService", SERVICE)), Said::NoneAllows);
        let other = Need::new("ecs:UpdateService", SERVICE.replace("shop", "bank"));
        assert_eq!(says(&json!([allow]), &other), Said::NoneAllows);
    }

    #[test]
    fn exceptions_select_everything_else() {
        let statement = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:ecs:*:*:service/bank/*" });
        assert!(is_allowed(&json!(statement), &Need::new("ecs:UpdateService", SERVICE)));
        assert!(!is_allowed(&json!(statement), &Need::new("iam:PassRole", SERVICE)));
        let bank = SERVICE.replace("shop", "bank");
        assert!(!is_allowed(&json!(statement), &Need::new("ecs:UpdateService", bank)));
    }

    #[test]
    fn all_conditions_have_to_hold() {
        let statement = json!({ "Effect": "Allow", "Action": "ecs:UpdateService", "Resource": "*", "Condition": {
            "ArnLike": { "ecs:cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/shop" },
            "Null": { "aws:ResourceTag/changeover:repository": "false" },
        }});
        let mut need = Need::new("ecs:UpdateService", SERVICE)
            .with("ecs:cluster", "arn:aws:ecs:us-east-1:123456789012:cluster/shop");
        assert!(!is_allowed(&statement, &need), "it has no tag");
        need.add_resource_tag("changeover:repository", "web");
        assert!(is_allowed(&statement, &need));
    }

    #[test]
    fn policies_of_resources_are_for_whom_they_name() {
        let statement = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*",
            "Principal": { "Service": "events.amazonaws.com" },
            "Condition": { "ArnLike": { "AWS:SourceArn": "arn:aws:events:us-east-1:123456789012:rule/push" } } });
        let policies = [policy(&json!([statement]), Purpose::Resource)];
        let need = |rule: &str| {
            let rule = format!("arn:aws:events:us-east-1:123456789012:rule/{rule}");
            Need::new("lambda:InvokeFunction", "arn:aws:lambda:us-east-1:123456789012:function:f")
                .with("aws:SourceArn", rule)
        };
        let service = |name: &str| Principal::Service(format!("{name}.amazonaws.com"));
        let allows = |principal: Option<&Principal>, rule| {
            matches!(evaluate(&policies, &need(rule), principal), Said::Allowed { .. })
        };
        assert!(allows(Some(&service("events")), "push"));
        assert!(!allows(Some(&service("events")), "other"));
        assert!(!allows(Some(&service("s3")), "push"));
        assert!(!allows(None, "push"));
    }
}
