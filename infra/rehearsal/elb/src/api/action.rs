//! Actions of rules: forward, by weights, and fixed responses.

use super::{input, refuse};
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Target groups in one forward action.
const GROUPS: usize = 5;
/// The heaviest weight.
const WEIGHT: u32 = 999;
/// The longest stickiness.
const STICKINESS: u32 = 604_800;
/// The longest body of a fixed response.
const BODY: usize = 1_024;
const CONTENT_TYPES: [&str; 5] =
    ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Forward(Forward),
    Fixed(FixedResponse),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forward {
    pub(crate) groups: Vec<Share>,
    /// How long a client stays with its target group, if it does.
    pub(crate) stickiness: Option<Duration>,
    pub(crate) order: Option<u32>,
}

/// A target group's weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) group: String,
    pub(crate) weight: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FixedResponse {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) order: Option<u32>,
}

/// Reads a whole list of actions, of which the rehearsal knows those that end a request.
pub(crate) fn parse(input: &Value, member: &str) -> Result<Vec<Action>, ApiError> {
    match input::list(input, member) {
        [] => Err(refuse::validation("You must specify an action")),
        [action] => Ok(vec![parse_one(action)?]),
        _ => Err(ApiError::new("InvalidLoadBalancerAction", "A rule must have exactly one routing action")),
    }
}

fn parse_one(action: &Value) -> Result<Action, ApiError> {
    let order = input::number(action, "Order", 1..=50_000)?;
    match input::required(action, "Type")? {
        "forward" => parse_forward(action, order).map(Action::Forward),
        "fixed-response" => parse_fixed(action, order).map(Action::Fixed),
        other => Err(ApiError::new(
            "InvalidLoadBalancerAction",
            format!("The action type '{other}' is not offered here; use forward or fixed-response"),
        )),
    }
}

fn parse_forward(action: &Value, order: Option<u32>) -> Result<Forward, ApiError> {
    let config = action.get("ForwardConfig").unwrap_or(&Value::Null);
    let tuples = input::list(config, "TargetGroups");
    let single = input::text(action, "TargetGroupArn");
    let groups = match (tuples, single) {
        ([], None) => return Err(refuse::validation("A target group ARN must be specified")),
        ([], Some(arn)) => vec![Share { group: arn.to_owned(), weight: 1 }],
        (tuples, single) => {
            let groups = shares(tuples)?;
            if single.is_some_and(|arn| groups.len() > 1 || groups[0].group != arn) {
                return Err(ApiError::new(
                    "InvalidLoadBalancerAction",
                    "You cannot specify both TargetGroupArn and ForwardConfig with different target groups",
                ));
            }
            groups
        }
    };
    let sticky = config.get("TargetGroupStickinessConfig").unwrap_or(&Value::Null);
    let seconds = input::number(sticky, "DurationSeconds", 1..=STICKINESS)?;
    let stickiness = match (sticky.get("Enabled").and_then(Value::as_bool), seconds) {
        (Some(true), None) => {
            return Err(refuse::validation(
                "Stickiness duration must be specified when stickiness is enabled",
            ));
        }
        (Some(true), Some(seconds)) => Some(Duration::from_secs(seconds.into())),
        _ => None,
    };
    Ok(Forward { groups, stickiness, order })
}

fn shares(tuples: &[Value]) -> Result<Vec<Share>, ApiError> {
    if tuples.len() > GROUPS {
        return Err(ApiError::new(
            "TooManyTargetGroups",
            format!("A forward action can have at most {GROUPS} target groups"),
        ));
    }
    let mut shares: Vec<Share> = Vec::with_capacity(tuples.len());
    for tuple in tuples {
        let group = input::required(tuple, "TargetGroupArn")?;
        let weight = match input::number(tuple, "Weight", 0..=WEIGHT)? {
            Some(weight) => weight,
            None if tuples.len() == 1 => 1,
            None => return Err(refuse::validation("A weight must be specified for each target group")),
        };
        if shares.iter().any(|share| share.group == group) {
            return Err(refuse::validation(format!("Target group '{group}' is specified more than once")));
        }
        shares.push(Share { group: group.to_owned(), weight });
    }
    Ok(shares)
}

