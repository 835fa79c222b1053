//! What a plan needs of a task definition, out of what AWS tells.

use changeover_aws::sdk::ecs::types::{ContainerDefinition, TaskDefinition};
use changeover_domain::capacity::Need;
use changeover_domain::definition::{ContainerSeen, DefinitionSeen};
use std::collections::BTreeMap;

/// A task definition with its tags, in plain types.
pub(crate) fn seen(definition: &TaskDefinition, tags: BTreeMap<String, String>) -> DefinitionSeen {
    let mode = definition.network_mode().map(|mode| mode.as_str().to_owned()).unwrap_or_default();
    let roles = [definition.task_role_arn(), definition.execution_role_arn()];
    let compatibilities = definition.compatibilities().iter();
    DefinitionSeen {
        status: definition.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
        need: need(definition),
        containers: definition.container_definitions().iter().map(container).collect(),
        network_mode: mode,
        compatibilities: compatibilities.map(|one| one.as_str().to_owned()).collect(),
        roles: roles.into_iter().flatten().map(str::to_owned).collect(),
        tags,
    }
}

fn container(definition: &ContainerDefinition) -> ContainerSeen {
    let ports = definition.port_mappings();
    ContainerSeen {
        name: definition.name().unwrap_or_default().to_owned(),
        image: definition.image().unwrap_or_default().to_owned(),
        essential: definition.essential().unwrap_or(true),
        ports: ports.iter().filter_map(|port| u16::try_from(port.container_port()?).ok()).collect(),
        port_names: ports.iter().filter_map(|port| port.name()).map(str::to_owned).collect(),
        labels: definition.docker_labels().cloned().unwrap_or_default().into_iter().collect(),
    }
}

fn need(definition: &TaskDefinition) -> Need {
    let containers = definition.container_definitions();
    let positive = |number: i32| u32::try_from(number).unwrap_or(0);
    let whole = |text: Option<&str>| text.and_then(|text| text.parse::<u32>().ok());
    let of_containers =
        |each: fn(&ContainerDefinition) -> i32| containers.iter().map(each).map(positive).sum::<u32>();
    let memory =
        of_containers(|container| container.memory_reservation().or(container.memory()).unwrap_or(0));
    let ports = containers.iter().flat_map(|container| container.port_mappings());
    // In awsvpc mode every task has an address of its own, so its ports collide with nobody's.
    let shares_ports = definition.network_mode().is_none_or(|mode| mode.as_str() != "awsvpc");
    Need {
        cpu: whole(definition.cpu()).unwrap_or_else(|| of_containers(|container| container.cpu())),
        memory: whole(definition.memory()).unwrap_or(memory),
        ports: ports
            .filter_map(|mapping| u16::try_from(mapping.host_port()?).ok())
            .filter(|port| shares_ports && *port != 0)
            .collect(),
    }
}
