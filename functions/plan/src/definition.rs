//! What a plan needs of a task definition: its containers and what a task takes.

use changeover_aws::sdk::ecs::types::TaskDefinition;
use changeover_domain::capacity::Need;

/// A container of a task definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerSeen {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
}

/// A task definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefinitionSeen {
    /// Its containers.
    pub containers: Vec<ContainerSeen>,
    /// What a task takes of a container instance.
    pub need: Need,
}

impl From<&TaskDefinition> for DefinitionSeen {
    fn from(definition: &TaskDefinition) -> Self {
        let containers = definition.container_definitions();
        let positive = |number: i32| u32::try_from(number).unwrap_or(0);
        let whole = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
        let of_containers = |each: fn(&changeover_aws::sdk::ecs::types::ContainerDefinition) -> i32| {
            containers.iter().map(each).map(positive).sum::<u32>()
        };
        let memory =
            of_containers(|container| container.memory_reservation().or(container.memory()).unwrap_or(0));
        let ports = containers.iter().flat_map(|container| container.port_mappings());
        // In awsvpc mode every task has an address of its own, so its ports collide with nobody's.
        let shares_ports = definition.network_mode().is_none_or(|mode| mode.as_str() != "awsvpc");
        Self {
            need: Need {
                cpu: whole(definition.cpu()).unwrap_or_else(|| of_containers(|container| container.cpu())),
                memory: whole(definition.memory()).unwrap_or(memory),
                ports: ports
                    .filter_map(|mapping| u16::try_from(mapping.host_port()?).ok())
                    .filter(|port| shares_ports && *port != 0)
                    .collect(),
            },
            containers: containers
                .iter()
                .map(|container| ContainerSeen {
                    name: container.name().unwrap_or_default().to_owned(),
                    image: container.image().unwrap_or_default().to_owned(),
                    essential: container.essential().unwrap_or(true),
                })
                .collect(),
        }
    }
}
