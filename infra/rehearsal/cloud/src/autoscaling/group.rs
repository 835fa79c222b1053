//! An Auto Scaling group and its instances, in AWS's words.

use crate::account::{Account, epoch};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What a group is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSetting {
    /// Its name.
    pub name: String,
    /// The ECS cluster that its instances join.
    pub cluster: String,
    /// CPU units and MiB of memory of each.
    pub size: (u32, u32),
    /// `MinSize`.
    pub least: u32,
    /// `MaxSize`.
    pub most: u32,
    /// `DesiredCapacity`: so many are there at once.
    pub desired: u32,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    /// It starts.
    Pending,
    /// It has joined its cluster.
    InService,
}

/// An EC2 instance of a group.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub ec2: String,
    pub life: Life,
    /// The container instance that it is, once it has joined.
    pub host: Option<String>,
}

/// A group as it is.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub setting: GroupSetting,
    /// A part of its ARN.
    pub id: String,
    pub created: jiff::Timestamp,
    pub instances: Vec<Instance>,
}

impl Group {
    /// `arn:aws:autoscaling:REGION:ACCOUNT:autoScalingGroup:ID:autoScalingGroupName/NAME`
    pub fn arn(&self, account: &Account) -> String {
        let resource = format!("autoScalingGroup:{}:autoScalingGroupName/{}", self.id, self.setting.name);
        account.arn("autoscaling", &resource)
    }

    /// In the shape of DescribeAutoScalingGroups.
    pub fn json(&self, account: &Account) -> Value {
        let zone = format!("{}a", account.region);
        let instances = self.instances.iter().map(|instance| {
            json!({
                "InstanceId": instance.ec2, "AvailabilityZone": zone, "HealthStatus": "Healthy",
                "LifecycleState": if instance.life == Life::Pending { "Pending" } else { "InService" },
                "ProtectedFromScaleIn": false,
            })
        });
        let tags = self.setting.tags.iter().map(|(key, value)| {
            json!({
                "ResourceId": self.setting.name, "ResourceType": "auto-scaling-group", "Key": key,
                "Value": value, "PropagateAtLaunch": false,
            })
        });
        json!({
            "AutoScalingGroupName": self.setting.name,
            "AutoScalingGroupARN": self.arn(account),
            "MinSize": self.setting.least, "MaxSize": self.setting.most,
            "DesiredCapacity": self.setting.desired,
            "DefaultCooldown": 300, "AvailabilityZones": [zone], "HealthCheckType": "EC2",
            "HealthCheckGracePeriod": 0, "CreatedTime": epoch(self.created),
            "Instances": instances.collect::<Vec<_>>(), "Tags": tags.collect::<Vec<_>>(),
        })
    }

    /// Whether it is meant by a filter: `tag:KEY`, `tag-key` or `tag-value`, as AWS names them.
    pub fn passes(&self, name: &str, values: &[&str]) -> bool {
        let tags = &self.setting.tags;
        match name.strip_prefix("tag:") {
            Some(key) => tags.get(key).is_some_and(|value| values.contains(&value.as_str())),
            None if name == "tag-key" => tags.keys().any(|key| values.contains(&key.as_str())),
            None => name == "tag-value" && tags.values().any(|value| values.contains(&value.as_str())),
        }
    }
}
