//! How everything was before the deployment: what the watch and the look afterwards compare with.

use crate::stage::{CLUSTER, GROUP, Sample, Stage};
use rehearsal_ecs::ServiceSnapshot;
use rehearsal_elb::RuleSnapshot;
use rehearsal_wire::Service;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// How everything was.
#[derive(Debug, Clone, Default)]
pub struct Before {
    /// Healthy targets in the target groups that got requests.
    pub healthy: usize,
    /// The rules that forward to the sample's target groups.
    pub rules: Vec<RuleSnapshot>,
    /// The members' ECS services.
    pub services: Vec<ServiceSnapshot>,
    /// The rules as the API tells them, everything included.
    pub rules_in_full: Vec<Value>,
    /// Tasks that were stopping or gone already: nobody's doing any more.
    pub stopping: BTreeSet<String>,
    /// The live task definition as the API tells it.
    pub task_definition: Value,
    /// How many instances the Auto Scaling group was told to have, if there is one.
    pub instances: Option<u32>,
}

impl Before {
    /// Looks at a sample that nothing happens to.
    ///
    /// # Errors
    /// What an API answered.
    pub async fn look(stage: &Stage, sample: &Sample) -> anyhow::Result<Self> {
        let elb = stage.cloud.elb().snapshot();
        let ecs = stage.cloud.ecs().snapshot();
        let rules = rules_of(sample, &elb.rules);
        let services: Vec<_> = sample
            .members
            .iter()
            .filter_map(|member| ecs.services.iter().find(|found| found.name == member.ecs_service).cloned())
            .collect();
        let healthy = serving(&elb, &rules);
        let task_definition = match services.first() {
            Some(live) => definition(stage, &live.task_definition).await?,
            None => Value::Null,
        };
        let stopping = ecs.tasks.iter().filter(|task| task.stopping).map(|task| task.arn.clone()).collect();
        Ok(Self {
            healthy,
            stopping,
            rules,
            services,
            rules_in_full: rules_in_full(stage, sample).await?,
            task_definition,
            instances: stage.cloud.autoscaling().size(GROUP).map(|(desired, _)| desired),
        })
    }
}

/// Healthy targets in the target groups that the rules give weight to.
pub(crate) fn serving(elb: &rehearsal_elb::Snapshot, rules: &[RuleSnapshot]) -> usize {
    let gets = |arn: &str| {
        rules
            .iter()
            .any(|rule| rule.groups.iter().any(|group| group.target_group_arn == arn && group.weight > 0))
    };
    elb.groups.iter().filter(|group| gets(&group.target_group_arn)).map(healthy).sum()
}

/// Healthy targets of a group.
pub(crate) fn healthy(group: &rehearsal_elb::GroupSnapshot) -> usize {
    group.targets.iter().filter(|target| target.state == "healthy").count()
}

/// The rules that forward to any of a sample's target groups.
pub(crate) fn rules_of(sample: &Sample, rules: &[RuleSnapshot]) -> Vec<RuleSnapshot> {
    let ours = |arn: &str| sample.members.iter().any(|member| member.target_group == arn);
    rules
        .iter()
        .filter(|rule| rule.groups.iter().any(|group| ours(&group.target_group_arn)))
        .cloned()
        .collect()
}

/// Every rule of the sample's listener, in full.
pub(crate) async fn rules_in_full(stage: &Stage, sample: &Sample) -> anyhow::Result<Vec<Value>> {
    let input = json!({"ListenerArn": sample.listener});
    let answer = stage.call(Service::Elbv2, "DescribeRules", input).await?;
    Ok(answer["Rules"].as_array().cloned().unwrap_or_default())
}

/// A task definition in full, with its tags.
pub(crate) async fn definition(stage: &Stage, arn: &str) -> anyhow::Result<Value> {
    let input = json!({"taskDefinition": arn, "include": ["TAGS"]});
    Ok(stage.call(Service::Ecs, "DescribeTaskDefinition", input).await?["taskDefinition"].clone())
}

/// The ECS services of a sample, as DescribeServices tells them.
pub(crate) async fn services_in_full(stage: &Stage, sample: &Sample) -> anyhow::Result<Vec<Value>> {
    let names: Vec<&str> = sample.members.iter().map(|member| member.ecs_service.as_str()).collect();
    let input = json!({"cluster": CLUSTER, "services": names});
    let answer = stage.call(Service::Ecs, "DescribeServices", input).await?;
    Ok(answer["services"].as_array().cloned().unwrap_or_default())
}
