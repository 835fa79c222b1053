//! Whether tasks find room: packed instance by instance, since the sum of what is left may lie in crumbs.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A container instance and what is left on it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    /// Its ARN.
    pub id: String,
    /// The EC2 instance that it is; none if ECS does not say.
    pub ec2: Option<String>,
    /// CPU units that are left (1,024 to a vCPU).
    pub cpu: u32,
    /// MiB of memory that are left.
    pub memory: u32,
    /// CPU units and MiB of memory that it came with.
    pub whole: (u32, u32),
    /// Host ports that are taken.
    pub taken_ports: BTreeSet<u16>,
    /// Tasks that run on it or are on their way there.
    pub tasks: u32,
    /// Whether it is told to take no more tasks.
    pub draining: bool,
    /// When it joined the cluster, if ECS says so.
    pub joined_at: Option<Timestamp>,
}

impl Instance {
    /// One like it with nothing on it.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { cpu: self.whole.0, memory: self.whole.1, ..Self::default() }
    }
}

/// What a task takes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Need {
    /// CPU units.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Host ports it insists on; with one, an instance holds at most one such task.
    pub ports: BTreeSet<u16>,
}

/// How many equal tasks an instance can still take.
pub fn room_on(instance: &Instance, need: &Need) -> u32 {
    if instance.draining {
        return 0;
    }
    let share = |left: u32, each: u32| left.checked_div(each).unwrap_or(u32::MAX);
    let by_size = share(instance.cpu, need.cpu).min(share(instance.memory, need.memory));
    if need.ports.is_empty() {
        by_size
    } else if need.ports.is_disjoint(&instance.taken_ports) {
        by_size.min(1)
    } else {
        0
    }
}

/// How many equal tasks all instances can still take.
pub fn room(instances: &[Instance], need: &Need) -> u32 {
    instances.iter().fold(0, |sum, instance| sum.saturating_add(room_on(instance, need)))
}

/// Says what is missing for `count` tasks; none if they all fit.
pub fn shortage(instances: &[Instance], need: &Need, count: u32) -> Option<String> {
    let fits = room(instances, need);
    if fits >= count {
        return None;
    }
    let lacking = |of: fn(&Instance) -> u32, each: u32| instances.iter().map(of).max().unwrap_or(0) < each;
    let what = if instances.is_empty() {
        "the cluster has no active container instance with a connected agent"
    } else if !need.ports.is_empty() {
        "the tasks insist on host ports, so each instance holds one at most"
    } else if lacking(|instance| instance.cpu, need.cpu) {
        "no instance has enough CPU units left for another one"
    } else if lacking(|instance| instance.memory, need.memory) {
        "no instance has enough memory left for another one"
    } else if fits == 0 {
        "what is left is spread over the instances in pieces that are too small"
    } else {
        "the others do not fit beside what runs"
    };
    Some(format!(
        "ECS would be unable to place a task because no container instance met all of its requirements: \
         there is room for {fits} of {count} new tasks ({} CPU units and {} MiB each): {what}",
        need.cpu, need.memory
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn instance(cpu: u32, memory: u32) -> Instance {
        Instance { id: "i".into(), cpu, memory, ..Instance::default() }
    }

    #[test]
    fn crumbs_do_not_add_up() {
        let need = Need { cpu: 256, memory: 512, ports: BTreeSet::new() };
        let crumbs = [instance(255, 4096), instance(4096, 511), instance(128, 256)];
        assert_eq!(room(&crumbs, &need), 0);
        assert!(shortage(&crumbs, &need, 1).unwrap().contains("too small"));
        assert_eq!(shortage(&[instance(512, 1024)], &need, 2), None);
        let draining = Instance { draining: true, ..instance(512, 1024) };
        assert_eq!(room(&[draining], &need), 0);
    }

    #[test]
    fn a_static_port_takes_one_instance_each() {
        let need = Need { cpu: 1, memory: 1, ports: [80].into() };
        let mut taken = instance(100, 100);
        taken.taken_ports.insert(80);
        assert_eq!(room(&[instance(100, 100), taken], &need), 1);
    }

    proptest! {
        /// The closed form agrees with placing one task after the other.
        #[test]
        fn room_is_what_can_be_placed_one_by_one(
            sizes in prop::collection::vec((0u32..2000, 0u32..2000), 0..6), cpu in 1u32..600, memory in 1u32..600,
        ) {
            let mut left: Vec<Instance> = sizes.iter().map(|(cpu, memory)| instance(*cpu, *memory)).collect();
            let need = Need { cpu, memory, ports: BTreeSet::new() };
            let promised = room(&left, &need);
            let mut placed = 0;
            while let Some(host) = left.iter_mut().find(|host| host.cpu >= cpu && host.memory >= memory) {
                host.cpu -= cpu;
                host.memory -= memory;
                placed += 1;
            }
            prop_assert_eq!(promised, placed);
        }
    }
}
