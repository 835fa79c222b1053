//! EC2 Auto Scaling: the group whose instances join a cluster, and the two changes of its size.

use crate::{At, Aws};
use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter, LifecycleState};
use changeover_domain::StepError;
use changeover_domain::room::{GROUP_TAG, Group};

/// The tag that ECS gives to a group which it scales for a capacity provider.
const MANAGED_TAG: &str = "AmazonECSManaged";

/// The group that is tagged for a cluster; of several the first by name.
pub async fn group_of(aws: &Aws, cluster: &str) -> Result<Option<Group>, StepError> {
    let tagged = Filter::builder().name(format!("tag:{GROUP_TAG}")).values(cluster).build();
    let mut pages = aws.autoscaling().describe_auto_scaling_groups().filters(tagged).into_paginator().send();
    let mut found: Vec<Group> = Vec::new();
    while let Some(page) = pages.next().await {
        found.extend(page.at("DescribeAutoScalingGroups", cluster)?.auto_scaling_groups().iter().map(group));
    }
    Ok(found.into_iter().min_by(|a, b| a.name.cmp(&b.name)))
}

fn group(group: &AutoScalingGroup) -> Group {
    let count = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok()).unwrap_or(0);
    let stays = |state: &LifecycleState| {
        let name = state.as_str();
        !name.starts_with("Terminat") && !name.starts_with("Detach") && !name.starts_with("Warmed")
    };
    let instances = group.instances().iter().filter(|one| one.lifecycle_state().is_some_and(stays));
    Group {
        name: group.auto_scaling_group_name().unwrap_or_default().to_owned(),
        least: count(group.min_size()),
        most: count(group.max_size()),
        desired: count(group.desired_capacity()),
        instances: instances.filter_map(|one| one.instance_id().map(str::to_owned)).collect(),
        managed: group.tags().iter().any(|tag| tag.key() == Some(MANAGED_TAG)),
    }
}

/// Tells a group how many instances it shall have.
pub async fn set_desired(aws: &Aws, group: &str, desired: u32) -> Result<(), StepError> {
    let desired = i32::try_from(desired).unwrap_or(i32::MAX);
    let request = aws.autoscaling().set_desired_capacity().auto_scaling_group_name(group);
    request.desired_capacity(desired).send().await.at("SetDesiredCapacity", group).map(drop)
}

/// Lets a group terminate this instance and no other, and be one smaller.
pub async fn terminate(aws: &Aws, group: &str, instance: &str) -> Result<(), StepError> {
    let request = aws.autoscaling().terminate_instance_in_auto_scaling_group().instance_id(instance);
    let request = request.should_decrement_desired_capacity(true);
    let on = format!("{instance} of {group}");
    request.send().await.at("TerminateInstanceInAutoScalingGroup", &on).map(drop)
}
