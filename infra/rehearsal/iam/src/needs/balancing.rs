//! What calls of Elastic Load Balancing need.

use super::{one, text};
use crate::need::Need;
use serde_json::Value;

pub(super) fn needs(operation: &str, input: &Value) -> Option<Vec<Need>> {
    let action = format!("elasticloadbalancing:{operation}");
    match operation {
        // None of its Describe calls has a resource level.
        "DescribeListeners"
        | "DescribeLoadBalancers"
        | "DescribeRules"
        | "DescribeTargetGroupAttributes"
        | "DescribeTargetGroups"
        | "DescribeTargetHealth" => one(&action, "*"),
        // Only the listener or rule counts, not the target groups that it is to forward to.
        "ModifyListener" => one(&action, text(input, "ListenerArn")?),
        "ModifyRule" => one(&action, text(input, "RuleArn")?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::of;
    use rehearsal_wire::Service;
    use serde_json::json;

    #[test]
    fn what_is_read_has_no_resource_and_what_is_written_has() {
        let group = json!({ "TargetGroupArn": "arn:tg" });
        let needs = of(Service::Elbv2, "DescribeTargetHealth", group).expect("it is listed");
        assert_eq!(needs, [("elasticloadbalancing:DescribeTargetHealth".to_owned(), "*".to_owned())]);
        let rule = json!({ "RuleArn": "arn:rule", "Actions": [{ "TargetGroupArn": "arn:tg" }] });
        let needs = of(Service::Elbv2, "ModifyRule", rule).expect("it is listed");
        assert_eq!(needs, [("elasticloadbalancing:ModifyRule".to_owned(), "arn:rule".to_owned())]);
    }
}
