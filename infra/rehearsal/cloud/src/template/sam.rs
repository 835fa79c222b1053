//! What SAM makes of a template before CloudFormation sees it: globals merged into resources, events as
//! rules and schedules of their own, roles where none is given. Pure.

use super::kind::Kind;
use super::mistake::Mistakes;
use super::yaml::under;
use serde_json::{Map, Value, json};

/// The transform that makes `AWS::Serverless::…` mean something.
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// What SAM lets the functions do for which it makes a role, and those that are traced.
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
const TRACED: &str = "arn:aws:iam::aws:policy/AWSXrayWriteOnlyAccess";

/// What `ScheduleV2` hands on as it is.
const SCHEDULE: [&str; 9] = [
    "ScheduleExpression",
    "ScheduleExpressionTimezone",
    "Name",
    "GroupName",
    "Description",
    "State",
    "FlexibleTimeWindow",
    "StartDate",
    "EndDate",
];

/// Rewrites `Resources` as SAM would.
pub(super) fn transform(document: &mut Map<String, Value>, mistakes: &Mistakes) {
    let transforms = document.get("Transform").cloned().unwrap_or_default();
    let has_sam = transforms == TRANSFORM
        || transforms.as_array().is_some_and(|all| all.iter().any(|one| one == TRANSFORM));
    if !has_sam {
        mistakes.add("Transform", format!("is not {TRANSFORM}"));
    }
    let globals = document.get("Globals").cloned().unwrap_or_default();
    let Some(resources) = document.get_mut("Resources").and_then(Value::as_object_mut) else {
        mistakes.add("Resources", "are missing");
        return;
    };
    let mut made = Vec::new();
    for (id, resource) in resources.iter_mut() {
        let kind = resource.get("Type").and_then(Value::as_str).and_then(Kind::of);
        let Some(section) = kind.and_then(Kind::globals) else { continue };
        if let Some(general) = globals.get(section) {
            let own = resource.get("Properties").cloned().unwrap_or_else(|| json!({}));
            resource["Properties"] = merge(general.clone(), own);
        }
        let owner =
            Owner { id, kind: kind.unwrap_or(Kind::Opaque), condition: resource.get("Condition").cloned() };
        let at = under(&under("Resources", id), "Properties");
        if let Some(properties) = resource.get_mut("Properties").and_then(Value::as_object_mut) {
            made.extend(owner.role(properties));
            let events = properties.remove("Events");
            for (name, event) in events.as_ref().and_then(Value::as_object).into_iter().flatten() {
                made.extend(owner.event(name, event, &under(&under(&at, "Events"), name), mistakes));
            }
        }
    }
    for (id, resource) in made {
        if resources.insert(id.clone(), resource).is_some() {
            mistakes.add(&under("Resources", &id), "has the name of something that SAM makes");
        }
    }
}

/// Maps are merged, lists joined with the general part first, everything else is the resource's own.
fn merge(general: Value, own: Value) -> Value {
    match (general, own) {
        (Value::Object(mut general), Value::Object(own)) if !is_function(&general) && !is_function(&own) => {
            for (name, value) in own {
                let merged = match general.remove(&name) {
                    Some(of_general) => merge(of_general, value),
                    None => value,
                };
                general.insert(name, merged);
            }
            Value::Object(general)
        }
        (Value::Array(mut general), Value::Array(own)) => {
            general.extend(own);
            Value::Array(general)
        }
        (_, own) => own,
    }
}

fn is_function(members: &Map<String, Value>) -> bool {
    members.len() == 1 && members.keys().all(|name| name == "Ref" || name.starts_with("Fn::"))
}

/// The function or state machine that something is made for.
struct Owner<'a> {
    id: &'a str,
    kind: Kind,
    condition: Option<Value>,
}

