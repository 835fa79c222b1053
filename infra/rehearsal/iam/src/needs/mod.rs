//! What API calls need: the actions, the resources they are about, and the condition keys that come with them, after
//! the Service Authorization Reference. It has every operation that the functions call; another one is `None`, which
//! is refused, so that nothing passes only because nobody thought of it.

mod balancing;
mod ecs;

pub use ecs::{passes, to_pass};

use crate::need::Need;
use rehearsal_wire::{Call, Service};
use serde_json::Value;

/// Where resources are that a call names without their ARNs.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Twelve digits.
    pub account: &'a str,
    /// Such as `us-east-1`.
    pub region: &'a str,
}

impl Place<'_> {
    /// The ARN of a resource, which may be given as such already.
    fn arn(&self, service: &str, prefix: &str, name: &str) -> String {
        if name.starts_with("arn:") {
            return name.to_owned();
        }
        format!("arn:aws:{service}:{}:{}:{prefix}{name}", self.region, self.account)
    }
}

/// What a call needs, all of it; none if that is not known.
#[must_use]
pub fn needs(call: &Call, place: &Place<'_>) -> Option<Vec<Need>> {
    let (operation, input) = (call.operation.as_str(), &call.input);
    match call.service {
        Service::Ecs => ecs::needs(operation, input, place),
        Service::Elbv2 => balancing::needs(operation, input),
        Service::DynamoDb => dynamodb(operation, input, place),
        Service::Ecr => ecr(operation, input, place),
        Service::StepFunctions => states(operation, input),
        Service::Logs => logs(operation, input, place),
        Service::AutoScaling => autoscaling(operation, input),
        Service::Lambda => lambda(operation, input, place),
        Service::Sns => match operation {
            "Publish" => one("sns:Publish", text(input, "TopicArn").or(text(input, "TargetArn"))?),
            _ => None,
        },
        Service::EventBridge if operation == "PutEvents" => Some(events(input, place)),
        // Neither has a resource level for what it is asked here.
        Service::CloudWatch if operation == "GetMetricData" => one("cloudwatch:GetMetricData", "*"),
        Service::CloudWatch if operation == "DescribeAlarms" => Some(alarms(input, place)),
        Service::Ssm if operation == "GetCalendarState" => {
            let arns =
                texts(input, "CalendarNames").into_iter().map(|name| place.arn("ssm", "document/", name));
            Some(arns.map(|arn| Need::new("ssm:GetCalendarState", arn)).collect())
        }
        Service::Tagging if operation == "GetResources" => one("tag:GetResources", "*"),
        // Everyone may ask who they are.
        Service::Sts if operation == "GetCallerIdentity" => Some(Vec::new()),
        _ => None,
    }
}

fn one(action: &str, resource: impl Into<String>) -> Option<Vec<Need>> {
    Some(vec![Need::new(action, resource)])
}

fn dynamodb(operation: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    let known = ["GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan"].contains(&operation);
    let table = place.arn("dynamodb", "table/", text(input, "TableName")?);
    let resource = match text(input, "IndexName") {
        Some(index) => format!("{table}/index/{index}"),
        None => table,
    };
    known.then(|| vec![Need::new(format!("dynamodb:{operation}"), resource)])
}

fn ecr(operation: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    let action = format!("ecr:{operation}");
    let arn = |name: &str| place.arn("ecr", "repository/", name);
    match operation {
        "BatchGetImage" | "DescribeImages" => one(&action, arn(text(input, "repositoryName")?)),
        "DescribeRepositories" => {
            let names = texts(input, "repositoryNames");
            // Without names it is about every one there may be.
            let names = if names.is_empty() { vec!["*"] } else { names };
            Some(names.into_iter().map(|name| Need::new(&action, arn(name))).collect())
        }
        _ => None,
    }
}

fn states(operation: &str, input: &Value) -> Option<Vec<Need>> {
    match operation {
        "StartExecution" => one("states:StartExecution", text(input, "stateMachineArn")?),
        "DescribeExecution" => one("states:DescribeExecution", text(input, "executionArn")?),
        _ => None,
    }
}

