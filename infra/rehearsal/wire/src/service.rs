//! The services the rehearsal answers for. Owns: their names and their embedded models.

use std::fmt;
use std::sync::OnceLock;

use crate::model::Model;

/// An AWS service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Service {
    /// Elastic Container Service.
    Ecs,
    /// Elastic Load Balancing v2.
    Elbv2,
    /// Step Functions.
    StepFunctions,
    /// DynamoDB.
    DynamoDb,
    /// Elastic Container Registry.
    Ecr,
    /// EventBridge.
    EventBridge,
    /// EventBridge Scheduler.
    Scheduler,
    /// CloudWatch metrics and alarms.
    CloudWatch,
    /// Resource Groups Tagging API.
    Tagging,
    /// Lambda.
    Lambda,
    /// Simple Notification Service.
    Sns,
    /// Application Auto Scaling.
    ApplicationAutoScaling,
    /// EC2 Auto Scaling.
    AutoScaling,
    /// Security Token Service.
    Sts,
    /// CloudWatch Logs.
    Logs,
    /// CloudFormation.
    CloudFormation,
    /// Systems Manager: change calendars.
    Ssm,
}

/// The embedded text of a model.
macro_rules! model_text {
    ($name:literal) => {
        include_str!(concat!("../models/", $name, ".json"))
    };
}

static MODELS: [OnceLock<Model>; Service::ALL.len()] = [const { OnceLock::new() }; Service::ALL.len()];

impl Service {
    /// Every service, in the order of the enum.
    pub const ALL: [Self; 17] = [
        Self::Ecs,
        Self::Elbv2,
        Self::StepFunctions,
        Self::DynamoDb,
        Self::Ecr,
        Self::EventBridge,
        Self::Scheduler,
        Self::CloudWatch,
        Self::Tagging,
        Self::Lambda,
        Self::Sns,
        Self::ApplicationAutoScaling,
        Self::AutoScaling,
        Self::Sts,
        Self::Logs,
        Self::CloudFormation,
        Self::Ssm,
    ];

    /// The name of boto3 and the AWS CLI, such as `elbv2` or `stepfunctions`.
    pub fn name(self) -> &'static str {
        self.row().0
    }

    /// The name in a signature's credential scope, such as `elasticloadbalancing` or `states`.
    pub fn signing_name(self) -> &'static str {
        self.row().1
    }

    /// The service a credential scope means.
    pub fn from_signing_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.signing_name() == name)
    }

    /// The operations that can be decoded, by AWS's names, sorted.
    pub fn operations(self) -> impl Iterator<Item = &'static str> {
        self.model().operations.keys().map(String::as_str)
    }

    /// The service whose JSON and CBOR requests carry this prefix, such as `DynamoDB_20120810`.
    pub(crate) fn from_target_prefix(prefix: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.model().metadata.target_prefix.as_deref() == Some(prefix))
    }

    /// The model, parsed when it is first asked for. The text is compiled in and a test parses all of it.
    pub(crate) fn model(self) -> &'static Model {
        MODELS[self as usize].get_or_init(|| {
            serde_json::from_str(self.row().2)
                .unwrap_or_else(|error| panic!("the embedded model of {self} is broken: {error}"))
        })
    }

    fn row(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ecs => ("ecs", "ecs", model_text!("ecs")),
            Self::Elbv2 => ("elbv2", "elasticloadbalancing", model_text!("elbv2")),
            Self::StepFunctions => ("stepfunctions", "states", model_text!("stepfunctions")),
            Self::DynamoDb => ("dynamodb", "dynamodb", model_text!("dynamodb")),
            Self::Ecr => ("ecr", "ecr", model_text!("ecr")),
            Self::EventBridge => ("events", "events", model_text!("events")),
            Self::Scheduler => ("scheduler", "scheduler", model_text!("scheduler")),
            Self::CloudWatch => ("cloudwatch", "monitoring", model_text!("cloudwatch")),
            Self::Tagging => ("resourcegroupstaggingapi", "tagging", model_text!("resourcegroupstaggingapi")),
            Self::Lambda => ("lambda", "lambda", model_text!("lambda")),
            Self::Sns => ("sns", "sns", model_text!("sns")),
            Self::ApplicationAutoScaling => {
                ("application-autoscaling", "application-autoscaling", model_text!("application-autoscaling"))
            }
            Self::AutoScaling => ("autoscaling", "autoscaling", model_text!("autoscaling")),
            Self::Sts => ("sts", "sts", model_text!("sts")),
            Self::Logs => ("logs", "logs", model_text!("logs")),
            Self::CloudFormation => ("cloudformation", "cloudformation", model_text!("cloudformation")),
            Self::Ssm => ("ssm", "ssm", model_text!("ssm")),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_whole() {
        for service in Service::ALL {
            assert!(service.operations().next().is_some(), "{service} has operations");
            assert_eq!(service.model().dangling(), Vec::<&str>::new(), "{service}");
            assert_eq!(Service::from_signing_name(service.signing_name()), Some(service));
        }
    }

    #[test]
    fn few_patterns_cannot_be_enforced_and_none_panics() {
        let mut unreadable: Vec<_> =
            Service::ALL.iter().flat_map(|service| service.model().unreadable_patterns()).collect();
        unreadable.sort_unstable();
        unreadable.dedup();
        assert!(unreadable.len() <= 12, "more than look-around and Unicode categories: {unreadable:#?}");
    }
}