impl Owner<'_> {
    fn resource(&self, of_type: &str, properties: Value) -> Value {
        let mut resource = json!({ "Type": of_type, "Properties": properties });
        if let Some(condition) = &self.condition {
            resource["Condition"] = condition.clone();
        }
        resource
    }

    fn arn(&self) -> Value {
        json!({ "Fn::GetAtt": [self.id, "Arn"] })
    }

    /// The role that SAM makes where none is given, with the statements of `Policies`.
    fn role(&self, properties: &mut Map<String, Value>) -> Option<(String, Value)> {
        if properties.contains_key("Role") {
            return None;
        }
        let id = format!("{}Role", self.id);
        properties.insert("Role".to_owned(), json!({ "Fn::GetAtt": [id, "Arn"] }));
        let given = match properties.get("Policies") {
            Some(Value::Array(all)) => all.clone(),
            Some(one) => vec![one.clone()],
            None => Vec::new(),
        };
        let documents = given.iter().filter(|policy| policy.get("Statement").is_some()).enumerate();
        let inline: Vec<Value> = documents
            .map(
                |(n, document)| json!({ "PolicyName": format!("{id}Policy{n}"), "PolicyDocument": document }),
            )
            .collect();
        let mut managed: Vec<Value> = given.into_iter().filter(Value::is_string).collect();
        let is_function = self.kind == Kind::Function;
        if is_function {
            managed.insert(0, BASIC.into());
        }
        if is_function && properties.get("Tracing").is_some_and(|mode| mode == "Active") {
            managed.push(TRACED.into());
        }
        let service = if is_function { "lambda" } else { "states" };
        let role = json!({
            "AssumeRolePolicyDocument": trust(service),
            "Policies": inline,
            "ManagedPolicyArns": managed,
        });
        Some((id, self.resource("AWS::IAM::Role", role)))
    }

    fn event(&self, name: &str, event: &Value, at: &str, mistakes: &Mistakes) -> Vec<(String, Value)> {
        let id = format!("{}{name}", self.id);
        let given = event.get("Properties").cloned().unwrap_or_else(|| json!({}));
        let of_type = event.get("Type").and_then(Value::as_str).unwrap_or_default();
        let mut made = Vec::new();
        let target = self.target(&id, of_type, &given, &mut made);
        let (of_type, properties) = match of_type {
            "EventBridgeRule" | "CloudWatchEvent" => {
                let mut rule = copies(&given, &["EventBusName", "State"]);
                copy(&given, "Pattern", &mut rule, "EventPattern");
                copy(&given, "RuleName", &mut rule, "Name");
                ("AWS::Events::Rule", self.rule(rule, target, &given))
            }
            "Schedule" => {
                let mut rule = copies(&given, &["Name", "Description", "State"]);
                copy(&given, "Schedule", &mut rule, "ScheduleExpression");
                if given.get("Enabled") == Some(&Value::Bool(false)) {
                    rule.insert("State".to_owned(), "DISABLED".into());
                }
                ("AWS::Events::Rule", self.rule(rule, target, &given))
            }
            "ScheduleV2" => {
                let mut schedule = copies(&given, &SCHEDULE);
                schedule.entry("Name").or_insert_with(|| id.as_str().into());
                schedule.entry("FlexibleTimeWindow").or_insert_with(|| json!({ "Mode": "OFF" }));
                schedule.insert("Target".to_owned(), Value::Object(target));
                ("AWS::Scheduler::Schedule", schedule)
            }
            other => {
                mistakes.add(at, format!("is of type {other}, which the rehearsal does not know"));
                return Vec::new();
            }
        };
        if of_type == "AWS::Events::Rule" && self.kind == Kind::Function {
            made.push((format!("{id}Permission"), self.permission(&id)));
        }
        made.push((id, self.resource(of_type, Value::Object(properties))));
        made
    }

    /// What lets a rule invoke the function.
    fn permission(&self, rule: &str) -> Value {
        let properties = json!({
            "Action": "lambda:InvokeFunction", "FunctionName": { "Ref": self.id },
            "Principal": "events.amazonaws.com", "SourceArn": { "Fn::GetAtt": [rule, "Arn"] },
        });
        self.resource("AWS::Lambda::Permission", properties)
    }

    /// The target of an event's rule or schedule, and what has to be made for it.
    fn target(
        &self,
        event: &str,
        of_type: &str,
        given: &Value,
        made: &mut Vec<(String, Value)>,
    ) -> Map<String, Value> {
        let mut target = copies(given, &["Input", "InputPath", "InputTransformer", "RetryPolicy"]);
        target.insert("Arn".to_owned(), self.arn());
        if let Some(dead_letters) = given.get("DeadLetterConfig") {
            target.insert("DeadLetterConfig".to_owned(), self.dead_letters(event, dead_letters, made));
        }
        let scheduled = of_type == "ScheduleV2";
        if self.kind == Kind::StateMachine || scheduled {
            let role = given.get("RoleArn").cloned();
            let role = role.unwrap_or_else(|| self.target_role(event, scheduled, made));
            target.insert("RoleArn".to_owned(), role);
        }
        target
    }

    fn rule(
        &self,
        mut rule: Map<String, Value>,
        mut target: Map<String, Value>,
        given: &Value,
    ) -> Map<String, Value> {
        let what = if self.kind == Kind::Function { "LambdaTarget" } else { "StepFunctionsTarget" };
        let id = given.pointer("/Target/Id").cloned().unwrap_or_else(|| format!("{}{what}", self.id).into());
        target.insert("Id".to_owned(), id);
        rule.insert("Targets".to_owned(), json!([target]));
        rule
    }

    fn dead_letters(&self, event: &str, given: &Value, made: &mut Vec<(String, Value)>) -> Value {
        if given.get("Type").is_none() {
            return given.clone();
        }
        let queue = given.get("QueueLogicalId").and_then(Value::as_str);
        let queue = queue.map_or_else(|| format!("{event}Queue"), str::to_owned);
        made.push((queue.clone(), self.resource("AWS::SQS::Queue", json!({}))));
        json!({ "Arn": { "Fn::GetAtt": [queue, "Arn"] } })
    }

    fn target_role(&self, event: &str, scheduled: bool, made: &mut Vec<(String, Value)>) -> Value {
        let action =
            if self.kind == Kind::Function { "lambda:InvokeFunction" } else { "states:StartExecution" };
        let id = format!("{event}Role");
        let statement = json!({ "Effect": "Allow", "Action": action, "Resource": self.arn() });
        let role = json!({
            "AssumeRolePolicyDocument": trust(if scheduled { "scheduler" } else { "events" }),
            "Policies": [{
                "PolicyName": format!("{id}StartExecutionPolicy"),
                "PolicyDocument": { "Version": "2012-10-17", "Statement": [statement] },
            }],
        });
        made.push((id.clone(), self.resource("AWS::IAM::Role", role)));
        json!({ "Fn::GetAtt": [id, "Arn"] })
    }
}