fn logs(operation: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    let group = text(input, "logGroupName");
    let group = group.map(|name| place.arn("logs", "log-group:", name)).or_else(|| {
        text(input, "logGroupIdentifier")
            .map(|name| place.arn("logs", "log-group:", name.trim_end_matches(":*")))
    })?;
    match operation {
        "GetLogEvents" => {
            let stream = text(input, "logStreamName")?;
            one("logs:GetLogEvents", format!("{group}:log-stream:{stream}"))
        }
        _ => None,
    }
}

/// Each bus that entries go to, with what they say of themselves.
fn events(input: &Value, place: &Place<'_>) -> Vec<Need> {
    let entries = input.get("Entries").and_then(Value::as_array).into_iter().flatten();
    let need = |entry: &Value| {
        let bus = text(entry, "EventBusName").unwrap_or("default");
        let mut need = Need::new("events:PutEvents", place.arn("events", "event-bus/", bus));
        for (member, key) in [("Source", "events:source"), ("DetailType", "events:detail-type")] {
            if let Some(value) = text(entry, member) {
                need = need.with(key, value);
            }
        }
        need
    };
    entries.map(need).collect()
}

/// A group by its name, or by an instance of it: its ARN has an id that no call knows.
fn autoscaling(operation: &str, input: &Value) -> Option<Vec<Need>> {
    let action = format!("autoscaling:{operation}");
    match operation {
        // No resource level.
        "DescribeAutoScalingGroups" => one(&action, "*"),
        "SetDesiredCapacity" => one(&action, text(input, "AutoScalingGroupName")?),
        "TerminateInstanceInAutoScalingGroup" => one(&action, text(input, "InstanceId")?),
        _ => None,
    }
}

/// Metric alarms by name have a resource level; whoever asks for composite ones, or for whatever there is, needs it for all.
fn alarms(input: &Value, place: &Place<'_>) -> Vec<Need> {
    let (names, types) = (texts(input, "AlarmNames"), texts(input, "AlarmTypes"));
    if names.is_empty() || types.contains(&"CompositeAlarm") {
        return vec![Need::new("cloudwatch:DescribeAlarms", "*")];
    }
    let arns = names.into_iter().map(|name| place.arn("cloudwatch", "alarm:", name));
    arns.map(|arn| Need::new("cloudwatch:DescribeAlarms", arn)).collect()
}

fn lambda(operation: &str, input: &Value, place: &Place<'_>) -> Option<Vec<Need>> {
    match operation {
        "Invoke" => {
            one("lambda:InvokeFunction", place.arn("lambda", "function:", text(input, "FunctionName")?))
        }
        _ => None,
    }
}

/// A text member; empty text counts as none.
fn text<'a>(input: &'a Value, name: &str) -> Option<&'a str> {
    input.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A list member of texts.
