//! Where there is room for a task: on Fargate within its quota, on instances as constraints and strategies say.

use crate::constraint::{Constraints, Resource, Strategy};
use crate::definition::Definition;
use crate::instance::Instance;
use crate::launch::Origin;
use crate::placement::{Refusal, Room, place};
use crate::state::State;
use crate::strategy::FARGATE_SPOT;
use crate::task::{Status, Task, group};
use std::collections::BTreeMap;

/// CPU units of a vCPU.
const VCPU: u32 = 1024;

impl State {
    /// The ARN of the instance that takes it; `None` on Fargate, which has no instances.
    pub(crate) fn find_room(
        &self,
        origin: &Origin,
        definition: &Definition,
    ) -> Result<Option<String>, Refusal> {
        let need = definition.need();
        if origin.launch_type == "FARGATE" {
            let on_fargate = self
                .tasks
                .values()
                .filter(|task| task.launch_type == "FARGATE" && task.status != Status::Stopped);
            let taken: u32 = on_fargate.map(|task| task.need.cpu).sum();
            let over = |quota: u32| taken + need.cpu > quota.saturating_mul(VCPU);
            let spot = origin.provider.as_deref() == Some(FARGATE_SPOT);
            return match () {
                () if spot && !self.spot => Err(Refusal::NoCapacity),
                () if self.config.fargate_vcpus.is_some_and(over) => Err(Refusal::FargateQuota),
                () => Ok(None),
            };
        }
        let Some(cluster) = self.clusters.get(&origin.cluster) else { return Err(Refusal::NoInstances) };
        let provider = origin.provider.as_ref().and_then(|name| self.providers.get(name));
        let of_provider = |instance: &&Instance| {
            provider.is_none_or(|provider| instance.group.as_ref() == Some(&provider.group))
        };
        let instances: Vec<&Instance> = cluster.instances.values().filter(of_provider).collect();
        if provider.is_some() && instances.is_empty() {
            return Err(Refusal::EmptyProvider);
        }
        let of_definition = Constraints::read(&definition.body["placementConstraints"]).unwrap_or_default();
        let constraints = of_definition.with(origin.constraints.clone());
        let mut rooms: Vec<Room> = Vec::new();
        for instance in &instances {
            let mut room = instance.room(self, origin.service.as_deref());
            room.neighbours = self.of_group(origin, definition, &instance.arn);
            room.unmet = constraints.unmet(&instance.facts(), room.neighbours);
            rooms.push(room);
        }
        for strategy in &origin.strategies {
            rank(strategy, &instances, &mut rooms);
        }
        place(&need, &rooms).map(|index| Some(instances[index].arn.clone()))
    }

    /// How many tasks of its group an instance has: of the service, whatever their revision, or of the group that was named.
    fn of_group(&self, origin: &Origin, definition: &Definition, instance: &str) -> usize {
        let ours = group(origin.service.as_deref(), origin.group.as_deref(), &definition.arn);
        let theirs =
            |task: &&Task| group(task.service.as_deref(), task.group.as_deref(), &task.definition) == ours;
        self.tasks_on(instance).filter(theirs).count()
    }

    /// The zone of an instance; Fargate's tasks are in the first one.
    pub(crate) fn zone_of(&self, cluster: &str, instance: Option<&str>) -> String {
        let known = self.clusters.get(cluster).zip(instance);
        let zone = known.and_then(|(cluster, arn)| Some(cluster.instances.get(arn)?.zone.clone()));
        zone.unwrap_or_else(|| format!("{}a", self.arns.region))
    }
}

/// Gives each room its place by a strategy.
fn rank(strategy: &Strategy, instances: &[&Instance], rooms: &mut [Room]) {
    let ranks: Vec<u64> = match strategy {
        Strategy::Pack(Resource::Cpu) => rooms.iter().map(|room| room.cpu.into()).collect(),
        Strategy::Pack(Resource::Memory) => rooms.iter().map(|room| room.memory.into()).collect(),
        Strategy::Spread(None) => rooms.iter().map(|room| room.neighbours as u64).collect(),
        Strategy::Spread(Some(attribute)) => {
            let value = |instance: &Instance| instance.facts().attributes.get(attribute).cloned().flatten();
            let mut by_value: BTreeMap<Option<String>, u64> = BTreeMap::new();
            for (instance, room) in instances.iter().zip(rooms.iter()) {
                *by_value.entry(value(instance)).or_default() += room.neighbours as u64;
            }
            instances.iter().map(|instance| by_value[&value(instance)]).collect()
        }
    };
    rooms.iter_mut().zip(ranks).for_each(|(room, rank)| room.ranks.push(rank));
}