fn copies(from: &Value, names: &[&str]) -> Map<String, Value> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), from.get(name)?.clone()))).collect()
}

fn copy(from: &Value, name: &str, to: &mut Map<String, Value>, as_name: &str) {
    if let Some(value) = from.get(name) {
        to.insert(as_name.to_owned(), value.clone());
    }
}

fn trust(service: &str) -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Action": ["sts:AssumeRole"],
            "Principal": { "Service": [format!("{service}.amazonaws.com")] },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globals_are_merged_as_sam_does() {
        let general = json!({ "Timeout": 10, "Environment": { "Variables": { "A": "1", "B": "1" } }, "Layers": ["a"], "Role": { "Ref": "X" } });
        let own = json!({ "Timeout": 20, "Environment": { "Variables": { "B": "2" } }, "Layers": ["b"], "Role": { "Fn::Sub": "y" } });
        assert_eq!(
            merge(general, own),
            json!({ "Timeout": 20, "Environment": { "Variables": { "A": "1", "B": "2" } }, "Layers": ["a", "b"], "Role": { "Fn::Sub": "y" } })
        );
    }

    #[test]
    fn a_template_without_the_transform_is_a_mistake() {
        let mistakes = Mistakes::default();
        transform(json!({ "Resources": {} }).as_object_mut().unwrap(), &mistakes);
        assert_eq!(mistakes.all(), ["Transform: is not AWS::Serverless-2016-10-31"]);
    }
}
