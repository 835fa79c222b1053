//! Where a task goes: one container instance must hold it whole. Pure.

use std::collections::BTreeSet;

const TROUBLESHOOTING: &str =
    "For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.";

/// What a task takes from the instance it runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Need {
    /// CPU units, 1024 to a core.
    pub cpu: u32,
    /// MiB.
    pub memory: u32,
    /// Host ports it insists on.
    pub ports: Vec<u16>,
}

/// What one container instance has left.
#[derive(Debug, Clone)]
pub struct Room {
    /// The instance's id.
    pub instance: String,
    /// ACTIVE, and its agent is connected.
    pub available: bool,
    /// CPU units left.
    pub cpu: u32,
    /// MiB left.
    pub memory: u32,
    /// Host ports taken.
    pub ports: BTreeSet<u16>,
    /// Tasks of the same service there already; fewest goes first.
    pub neighbours: usize,
    /// The placement constraint that it does not meet.
    pub unmet: Option<Lack>,
    /// Its place by each placement strategy, which count in their order before everything else; least goes first.
    pub ranks: Vec<u64>,
}

/// What stands in the way on one instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Too few CPU units.
    Cpu,
    /// Too little memory.
    Memory,
    /// A host port is in use.
    Port,
    /// The agent is not connected, or the instance is not ACTIVE.
    Agent,
    /// A `memberOf` constraint.
    Member,
    /// A `distinctInstance` constraint.
    Distinct,
}

impl Lack {
    /// What ECS says of a placement constraint.
    pub fn constraint(self) -> Option<&'static str> {
        match self {
            Self::Member => Some("MemberOf placement constraint unsatisfied."),
            Self::Distinct => Some("DistinctInstance placement constraint unsatisfied."),
            Self::Cpu | Self::Memory | Self::Port | Self::Agent => None,
        }
    }
}

/// Why a task found no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The cluster has no container instance.
    NoInstances,
    /// The instance that came closest, and the first thing it lacks.
    Closest {
        /// The instance's id.
        instance: String,
        /// What it lacks.
        lack: Lack,
    },
    /// The Auto Scaling group of the capacity provider has none.
    EmptyProvider,
    /// The quota of Fargate vCPUs is used up.
    FargateQuota,
    /// Fargate Spot has nothing left.
    NoCapacity,
}

impl Refusal {
    /// The service event, as ECS words it.
    pub fn message(&self, service: &str) -> String {
        let unplaced = format!("(service {service}) was unable to place a task");
        let unmet = "because no container instance met all of its requirements.";
        match self {
            Self::NoInstances => format!(
                "{unplaced} {unmet} Reason: No Container Instances were found in your cluster. {TROUBLESHOOTING}"
            ),
            Self::Closest { instance, lack } => {
                let lack = match lack {
                    Lack::Cpu => "has insufficient CPU units available".to_owned(),
                    Lack::Memory => "has insufficient memory available".to_owned(),
                    Lack::Port => "is already using a port required by your task".to_owned(),
                    Lack::Agent | Lack::Member | Lack::Distinct => {
                        format!("encountered error \"{}\"", lack.constraint().unwrap_or("AGENT"))
                    }
                };
                format!(
                    "{unplaced} {unmet} The closest matching (container-instance {instance}) {lack}. \
                     {TROUBLESHOOTING}"
                )
            }
            Self::EmptyProvider => format!(
                "{unplaced} {unmet} Reason: No Container Instances were found in your capacity provider. {TROUBLESHOOTING}"
            ),
            Self::NoCapacity => format!(
                "{unplaced}. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone. {TROUBLESHOOTING}"
            ),
            Self::FargateQuota => format!(
                "{unplaced}. Reason: You've reached the limit on the number of vCPUs you can run concurrently."
            ),
        }
    }

    /// The `reason` of the EventBridge event, where AWS names one.
    pub fn resource(&self) -> Option<&'static str> {
        match self {
            Self::NoInstances | Self::EmptyProvider => None,
            Self::Closest { lack: Lack::Cpu, .. } => Some("RESOURCE:CPU"),
            Self::Closest { lack: Lack::Memory, .. } => Some("RESOURCE:MEMORY"),
            Self::Closest { lack: Lack::Port, .. } => Some("RESOURCE:PORTS"),
            Self::Closest { lack: Lack::Agent, .. } => Some("AGENT"),
            Self::Closest { lack: Lack::Member | Lack::Distinct, .. } => None,
            Self::FargateQuota | Self::NoCapacity => Some("RESOURCE:FARGATE"),
        }
    }
}