fn parse_fixed(action: &Value, order: Option<u32>) -> Result<FixedResponse, ApiError> {
    let config = action.get("FixedResponseConfig").ok_or_else(|| input::missing("FixedResponseConfig"))?;
    let code = input::required(config, "StatusCode")?;
    let status =
        code.parse::<u16>().ok().filter(|status| matches!(status, 200..=299 | 400..=599)).ok_or_else(
            || {
                refuse::constraint(
                    "StatusCode",
                    code,
                    "Member must satisfy regular expression pattern: ^(2|4|5)\\d\\d$",
                )
            },
        )?;
    let content_type = input::text(config, "ContentType").map(str::to_owned);
    if let Some(kind) = content_type.as_deref().filter(|kind| !CONTENT_TYPES.contains(kind)) {
        return Err(refuse::validation(format!("The content type '{kind}' is not supported")));
    }
    let body = input::text(config, "MessageBody").map(str::to_owned);
    if body.as_ref().is_some_and(|body| body.len() > BODY) {
        return Err(refuse::validation(format!("The message body cannot be longer than {BODY} characters")));
    }
    Ok(FixedResponse { status, content_type, body, order })
}

/// The actions as AWS tells them: a forward to one target group is told in both of its forms.
pub(crate) fn render(actions: &[Action]) -> Value {
    actions
        .iter()
        .map(|action| match action {
            Action::Forward(forward) => render_forward(forward),
            Action::Fixed(fixed) => render_fixed(fixed),
        })
        .collect()
}

fn render_forward(forward: &Forward) -> Value {
    let groups: Vec<Value> = forward
        .groups
        .iter()
        .map(|share| json!({"TargetGroupArn": share.group, "Weight": share.weight}))
        .collect();
    let sticky = match forward.stickiness {
        Some(duration) => json!({"Enabled": true, "DurationSeconds": duration.as_secs()}),
        None => json!({"Enabled": false}),
    };
    let mut told = told("forward", forward.order);
    if let [only] = forward.groups.as_slice() {
        told.insert("TargetGroupArn".to_owned(), json!(only.group));
    }
    told.insert(
        "ForwardConfig".to_owned(),
        json!({"TargetGroups": groups, "TargetGroupStickinessConfig": sticky}),
    );
    Value::Object(told)
}

fn render_fixed(fixed: &FixedResponse) -> Value {
    let mut config = Map::new();
    config.insert("StatusCode".to_owned(), json!(fixed.status.to_string()));
    if let Some(kind) = &fixed.content_type {
        config.insert("ContentType".to_owned(), json!(kind));
    }
    if let Some(body) = &fixed.body {
        config.insert("MessageBody".to_owned(), json!(body));
    }
    let mut told = told("fixed-response", fixed.order);
    told.insert("FixedResponseConfig".to_owned(), Value::Object(config));
    Value::Object(told)
}

fn told(kind: &str, order: Option<u32>) -> Map<String, Value> {
    let mut told = Map::new();
    told.insert("Type".to_owned(), json!(kind));
    if let Some(order) = order {
        told.insert("Order".to_owned(), json!(order));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(actions: &Value) -> Result<Value, ApiError> {
        parse(&json!({"Actions": actions}), "Actions").map(|actions| render(&actions))
    }

    #[test]
    fn one_group_is_told_in_both_forms_and_that_can_be_sent_back() {
        let told = again(&json!([{"Type": "forward", "TargetGroupArn": "a"}])).expect("an action");
        let whole = json!([{"Type": "forward", "TargetGroupArn": "a", "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": "a", "Weight": 1}],
            "TargetGroupStickinessConfig": {"Enabled": false}}}]);
        assert_eq!(told, whole);
        assert_eq!(again(&whole).expect("an action"), whole);
    }

    #[test]
    fn several_groups_are_told_in_the_long_form_only() {
        let config = json!({"TargetGroups": [{"TargetGroupArn": "a", "Weight": 0}, {"TargetGroupArn": "b", "Weight": 999}],
            "TargetGroupStickinessConfig": {"Enabled": true, "DurationSeconds": 60}});
        let whole = json!([{"Type": "forward", "Order": 1, "ForwardConfig": config}]);
        assert_eq!(again(&whole).expect("an action"), whole);
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let forward = |groups: Value| json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]);
        let tuple = |arn: &str, weight: i64| json!({"TargetGroupArn": arn, "Weight": weight});
        let many: Vec<Value> = (0..6).map(|index| tuple(&index.to_string(), 1)).collect();
        let refused = [
            (json!([]), "ValidationError"),
            (forward(json!(many)), "TooManyTargetGroups"),
            (forward(json!([tuple("a", 1_000)])), "ValidationError"),
            (forward(json!([tuple("a", -1)])), "ValidationError"),
            (forward(json!([tuple("a", 1), tuple("a", 2)])), "ValidationError"),
            (forward(json!([{"TargetGroupArn": "a"}, tuple("b", 1)])), "ValidationError"),
            (json!([{"Type": "forward"}]), "ValidationError"),
            (json!([{"Type": "redirect"}]), "InvalidLoadBalancerAction"),
            (
                json!([{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "302"}}]),
                "ValidationError",
            ),
        ];
        for (actions, code) in refused {
            assert_eq!(again(&actions).expect_err("refused").code, code, "{actions}");
        }
    }
}
