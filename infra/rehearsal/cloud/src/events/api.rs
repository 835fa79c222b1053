//! EventBridge's API: PutEvents, and looking at rules and switching them.

use super::bus::Events;
use super::input::InputSpec;
use super::pattern::Pattern;
use super::rule::{Rule, Target};
use crate::input::{list, page, required, text, texts, unknown};
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};

/// Entries on a page unless asked otherwise.
const PAGE: usize = 100;

/// The most entries that one PutEvents takes.
const MAX_ENTRIES: usize = 10;

/// The most that the entries of one PutEvents may weigh together.
const MAX_ENTRIES_SIZE: usize = 256 * 1024;
/// What an entry's time weighs, where it has one.
const TIME_SIZE: usize = 14;
/// The most letters of a detail type.
const MAX_DETAIL_TYPE: usize = 128;

const INVALID: &str = "ValidationException";

impl Events {
    /// Answers one call of the service `events`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "PutEvents" => self.put_events(input),
            "ListRules" => {
                let prefix = text(input, "NamePrefix").unwrap_or_default();
                let bus = bus(input);
                let rules: Vec<Value> = (self.inner.rules.lock().values())
                    .filter(|rule| rule.bus == bus && rule.name.starts_with(prefix))
                    .map(describe)
                    .collect();
                paged("Rules", &rules, input)
            }
            "DescribeRule" => self.with_rule(input, "Name", |rule| describe(rule)),
            "EnableRule" => self.with_rule(input, "Name", |rule| {
                rule.enabled = true;
                json!({})
            }),
            "DisableRule" => self.with_rule(input, "Name", |rule| {
                rule.enabled = false;
                json!({})
            }),
            "ListTargetsByRule" => {
                let targets =
                    self.with_rule(input, "Rule", |rule| rule.targets.iter().map(describe_target).collect())?;
                paged("Targets", targets.as_array().map_or(&[], Vec::as_slice), input)
            }
            "TestEventPattern" => test_pattern(input),
            other => Err(unknown(other)),
        }
    }

    fn put_events(&self, input: &Value) -> Result<Value, ApiError> {
        let entries = list(input, "Entries");
        if entries.is_empty() || entries.len() > MAX_ENTRIES {
            let message = format!(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to {MAX_ENTRIES} and greater than or equal to 1"
            );
            return Err(ApiError::new(INVALID, message));
        }
        if entries.iter().map(size_of).sum::<usize>() >= MAX_ENTRIES_SIZE {
            let message = "Total size of the entries in the request is over the limit.";
            return Err(ApiError::new(INVALID, message));
        }
        let mut failed = 0;
        let results: Vec<Value> = entries
            .iter()
            .map(|entry| match self.event_of(entry) {
                Ok(event) => {
                    let id = event["id"].clone();
                    self.publish_on(name_of_bus(text(entry, "EventBusName")), event);
                    json!({ "EventId": id })
                }
                Err((code, message)) => {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            })
            .collect();
        Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
    }

    fn event_of(&self, entry: &Value) -> Result<Value, (&'static str, String)> {
        let member = |name: &str| {
            text(entry, name).ok_or_else(|| {
                (
                    "InvalidArgument",
                    format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
                )
            })
        };
        let (source, detail_type, detail) = (member("Source")?, member("DetailType")?, member("Detail")?);
        if source.starts_with("aws.") {
            return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
        }
        if detail_type.chars().count() > MAX_DETAIL_TYPE {
            let why = format!("DetailType has more than {MAX_DETAIL_TYPE} characters");
            return Err(("InvalidArgument", format!("Parameter DetailType is not valid. Reason: {why}.")));
        }
        let detail: Value = serde_json::from_str(detail)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| ("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let resources: Vec<String> = texts(entry, "Resources").into_iter().map(str::to_owned).collect();
        Ok(self.inner.account.event(source, detail_type, &resources, &detail))
    }

    fn with_rule(
        &self,
        input: &Value,
        member: &str,
        look: impl FnOnce(&mut Rule) -> Value,
    ) -> Result<Value, ApiError> {
        let name = required(input, member, INVALID)?;
        let bus = bus(input);
        let mut rules = self.inner.rules.lock();
        let rule = rules.get_mut(&(bus.to_owned(), name.to_owned())).ok_or_else(|| {
            let message = format!("Rule {name} does not exist on EventBus {bus}.");
            ApiError::new("ResourceNotFoundException", message)
        })?;
        Ok(look(rule))
    }
}

/// What an entry weighs, as the guide of EventBridge has it: its texts in UTF-8, and its time.
fn size_of(entry: &Value) -> usize {
    let said = ["Source", "DetailType", "Detail"].into_iter().filter_map(|name| text(entry, name));
    let time = entry.get("Time").map_or(0, |_| TIME_SIZE);
    said.chain(texts(entry, "Resources")).map(str::len).sum::<usize>() + time
}

fn bus(input: &Value) -> &str {
    name_of_bus(text(input, "EventBusName"))
}

/// A bus may be given by ARN.
fn name_of_bus(bus: Option<&str>) -> &str {
    bus.map_or("default", |bus| bus.rsplit('/').next().unwrap_or("default"))
}

fn describe(rule: &Rule) -> Value {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    set("Name", rule.name.as_str().into());
    set("Arn", rule.arn.as_str().into());
    set("State", if rule.enabled { "ENABLED" } else { "DISABLED" }.into());
    set("EventBusName", rule.bus.as_str().into());
    if let Some(description) = &rule.description {
        set("Description", description.as_str().into());
    }
    if let Some(pattern) = &rule.pattern {
        set("EventPattern", pattern.source().to_string().into());
    }
    if let Some(schedule) = &rule.schedule {
        set("ScheduleExpression", schedule.source().into());
    }
    members.into()
}

fn describe_target(target: &Target) -> Value {
    let mut described = json!({
        "Id": target.id,
        "Arn": target.arn,
        "RetryPolicy": {
            "MaximumRetryAttempts": target.retry.attempts,
            "MaximumEventAgeInSeconds": target.retry.age.as_secs(),
        },
    });
    if let Some(role) = &target.role {
        described["RoleArn"] = role.as_str().into();
    }
    if let Some(queue) = &target.dead_letters {
        described["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    match &target.input {
        InputSpec::Whole => {}
        InputSpec::Constant(value) => described["Input"] = value.to_string().into(),
        InputSpec::Path(path) => described["InputPath"] = path.as_str().into(),
        InputSpec::Transformer { paths, template } => {
            described["InputTransformer"] = json!({ "InputPathsMap": paths, "InputTemplate": template });
        }
    }
    described
}

fn test_pattern(input: &Value) -> Result<Value, ApiError> {
    let parse = |name: &str, code: &str| {
        let given = required(input, name, INVALID)?;
        serde_json::from_str::<Value>(given)
            .map_err(|error| ApiError::new(code, format!("{name} is not valid. Reason: {error}")))
    };
    let pattern = parse("EventPattern", "InvalidEventPatternException")?;
    let event = parse("Event", INVALID)?;
    let pattern =
        Pattern::parse(&pattern).map_err(|why| ApiError::new("InvalidEventPatternException", why))?;
    Ok(json!({ "Result": pattern.matches(&event) }))
}

fn paged(member: &str, all: &[Value], input: &Value) -> Result<Value, ApiError> {
    let size = input.get("Limit").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
    let (items, next) = page(all, text(input, "NextToken"), size.unwrap_or(PAGE), INVALID)?;
    let mut answer = json!({ member: items });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}