/// The instance that takes the task: of those that can, the one that the placement strategies put first; then the one with
/// fewest tasks of the service, then with most CPU and memory left.
pub fn place(need: &Need, rooms: &[Room]) -> Result<usize, Refusal> {
    let fitting = rooms.iter().enumerate().filter(|(_, room)| lacks(need, room).is_empty());
    let spread =
        |room: &Room| (room.ranks.clone(), room.neighbours, u32::MAX - room.cpu, u32::MAX - room.memory);
    if let Some((index, _)) = fitting.min_by_key(|(_, room)| spread(room)) {
        return Ok(index);
    }
    let closest = rooms.iter().map(|room| (lacks(need, room), room)).min_by_key(|(lacks, _)| lacks.len());
    match closest {
        Some((lacks, room)) => {
            let lack = lacks.first().copied().unwrap_or(Lack::Agent);
            Err(Refusal::Closest { instance: room.instance.clone(), lack })
        }
        None => Err(Refusal::NoInstances),
    }
}

fn lacks(need: &Need, room: &Room) -> Vec<Lack> {
    let checks = [
        (!room.available, Lack::Agent),
        (need.cpu > room.cpu, Lack::Cpu),
        (need.memory > room.memory, Lack::Memory),
        (need.ports.iter().any(|port| room.ports.contains(port)), Lack::Port),
    ];
    room.unmet
        .into_iter()
        .chain(checks.into_iter().filter_map(|(lacking, lack)| lacking.then_some(lack)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn room(instance: &str, cpu: u32, memory: u32) -> Room {
        let instance = instance.to_owned();
        let (ports, unmet, ranks) = (BTreeSet::new(), None, Vec::new());
        Room { instance, available: true, cpu, memory, ports, neighbours: 0, unmet, ranks }
    }

    #[test]
    fn the_sum_over_instances_is_no_place() {
        let need = Need { cpu: 512, memory: 256, ports: vec![] };
        let rooms = [room("a", 256, 1024), room("b", 500, 128)];
        let refusal = place(&need, &rooms).unwrap_err();
        assert_eq!(refusal, Refusal::Closest { instance: "a".into(), lack: Lack::Cpu });
        assert_eq!(
            refusal.message("web"),
            "(service web) was unable to place a task because no container instance met all of its \
             requirements. The closest matching (container-instance a) has insufficient CPU units available. \
             For more information, see the Troubleshooting section of the Amazon ECS Developer Guide."
        );
        assert_eq!(refusal.resource(), Some("RESOURCE:CPU"));
    }

    #[test]
    fn a_static_port_is_used_once_per_instance() {
        let need = Need { cpu: 1, memory: 1, ports: vec![8080] };
        let mut taken = room("a", 100, 100);
        taken.ports.insert(8080);
        let refusal = place(&need, std::slice::from_ref(&taken)).unwrap_err();
        assert!(refusal.message("web").contains("(container-instance a) is already using a port required"));
        assert_eq!(place(&need, &[taken, room("b", 100, 100)]), Ok(1));
    }

    #[test]
    fn tasks_of_a_service_spread() {
        let mut crowded = room("a", 4000, 4000);
        crowded.neighbours = 1;
        let need = Need { cpu: 1, memory: 1, ports: vec![] };
        assert_eq!(place(&need, &[crowded, room("b", 100, 100)]), Ok(1));
        assert_eq!(place(&need, &[]), Err(Refusal::NoInstances));
    }

    #[test]
    fn an_instance_without_its_agent_takes_nothing() {
        let mut lost = room("a", 4000, 4000);
        lost.available = false;
        let refusal = place(&Need::default(), &[lost]).unwrap_err();
        assert!(refusal.message("web").contains("encountered error \"AGENT\"."));
    }

    #[test]
    fn strategies_go_before_the_spread_and_constraints_before_all() {
        let need = Need { cpu: 1, memory: 1, ports: vec![] };
        let ranked = |instance: &str, rank| Room { ranks: vec![rank], ..room(instance, 4000, 4000) };
        let crowded = Room { neighbours: 3, ..ranked("a", 1) };
        assert_eq!(place(&need, &[ranked("b", 2), crowded.clone()]), Ok(1));
        let other = Room { unmet: Some(Lack::Member), ..crowded };
        assert_eq!(place(&need, &[ranked("b", 2), other.clone()]), Ok(0));
        let refusal = place(&need, &[other]).unwrap_err();
        assert!(
            refusal
                .message("web")
                .contains("encountered error \"MemberOf placement constraint unsatisfied.\".")
        );
        assert_eq!(refusal.resource(), None);
    }

    proptest! {
        #[test]
        fn a_place_always_holds_the_task_and_is_found_if_there_is_one(
            sizes in prop::collection::vec((0_u32..8, 0_u32..8, 0_usize..3), 0..6),
            cpu in 0_u32..8, memory in 0_u32..8,
        ) {
            let rooms: Vec<Room> = sizes.iter().enumerate()
                .map(|(n, &(cpu, memory, neighbours))| Room { neighbours, ..room(&n.to_string(), cpu, memory) })
                .collect();
            let fits = |room: &Room| room.cpu >= cpu && room.memory >= memory;
            match place(&Need { cpu, memory, ports: vec![] }, &rooms) {
                Ok(index) => prop_assert!(fits(&rooms[index])),
                Err(_) => prop_assert!(!rooms.iter().any(fits)),
            }
        }
    }
}
