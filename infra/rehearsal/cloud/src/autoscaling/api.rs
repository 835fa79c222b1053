//! The calls of EC2 Auto Scaling.

use super::AutoScaling;
use super::group::Group;
use crate::account::epoch;
use crate::input::{list, page, required, text, texts, unknown};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// Groups on a page unless asked otherwise.
const PAGE: usize = 50;

const INVALID: &str = "ValidationError";

impl AutoScaling {
    /// Answers one call of the service `autoscaling`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "DescribeAutoScalingGroups" => self.describe(input),
            "SetDesiredCapacity" => self.set_desired(input),
            "TerminateInstanceInAutoScalingGroup" => self.terminate(input),
            "UpdateAutoScalingGroup" => self.update(input),
            "CreateOrUpdateTags" => self.tag(input, true),
            "DeleteTags" => self.tag(input, false),
            other => Err(unknown(other)),
        }
    }

    fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        let names = texts(input, "AutoScalingGroupNames");
        let passes = |group: &&Group| {
            let named = names.is_empty() || names.contains(&group.setting.name.as_str());
            named
                && list(input, "Filters").iter().all(|filter| {
                    group.passes(text(filter, "Name").unwrap_or_default(), &texts(filter, "Values"))
                })
        };
        let groups = self.inner.groups.lock();
        let all: Vec<Value> =
            groups.values().filter(passes).map(|group| group.json(&self.inner.account)).collect();
        let size = number(input, "MaxRecords").and_then(|size| usize::try_from(size).ok()).unwrap_or(PAGE);
        let (items, next) = page(&all, text(input, "NextToken"), size, "InvalidNextToken")?;
        let mut answer = json!({ "AutoScalingGroups": items });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }

    fn set_desired(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "AutoScalingGroupName", INVALID)?;
        let wanted = number(input, "DesiredCapacity").unwrap_or(0);
        self.change(name, |group| {
            let (least, most) = (group.setting.least, group.setting.most);
            let (than, bound) = match wanted {
                wanted if wanted > most => ("above max", most),
                wanted if wanted < least => ("below min", least),
                _ => {
                    group.setting.desired = wanted;
                    return Ok(());
                }
            };
            let message = format!(
                "New SetDesiredCapacity value {wanted} is {than} value {bound} for the AutoScalingGroup."
            );
            Err(ApiError::new(INVALID, message))
        })?;
        Ok(json!({}))
    }

    fn update(&self, input: &Value) -> Result<Value, ApiError> {
        let name = required(input, "AutoScalingGroupName", INVALID)?;
        self.change(name, |group| {
            let mut setting = group.setting.clone();
            let given = |member: &str, before: u32| number(input, member).unwrap_or(before);
            setting.least = given("MinSize", setting.least);
            setting.most = given("MaxSize", setting.most);
            let desired = setting.desired.clamp(setting.least, setting.most.max(setting.least));
            setting.desired = given("DesiredCapacity", desired);
            if !(setting.least..=setting.most).contains(&setting.desired) {
                let message = format!(
                    "Desired capacity:{} must be between the specified min size:{} and max size:{}",
                    setting.desired, setting.least, setting.most
                );
                return Err(ApiError::new(INVALID, message));
            }
            group.setting = setting;
            Ok(())
        })?;
        Ok(json!({}))
    }

    /// Sets tags of groups, or takes them away.
    fn tag(&self, input: &Value, keeps: bool) -> Result<Value, ApiError> {
        for tag in list(input, "Tags") {
            let group = required(tag, "ResourceId", INVALID)?;
            let key = required(tag, "Key", INVALID)?.to_owned();
            let value = text(tag, "Value").unwrap_or_default().to_owned();
            self.change(group, |group| {
                group.setting.tags.remove(&key);
                if keeps {
                    group.setting.tags.insert(key, value);
                }
                Ok(())
            })?;
        }
        Ok(json!({}))
    }

    fn terminate(&self, input: &Value) -> Result<Value, ApiError> {
        let ec2 = required(input, "InstanceId", INVALID)?;
        let is_smaller =
            input.get("ShouldDecrementDesiredCapacity").and_then(Value::as_bool).unwrap_or(false);
        let name = self.group_of(ec2).ok_or_else(|| {
            let message = format!("Instance Id not found - No managed instance found for instance ID {ec2}");
            ApiError::new(INVALID, message)
        })?;
        self.change(&name, |group| {
            if is_smaller && group.setting.desired <= group.setting.least {
                let least = group.setting.least;
                let message = format!(
                    "Currently, desiredSize equals minSize ({least}). Terminating instance without replacement will violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower group's min size."
                );
                return Err(ApiError::new(INVALID, message));
            }
            group.setting.desired -= u32::from(is_smaller);
            let gone = group.instances.iter().position(|instance| instance.ec2 == ec2);
            let gone = gone.map(|at| group.instances.remove(at));
            self.inner.end(&name, gone.as_slice());
            Ok(())
        })?;
        Ok(json!({ "Activity": {
            "ActivityId": rehearsal_world::uuid().to_string(), "AutoScalingGroupName": name,
            "Description": format!("Terminating EC2 instance: {ec2}"), "Cause": "a user request",
            "StartTime": epoch(rehearsal_world::now()), "StatusCode": "InProgress", "Progress": 0,
        } }))
    }
}

fn number(input: &Value, name: &str) -> Option<u32> {
    input.get(name).and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok())
}
