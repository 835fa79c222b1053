//! Container instances: finite CPU, memory and ports.

use crate::placement::Room;
use crate::provider::Provider;
use crate::query::Facts;
use crate::state::State;
use crate::task::{Status, Task};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Ports an ECS agent reserves on its host.
const RESERVED_PORTS: [u16; 5] = [22, 2375, 2376, 51678, 51679];

/// A host that tasks are placed on.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) ec2_id: String,
    /// The Auto Scaling group that it is of, if it is of one.
    pub(crate) group: Option<String>,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    /// Ports taken from the start, beside the agent's own.
    pub(crate) ports: Vec<u16>,
    pub(crate) connected: bool,
    pub(crate) active: bool,
    pub(crate) registered_at: f64,
    pub(crate) zone: String,
    /// Those that people gave it, beside its own; some have no value.
    pub(crate) attributes: BTreeMap<String, Option<String>>,
}

/// This machine's architecture, as ECS names it.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    }
}

impl Instance {
    /// What is left, for a task of this service. Computed from the tasks, so that it cannot drift.
    pub(crate) fn room(&self, state: &State, service: Option<&str>) -> Room {
        let tasks: Vec<&Task> = state.tasks_on(&self.arn).collect();
        let taken = |size: fn(&Task) -> u32| tasks.iter().map(|task| size(task)).sum::<u32>();
        let mut ports: BTreeSet<u16> = RESERVED_PORTS.iter().chain(&self.ports).copied().collect();
        ports.extend(tasks.iter().flat_map(|task| task.need.ports.iter().copied()));
        Room {
            instance: self.id.clone(),
            available: self.active && self.connected,
            cpu: self.cpu.saturating_sub(taken(|task| task.need.cpu)),
            memory: self.memory.saturating_sub(taken(|task| task.need.memory)),
            ports,
            neighbours: tasks.iter().filter(|task| task.service.as_deref() == service).count(),
            unmet: None,
            ranks: Vec::new(),
        }
    }

    /// What placement constraints ask about.
    pub(crate) fn facts(&self) -> Facts {
        let own = [
            ("ecs.availability-zone", self.zone.as_str()),
            ("ecs.os-type", "linux"),
            ("ecs.cpu-architecture", architecture()),
        ];
        let mut attributes: BTreeMap<String, Option<String>> =
            own.into_iter().map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).collect();
        attributes.extend(self.attributes.clone());
        Facts { ec2_id: self.ec2_id.clone(), connected: self.connected, attributes }
    }

    fn attributes(&self) -> Value {
        let told = self.facts().attributes.into_iter().map(|(name, value)| match value {
            Some(value) => json!({ "name": name, "value": value }),
            None => json!({ "name": name }),
        });
        told.collect()
    }

    /// In the shape of DescribeContainerInstances.
    pub(crate) fn json(&self, state: &State) -> Value {
        let room = self.room(state, None);
        let count =
            |wanted: fn(Status) -> bool| state.tasks_on(&self.arn).filter(|task| wanted(task.status)).count();
        let registered: BTreeSet<u16> = RESERVED_PORTS.iter().chain(&self.ports).copied().collect();
        let mut told = json!({
            "containerInstanceArn": self.arn,
            "ec2InstanceId": self.ec2_id,
            "version": 1,
            "status": if self.active { "ACTIVE" } else { "DRAINING" },
            "agentConnected": self.connected,
            "runningTasksCount": count(|status| status == Status::Running),
            "pendingTasksCount": count(Status::is_pending),
            "registeredResources": resources(self.cpu, self.memory, &registered),
            "remainingResources": resources(room.cpu, room.memory, &room.ports),
            "registeredAt": self.registered_at,
            "attributes": self.attributes(),
            "attachments": [],
            "tags": [],
        });
        let of_group = |provider: &&Provider| self.group.as_ref() == Some(&provider.group);
        if let Some(provider) = state.providers.values().find(of_group) {
            told["capacityProviderName"] = provider.name.as_str().into();
        }
        told
    }
}

/// CPU, MEMORY, PORTS and PORTS_UDP. Of ports, AWS lists those that are taken.
fn resources(cpu: u32, memory: u32, ports: &BTreeSet<u16>) -> Value {
    let integer = |name: &str, value: u32| json!({ "name": name, "type": "INTEGER", "doubleValue": 0.0, "longValue": 0, "integerValue": value });
    let set = |name: &str, ports: Vec<String>| {
        json!({
            "name": name, "type": "STRINGSET", "doubleValue": 0.0, "longValue": 0, "integerValue": 0,
            "stringSetValue": ports,
        })
    };
    let taken = ports.iter().map(ToString::to_string).collect();
    json!([integer("CPU", cpu), integer("MEMORY", memory), set("PORTS", taken), set("PORTS_UDP", vec![])])
}
