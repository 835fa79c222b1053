//! What a plan needs of a task definition, as plain types.

use crate::capacity::Need;
use std::collections::BTreeMap;

/// A container of a task definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ContainerSeen {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Whether the task ends with it.
    pub essential: bool,
    /// The ports that it maps: the container's, whatever the host's.
    pub ports: Vec<u16>,
    /// The names of its port mappings, by which Service Connect finds them.
    pub port_names: Vec<String>,
    /// Its Docker labels.
    pub labels: BTreeMap<String, String>,
}

/// A task definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DefinitionSeen {
    /// `ACTIVE`, `INACTIVE` or `DELETE_IN_PROGRESS`; only an active one can be given to a service.
    pub status: String,
    /// Its containers.
    pub containers: Vec<ContainerSeen>,
    /// What a task takes of a container instance.
    pub need: Need,
    /// `awsvpc`, `bridge`, `host` or `none`; empty if it does not say.
    pub network_mode: String,
    /// `EC2`, `FARGATE` and so on: what tasks of it can run on, as AWS found; empty if that is not told.
    pub compatibilities: Vec<String>,
    /// The task role and the execution role, as it names them.
    pub roles: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// What `status` is of a task definition that can be given to a service.
pub const ACTIVE: &str = "ACTIVE";

impl DefinitionSeen {
    /// A container by its name.
    pub fn container(&self, name: &str) -> Option<&ContainerSeen> {
        self.containers.iter().find(|found| found.name == name)
    }
}
