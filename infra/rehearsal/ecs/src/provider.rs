//! Capacity providers of Auto Scaling groups, and how large managed scaling wants a group. Pure, but for the trait.

use crate::placement::Need;
use crate::tags::Tags;
use serde_json::{Value, json};

/// The Auto Scaling groups that capacity providers stand for.
pub trait ScalingGroups: Send + Sync {
    /// How large a group is and may be; none if there is no such group.
    fn sizes(&self, group: &str) -> Option<GroupSizes>;
    /// Sets how many instances a group is to have.
    fn set_desired(&self, group: &str, desired: u32);
    /// Ends one instance; its group is to have one less.
    fn end(&self, ec2_id: &str);
}

/// How large an Auto Scaling group is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupSizes {
    /// `MinSize`.
    pub least: u32,
    /// `MaxSize`.
    pub most: u32,
    /// `DesiredCapacity`.
    pub desired: u32,
    /// CPU units and MiB of one of its instances.
    pub each: (u32, u32),
}

/// Managed scaling, where it is enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Managed {
    /// Percent of the group that is to be in use.
    pub(crate) target: u32,
    pub(crate) least_step: u32,
    pub(crate) most_step: u32,
    pub(crate) warmup: u32,
}

/// A capacity provider of an Auto Scaling group.
#[derive(Debug, Clone)]
pub(crate) struct Provider {
    pub(crate) name: String,
    pub(crate) arn: String,
    /// The group as it was named, and its name.
    pub(crate) group_arn: String,
    pub(crate) group: String,
    pub(crate) managed: Option<Managed>,
    pub(crate) draining: bool,
    pub(crate) tags: Tags,
}

impl Provider {
    /// In the shape of DescribeCapacityProviders.
    pub(crate) fn json(&self, tags: bool) -> Value {
        let managed = match &self.managed {
            Some(managed) => json!({
                "status": "ENABLED", "targetCapacity": managed.target,
                "minimumScalingStepSize": managed.least_step, "maximumScalingStepSize": managed.most_step,
                "instanceWarmupPeriod": managed.warmup,
            }),
            None => json!({ "status": "DISABLED" }),
        };
        json!({
            "capacityProviderArn": self.arn, "name": self.name, "status": "ACTIVE", "type": "EC2_AUTOSCALING",
            "autoScalingGroupProvider": {
                "autoScalingGroupArn": self.group_arn, "managedScaling": managed,
                "managedTerminationProtection": "DISABLED",
                "managedDraining": if self.draining { "ENABLED" } else { "DISABLED" },
            },
            "updateStatus": "CREATE_COMPLETE",
            "tags": if tags { self.tags.json() } else { json!([]) },
        })
    }
}

/// How many instances a group is to have: so many that those in use, and those that waiting tasks need, are the target's
/// percent of it.
pub(crate) fn wanted(managed: Managed, sizes: GroupSizes, in_use: u32, waiting: &[Need]) -> u32 {
    let needed = in_use + bins(sizes.each, waiting);
    let whole = (u64::from(needed) * 100).div_ceil(u64::from(managed.target.max(1)));
    let whole = u32::try_from(whole).unwrap_or(u32::MAX);
    let more = whole.saturating_sub(sizes.desired);
    let stepped = if more == 0 {
        whole
    } else {
        sizes.desired.saturating_add(more.clamp(managed.least_step, managed.most_step))
    };
    stepped.clamp(sizes.least, sizes.most.max(sizes.least))
}

/// Instances of this size that hold these tasks: first fit, the largest first. What is larger than one needs none, for none
/// would hold it.
fn bins((cpu, memory): (u32, u32), tasks: &[Need]) -> u32 {
    let mut tasks: Vec<&Need> =
        tasks.iter().filter(|need| need.cpu <= cpu && need.memory <= memory).collect();
    tasks.sort_by_key(|need| std::cmp::Reverse((need.memory, need.cpu)));
    let mut open: Vec<(u32, u32, Vec<u16>)> = Vec::new();
    for need in tasks {
        let fits = |bin: &&mut (u32, u32, Vec<u16>)| {
            bin.0 >= need.cpu && bin.1 >= need.memory && !need.ports.iter().any(|port| bin.2.contains(port))
        };
        if let Some(bin) = open.iter_mut().find(fits) {
            (bin.0, bin.1) = (bin.0 - need.cpu, bin.1 - need.memory);
            bin.2.extend(&need.ports);
        } else {
            open.push((cpu - need.cpu, memory - need.memory, need.ports.clone()));
        }
    }
    u32::try_from(open.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANAGED: Managed = Managed { target: 100, least_step: 1, most_step: 10_000, warmup: 300 };
    const SIZES: GroupSizes = GroupSizes { least: 0, most: 5, desired: 2, each: (1024, 1024) };

    fn need(cpu: u32) -> Need {
        Need { cpu, memory: 1, ports: vec![] }
    }

    #[test]
    fn a_group_grows_by_what_waiting_tasks_need() {
        assert_eq!(wanted(MANAGED, SIZES, 2, &[]), 2);
        assert_eq!(wanted(MANAGED, SIZES, 2, &[need(512), need(512), need(512)]), 4);
        assert_eq!(wanted(MANAGED, SIZES, 2, &vec![need(1024); 9]), 5, "no more than it may have");
        assert_eq!(wanted(MANAGED, SIZES, 2, &[need(2048)]), 2, "no instance would hold it");
        assert_eq!(wanted(MANAGED, SIZES, 0, &[]), 0);
        let half = Managed { target: 50, ..MANAGED };
        assert_eq!(wanted(half, SIZES, 2, &[]), 4, "half of it is to be spare");
        let slow = Managed { most_step: 1, ..MANAGED };
        assert_eq!(wanted(slow, SIZES, 2, &[need(1024), need(1024)]), 3);
    }

    #[test]
    fn a_fixed_port_needs_an_instance_of_its_own() {
        let fixed = Need { cpu: 1, memory: 1, ports: vec![8080] };
        assert_eq!(bins((1024, 1024), &[fixed.clone(), fixed]), 2);
    }
}
