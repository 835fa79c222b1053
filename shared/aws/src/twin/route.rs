//! Both target groups on the routes of the first.

use super::without_nulls;
use crate::Aws;
use crate::elb::{RouteActions, forwarding, with_weights, write};
use aws_sdk_elasticloadbalancingv2::types::{Action, ActionTypeEnum, TargetGroupTuple};
use changeover_domain::StepError;
use changeover_domain::route::{RouteId, WHOLE, Weight};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A route's actions with both groups: the first gets everything, the second nothing. All else is as it was.
fn with_both(actions: &[Action], first: &str, second: &str) -> Vec<Action> {
    let tuple = |arn: &str, weight: Weight| {
        let weight = i32::try_from(weight).unwrap_or_default();
        TargetGroupTuple::builder().target_group_arn(arn).weight(weight).build()
    };
    let both = |action: &Action| {
        if action.r#type() != Some(&ActionTypeEnum::Forward) {
            return action.clone();
        }
        forwarding(action, vec![tuple(first, WHOLE), tuple(second, 0)])
    };
    // Weights as they are keep the secret of a sign-in, which a route never tells.
    with_weights(&actions.iter().map(both).collect::<Vec<_>>(), &BTreeMap::new())
}

/// The actions of a route with both groups, as the AWS CLI takes them; none where it has others that cannot be told whole.
pub fn both_in_words(route: &RouteActions, first: &str, second: &str) -> Option<Value> {
    let [only] = route.actions.as_slice() else { return None };
    let stickiness = only.forward_config().and_then(|one| one.target_group_stickiness_config());
    let stickiness = stickiness.map(|one| {
        without_nulls(json!({ "Enabled": one.enabled(), "DurationSeconds": one.duration_seconds() }))
    });
    Some(json!([without_nulls(json!({
        "Type": "forward",
        "ForwardConfig": without_nulls(json!({
            "TargetGroups": [
                { "TargetGroupArn": first, "Weight": WHOLE },
                { "TargetGroupArn": second, "Weight": 0 },
            ],
            "TargetGroupStickinessConfig": stickiness,
        })),
    }))]))
}

/// Puts the second group on a route, with no weight.
pub async fn add_group(aws: &Aws, route: &RouteActions, first: &str, second: &str) -> Result<(), StepError> {
    write(aws, &route.route.id, with_both(&route.actions, first, second)).await
}

/// How the AWS CLI changes a route: the operation, and the option that names it.
pub fn change_of(id: &RouteId) -> (&'static str, &'static str, &'static str, &str) {
    match id {
        RouteId::Rule(arn) => ("modify-rule", "--rule-arn", "--actions", arn),
        RouteId::DefaultAction(arn) => ("modify-listener", "--listener-arn", "--default-actions", arn),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_group_comes_without_weight_and_a_sign_in_stays() {
        let sign_in = Action::builder().r#type(ActionTypeEnum::AuthenticateCognito).order(1).build();
        let forward =
            Action::builder().r#type(ActionTypeEnum::Forward).order(2).target_group_arn("first").build();
        let written = with_both(&[sign_in.clone(), forward], "first", "second");
        assert_eq!(written[0], sign_in);
        let config = written[1].forward_config().unwrap();
        let weights: Vec<(Option<&str>, Option<i32>)> =
            config.target_groups().iter().map(|one| (one.target_group_arn(), one.weight())).collect();
        assert_eq!(weights, [(Some("first"), Some(100)), (Some("second"), Some(0))]);
        assert_eq!((written[1].order(), written[1].target_group_arn()), (Some(2), None));
    }
}
