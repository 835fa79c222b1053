//! Application Auto Scaling: scalable targets, registered and told. Nothing scales by itself here.

use crate::account::{Account, epoch};
use crate::input::{list, page, required, text, texts, unknown};
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Targets on a page unless asked otherwise.
const PAGE: usize = 50;

const INVALID: &str = "ValidationException";

/// The scalable targets by namespace, resource and dimension. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Scaling {
    account: Account,
    targets: Arc<Mutex<BTreeMap<Key, Value>>>,
}

/// Namespace, resource, dimension.
type Key = (String, String, String);

impl Scaling {
    /// Without scalable targets.
    #[must_use]
    pub fn new(account: Account) -> Self {
        Self { account, targets: Arc::default() }
    }

    /// Answers one call of the service `application-autoscaling`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "RegisterScalableTarget" => self.register(input),
            "DescribeScalableTargets" => self.describe(input),
            other => Err(unknown(other)),
        }
    }

    fn register(&self, input: &Value) -> Result<Value, ApiError> {
        let [namespace, resource, dimension] = ["ServiceNamespace", "ResourceId", "ScalableDimension"]
            .map(|name| required(input, name, INVALID).map(str::to_owned));
        let key = (namespace?, resource?, dimension?);
        let mut targets = self.targets.lock();
        let target = match targets.get(&key) {
            Some(target) => target.clone(),
            None => self.create(&key, input, targets.len())?,
        };
        let target = update(target, input);
        if target["MinCapacity"].as_u64() > target["MaxCapacity"].as_u64() {
            return Err(ApiError::new(INVALID, "Maximum capacity cannot be less than minimum capacity"));
        }
        let arn = target["ScalableTargetARN"].clone();
        targets.insert(key, target);
        Ok(json!({ "ScalableTargetARN": arn }))
    }

    fn create(
        &self,
        (namespace, resource, dimension): &Key,
        input: &Value,
        number: usize,
    ) -> Result<Value, ApiError> {
        if input.get("MinCapacity").is_none() || input.get("MaxCapacity").is_none() {
            let message = "MinCapacity and MaxCapacity are required when registering a new scalable target";
            return Err(ApiError::new(INVALID, message));
        }
        let role = "role/aws-service-role/ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService";
        Ok(json!({
            "ServiceNamespace": namespace, "ResourceId": resource, "ScalableDimension": dimension,
            "RoleARN": self.account.global_arn("iam", role),
            "CreationTime": epoch(rehearsal_world::now()),
            "ScalableTargetARN":
                self.account.arn("application-autoscaling", &format!("scalable-target/{number:012}")),
            "SuspendedState": {
                "DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false,
                "ScheduledScalingSuspended": false,
            },
        }))
    }

    fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        let namespace = required(input, "ServiceNamespace", INVALID)?;
        let resources = texts(input, "ResourceIds");
        let dimension = text(input, "ScalableDimension");
        let found: Vec<Value> = (self.targets.lock().iter())
            .filter(|((of, resource, on), _)| {
                of == namespace
                    && (list(input, "ResourceIds").is_empty() || resources.contains(&resource.as_str()))
                    && dimension.is_none_or(|wanted| wanted == on)
            })
            .map(|(_, target)| target.clone())
            .collect();
        let size =
            input.get("MaxResults").and_then(Value::as_u64).and_then(|size| usize::try_from(size).ok());
        let token = text(input, "NextToken");
        let (items, next) = page(&found, token, size.unwrap_or(PAGE), "InvalidNextTokenException")?;
        let mut answer = json!({ "ScalableTargets": items });
        if let Some(next) = next {
            answer["NextToken"] = next.into();
        }
        Ok(answer)
    }
}

/// What is not given stays as it is.
fn update(mut target: Value, input: &Value) -> Value {
    for member in ["MinCapacity", "MaxCapacity"] {
        if let Some(value) = input.get(member) {
            target[member] = value.clone();
        }
    }
    for (name, value) in input.get("SuspendedState").and_then(Value::as_object).into_iter().flatten() {
        target["SuspendedState"][name.as_str()] = value.clone();
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_registered_suspended_and_told() {
        let scaling = Scaling::new(Account::default());
        let mut input = json!({
            "ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount",
        });
        let error = scaling.call("RegisterScalableTarget", &input).unwrap_err();
        assert!(error.message.contains("MinCapacity and MaxCapacity are required"));
        input["MinCapacity"] = 2.into();
        input["MaxCapacity"] = 1.into();
        assert!(scaling.call("RegisterScalableTarget", &input).is_err());
        input["MaxCapacity"] = 8.into();
        scaling.call("RegisterScalableTarget", &input).unwrap();
        let suspend = json!({
            "ServiceNamespace": "ecs", "ResourceId": "service/shop/web", "ScalableDimension": "ecs:service:DesiredCount",
            "SuspendedState": { "DynamicScalingInSuspended": true },
        });
        scaling.call("RegisterScalableTarget", &suspend).unwrap();
        let filter = json!({ "ServiceNamespace": "ecs", "ResourceIds": ["service/shop/web"] });
        let told = scaling.call("DescribeScalableTargets", &filter).unwrap();
        let target = &told["ScalableTargets"][0];
        assert_eq!((&target["MinCapacity"], &target["MaxCapacity"]), (&json!(2), &json!(8)));
        assert_eq!(target["SuspendedState"]["DynamicScalingInSuspended"], true);
        assert_eq!(target["SuspendedState"]["ScheduledScalingSuspended"], false);
        let other = json!({ "ServiceNamespace": "ecs", "ResourceIds": ["service/shop/api"] });
        assert_eq!(scaling.call("DescribeScalableTargets", &other).unwrap()["ScalableTargets"], json!([]));
    }
}