fn texts<'a>(input: &'a Value, name: &str) -> Vec<&'a str> {
    input.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    pub(super) fn of(service: Service, operation: &str, input: Value) -> Option<Vec<(String, String)>> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            input,
            access_key: None,
            region: "us-east-1".to_owned(),
            trace: None,
        };
        let place = Place { account: "123456789012", region: "us-east-1" };
        Some(needs(&call, &place)?.into_iter().map(|need| (need.action, need.resource)).collect())
    }

    fn single(service: Service, operation: &str, input: Value) -> String {
        let mut all = of(service, operation, input).expect("it is listed");
        assert_eq!(all.len(), 1);
        let (action, resource) = all.remove(0);
        format!("{action} {resource}")
    }

    #[test]
    fn resources_have_their_arns() {
        let home = "us-east-1:123456789012";
        assert_eq!(
            single(Service::DynamoDb, "PutItem", json!({ "TableName": "ledger" })),
            format!("dynamodb:PutItem arn:aws:dynamodb:{home}:table/ledger")
        );
        assert_eq!(
            single(Service::DynamoDb, "Query", json!({ "TableName": "ledger", "IndexName": "by-time" })),
            format!("dynamodb:Query arn:aws:dynamodb:{home}:table/ledger/index/by-time")
        );
        assert_eq!(
            single(Service::Ecr, "DescribeImages", json!({ "repositoryName": "team/web" })),
            format!("ecr:DescribeImages arn:aws:ecr:{home}:repository/team/web")
        );
        let input = json!({ "logGroupName": "/ecs/web", "logStreamName": "ecs/web/1" });
        assert_eq!(
            single(Service::Logs, "GetLogEvents", input),
            format!("logs:GetLogEvents arn:aws:logs:{home}:log-group:/ecs/web:log-stream:ecs/web/1")
        );
        assert_eq!(
            single(Service::Lambda, "Invoke", json!({ "FunctionName": "f" })),
            format!("lambda:InvokeFunction arn:aws:lambda:{home}:function:f")
        );
        let machine = format!("arn:aws:states:{home}:stateMachine:deploy");
        assert_eq!(
            single(Service::StepFunctions, "StartExecution", json!({ "stateMachineArn": machine })),
            format!("states:StartExecution {machine}")
        );
        assert_eq!(single(Service::Tagging, "GetResources", json!({})), "tag:GetResources *");
        let input = json!({ "AutoScalingGroupName": "workers", "DesiredCapacity": 3 });
        let capacity = single(Service::AutoScaling, "SetDesiredCapacity", input);
        assert_eq!(capacity, "autoscaling:SetDesiredCapacity workers");
        assert_eq!(single(Service::CloudWatch, "GetMetricData", json!({})), "cloudwatch:GetMetricData *");
        let calendar = single(Service::Ssm, "GetCalendarState", json!({ "CalendarNames": ["freezes"] }));
        assert_eq!(calendar, format!("ssm:GetCalendarState arn:aws:ssm:{home}:document/freezes"));
    }

    #[test]
    fn an_event_is_about_its_bus_and_says_where_it_comes_from() {
        let entry = json!({ "Source": "changeover", "DetailType": "Deployment Begun", "Detail": "{}" });
        let bus = "arn:aws:events:us-east-1:123456789012:event-bus/default";
        let told = single(Service::EventBridge, "PutEvents", json!({ "Entries": [entry] }));
        assert_eq!(told, format!("events:PutEvents {bus}"));
        let place = Place { account: "123456789012", region: "us-east-1" };
        let need = &events(&json!({ "Entries": [entry] }), &place)[0];
        let of = |key: &str| need.context.get(key).map(<[String]>::concat);
        assert_eq!(of("events:source").as_deref(), Some("changeover"));
        assert_eq!(of("events:detail-type").as_deref(), Some("Deployment Begun"));
    }

    #[test]
    fn composite_alarms_are_told_only_to_whom_all_may_be_told() {
        let of = |input| single(Service::CloudWatch, "DescribeAlarms", input);
        let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors";
        assert_eq!(of(json!({ "AlarmNames": ["errors"] })), format!("cloudwatch:DescribeAlarms {arn}"));
        for input in
            [json!({}), json!({ "AlarmNames": ["errors"], "AlarmTypes": ["CompositeAlarm", "MetricAlarm"] })]
        {
            assert_eq!(of(input), "cloudwatch:DescribeAlarms *");
        }
    }

    #[test]
    fn a_list_of_repositories_is_about_each() {
        let input = json!({ "repositoryNames": ["web", "api"] });
        assert_eq!(of(Service::Ecr, "DescribeRepositories", input).expect("it is listed").len(), 2);
        let all = of(Service::Ecr, "DescribeRepositories", json!({})).expect("it is listed");
        assert!(all[0].1.ends_with("repository/*"));
    }

    #[test]
    fn who_one_is_needs_nothing_and_what_is_not_listed_is_not_known() {
        assert_eq!(of(Service::Sts, "GetCallerIdentity", json!({})), Some(Vec::new()));
        assert_eq!(of(Service::Ecs, "DeleteCluster", json!({ "cluster": "shop" })), None);
        assert_eq!(of(Service::DynamoDb, "DeleteTable", json!({ "TableName": "ledger" })), None);
        assert_eq!(of(Service::Elbv2, "DeleteRule", json!({ "RuleArn": "arn:x" })), None);
    }
}
