//! Scheduler's API: ListSchedules, GetSchedule, CreateSchedule, DeleteSchedule.

use super::Scheduler;
use super::schedule::{Schedule, ScheduleTarget, key};
use crate::account::epoch;
use crate::events::Retry;
use crate::events::schedule::Expression;
use crate::input::{page, required, text, unknown};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::time::Duration;

/// Entries on a page unless asked otherwise.
const PAGE: usize = 100;

const INVALID: &str = "ValidationException";

impl Scheduler {
    /// Answers one call of the service `scheduler`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "ListSchedules" => self.list(input),
            "GetSchedule" => {
                let (group, name) = address(input)?;
                let schedules = self.inner.schedules.lock();
                schedules.get(&key(group, name)).map(describe).ok_or_else(|| not_there(name))
            }
            "CreateSchedule" => self.create(input),
            "UpdateSchedule" => self.update(input),
            "DeleteSchedule" => {
                let (group, name) = address(input)?;
                let key = key(group, name);
                self.inner.schedules.lock().remove(&key).ok_or_else(|| not_there(name))?;
                self.inner.ticker.remove(&key);
                Ok(json!({}))
            }
            other => Err(unknown(other)),
        }
    }

    fn list(&self, input: &Value) -> Result<Value, ApiError> {
        let group = text(input, "GroupName");
        let prefix = text(input, "NamePrefix").unwrap_or_default();
        let state = text(input, "State");
        let all: Vec<Value> = (self.inner.schedules.lock().values())
            .filter(|one| group.is_none_or(|group| one.group == group) && one.name.starts_with(prefix))
            .filter(|one| state.is_none_or(|wanted| wanted == state_of(one)))
            .map(|one| {
                json!({
                    "Arn": one.arn, "Name": one.name, "GroupName": one.group, "State": state_of(one),
                    "CreationDate": epoch(one.created), "LastModificationDate": epoch(one.created),
                    "Target": { "Arn": one.target.arn },
                })
            })
            .collect();
        let size =
            input.get("MaxResults").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let (items, next) = page(&all, text(input, "NextToken"), size.unwrap_or(PAGE), INVALID)?;
        let mut answer = json!({ "Schedules": items });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    fn create(&self, input: &Value) -> Result<Value, ApiError> {
        let (group, name) = address(input)?;
        if self.inner.schedules.lock().contains_key(&key(group, name)) {
            let error = ApiError::new("ConflictException", format!("Schedule {name} already exists."));
            return Err(error.with_status(409));
        }
        self.write(input, rehearsal_world::now())
    }

    /// As in AWS, what is not given is not kept.
    fn update(&self, input: &Value) -> Result<Value, ApiError> {
        let (group, name) = address(input)?;
        let created = self.inner.schedules.lock().get(&key(group, name)).map(|there| there.created);
        self.write(input, created.ok_or_else(|| not_there(name))?)
    }

    fn write(&self, input: &Value, created: jiff::Timestamp) -> Result<Value, ApiError> {
        let (group, name) = address(input)?;
        if text(input, "ScheduleExpressionTimezone").is_some_and(|zone| zone != "UTC") {
            return Err(ApiError::new(INVALID, "The rehearsal keeps its schedules in UTC."));
        }
        let expression = Expression::parse(required(input, "ScheduleExpression", INVALID)?)
            .map_err(|why| ApiError::new(INVALID, why))?;
        let target = input.get("Target").unwrap_or(&Value::Null);
        let arn = self.inner.account.arn("scheduler", &format!("schedule/{group}/{name}"));
        self.put(Schedule {
            name: name.to_owned(),
            group: group.to_owned(),
            arn: arn.clone(),
            description: text(input, "Description").map(str::to_owned),
            expression,
            enabled: text(input, "State") != Some("DISABLED"),
            target: ScheduleTarget {
                arn: required(target, "Arn", INVALID)?.to_owned(),
                role: text(target, "RoleArn").map(str::to_owned),
                input: text(target, "Input").map(str::to_owned),
                retry: retry(target),
                dead_letters: target
                    .pointer("/DeadLetterConfig/Arn")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            },
            created,
            delete_after: text(input, "ActionAfterCompletion") == Some("DELETE"),
        });
        Ok(json!({ "ScheduleArn": arn }))
    }
}

fn address(input: &Value) -> Result<(&str, &str), ApiError> {
    Ok((text(input, "GroupName").unwrap_or("default"), required(input, "Name", INVALID)?))
}

fn not_there(name: &str) -> ApiError {
    ApiError::new("ResourceNotFoundException", format!("Schedule {name} does not exist.")).with_status(404)
}

fn retry(target: &Value) -> Retry {
    let given = |member: &str| target.pointer(&format!("/RetryPolicy/{member}")).and_then(Value::as_u64);
    let standard = Retry::default();
    Retry {
        attempts: given("MaximumRetryAttempts")
            .and_then(|n| u32::try_from(n).ok())
            .unwrap_or(standard.attempts),
        age: given("MaximumEventAgeInSeconds").map_or(standard.age, Duration::from_secs),
    }
}

fn state_of(schedule: &Schedule) -> &'static str {
    if schedule.enabled { "ENABLED" } else { "DISABLED" }
}

fn describe(schedule: &Schedule) -> Value {
    let target = &schedule.target;
    let mut described = json!({
        "Arn": schedule.arn,
        "Name": schedule.name,
        "GroupName": schedule.group,
        "ScheduleExpression": schedule.expression.source(),
        "ScheduleExpressionTimezone": "UTC",
        "State": state_of(schedule),
        "CreationDate": epoch(schedule.created),
        "LastModificationDate": epoch(schedule.created),
        "FlexibleTimeWindow": { "Mode": "OFF" },
        "ActionAfterCompletion": if schedule.delete_after { "DELETE" } else { "NONE" },
        "Target": {
            "Arn": target.arn,
            "RetryPolicy": {
                "MaximumRetryAttempts": target.retry.attempts,
                "MaximumEventAgeInSeconds": target.retry.age.as_secs(),
            },
        },
    });
    if let Some(description) = &schedule.description {
        described["Description"] = description.as_str().into();
    }
    for (member, value) in [("RoleArn", &target.role), ("Input", &target.input)] {
        if let Some(value) = value {
            described["Target"][member] = value.as_str().into();
        }
    }
    if let Some(queue) = &target.dead_letters {
        described["Target"]["DeadLetterConfig"] = json!({ "Arn": queue });
    }
    described
}
