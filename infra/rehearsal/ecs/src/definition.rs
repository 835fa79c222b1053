//! Task definitions: families of immutable revisions, and what a task needs to know of one.

use crate::check::CheckPlan;
use crate::depend::{Dependency, dependencies};
use crate::placement::Need;
use crate::registry::Image;
use crate::tags::Tags;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// One registered revision.
#[derive(Debug, Clone)]
pub(crate) struct Definition {
    pub(crate) arn: String,
    pub(crate) family: String,
    pub(crate) revision: u32,
    /// INACTIVE ones run on but start no new deployment.
    pub(crate) active: bool,
    /// What DescribeTaskDefinition answers, but for the status.
    pub(crate) body: Value,
    pub(crate) tags: Tags,
}

/// All revisions of a family, by number. Numbers are never reused.
#[derive(Debug, Default)]
pub(crate) struct Family {
    pub(crate) revisions: BTreeMap<u32, Definition>,
}

impl Family {
    /// The latest ACTIVE revision.
    pub(crate) fn latest(&self) -> Option<&Definition> {
        self.revisions.values().rev().find(|definition| definition.active)
    }
}

/// One container of a definition, ready to run.
#[derive(Debug, Clone)]
pub(crate) struct ContainerPlan {
    pub(crate) name: String,
    pub(crate) image: String,
    /// Whether a tag is resolved once for all tasks of a revision: `versionConsistency`.
    pub(crate) consistent: bool,
    pub(crate) essential: bool,
    /// Replaces the image's, and its command as well, when there is anything in it.
    pub(crate) entry_point: Vec<String>,
    /// Replaces the image's when there is anything in it.
    pub(crate) command: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) ports: Vec<PortMapping>,
    pub(crate) stop_timeout: Option<Duration>,
    /// How long others wait for it: `startTimeout`.
    pub(crate) start_timeout: Option<Duration>,
    pub(crate) depends_on: Vec<Dependency>,
    pub(crate) check: Option<CheckPlan>,
    pub(crate) log: Option<LogTarget>,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
}

impl ContainerPlan {
    /// What is started, as a container runtime puts it together: an entry point of the task definition's own leaves nothing
    /// of the image's command.
    pub(crate) fn runs(&self, image: &Image) -> Vec<String> {
        let (entry_point, default): (_, &[String]) = if self.entry_point.is_empty() {
            (&image.entry_point, &image.command)
        } else {
            (&self.entry_point, &[])
        };
        let command = if self.command.is_empty() { default } else { &self.command };
        entry_point.iter().chain(command).cloned().collect()
    }
}

/// A port a container listens on.
#[derive(Debug, Clone)]
pub(crate) struct PortMapping {
    pub(crate) container_port: u16,
    /// 0: any free one.
    pub(crate) host_port: u16,
    pub(crate) protocol: String,
}

/// Where the `awslogs` driver writes.
#[derive(Debug, Clone)]
pub(crate) struct LogTarget {
    pub(crate) group: String,
    pub(crate) prefix: String,
}

impl Definition {
    /// The containers, in the order they are defined.
    ///
    /// With a network interface of its own, a task takes no port from its instance; but all interfaces are one
    /// address here, so it listens wherever there is a free port.
    pub(crate) fn containers(&self) -> Vec<ContainerPlan> {
        let defined = self.body["containerDefinitions"].as_array().into_iter().flatten();
        let mut containers: Vec<ContainerPlan> = defined.map(container).collect();
        if self.network_mode() == "awsvpc" {
            containers.iter_mut().flat_map(|one| &mut one.ports).for_each(|port| port.host_port = 0);
        }
        containers
    }

    pub(crate) fn network_mode(&self) -> &str {
        self.body["networkMode"].as_str().unwrap_or("bridge")
    }

    /// What a task takes from its instance: the task's own sizes, or else the sum of its containers'.
    pub(crate) fn need(&self) -> Need {
        let containers = self.containers();
        let sized = |member: &str| self.body[member].as_str().and_then(size);
        let ports = containers.iter().flat_map(|container| &container.ports).map(|port| port.host_port);
        Need {
            cpu: sized("cpu").unwrap_or_else(|| containers.iter().map(|container| container.cpu).sum()),
            memory: sized("memory")
                .unwrap_or_else(|| containers.iter().map(|container| container.memory).sum()),
            ports: ports.filter(|&port| port != 0).collect(),
        }
    }
}

/// `256`, `.25 vCPU`, `512`, `0.5 GB`.
pub(crate) fn size(text: &str) -> Option<u32> {
    let text = text.trim();
    if let Ok(units) = text.parse() {
        return Some(units);
    }
    let number: f64 = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ').parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "saturates, which is harmless"
    )]
    Some((number * 1024.0) as u32)
}

fn container(body: &Value) -> ContainerPlan {
    let words = |member: &str| {
        body[member].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned)
    };
    let number = |member: &str| body[member].as_u64().and_then(|number| u32::try_from(number).ok());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pairs = body["environment"].as_array().into_iter().flatten();
    let log = &body["logConfiguration"];
    let awslogs = log["logDriver"] == "awslogs";
    ContainerPlan {
        name: text(&body["name"]),
        image: text(&body["image"]),
        consistent: body["versionConsistency"] != "disabled",
        essential: body["essential"].as_bool().unwrap_or(true),
        entry_point: words("entryPoint").collect(),
        command: words("command").collect(),
        environment: pairs.map(|pair| (text(&pair["name"]), text(&pair["value"]))).collect(),
        ports: body["portMappings"].as_array().into_iter().flatten().filter_map(port_mapping).collect(),
        stop_timeout: body["stopTimeout"].as_u64().map(Duration::from_secs),
        start_timeout: body["startTimeout"].as_u64().map(Duration::from_secs),
        depends_on: dependencies(body),
        // Wrong ones were refused when it was registered.
        check: CheckPlan::read(body).ok().flatten(),
        log: awslogs.then(|| LogTarget {
            group: text(&log["options"]["awslogs-group"]),
            prefix: text(&log["options"]["awslogs-stream-prefix"]),
        }),
        cpu: number("cpu").unwrap_or(0),
        memory: number("memoryReservation").or_else(|| number("memory")).unwrap_or(0),
    }
}

fn port_mapping(body: &Value) -> Option<PortMapping> {
    let port = |member: &str| body[member].as_u64().and_then(|port| u16::try_from(port).ok());
    Some(PortMapping {
        container_port: port("containerPort")?,
        host_port: port("hostPort").unwrap_or(0),
        protocol: body["protocol"].as_str().unwrap_or("tcp").to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_units_and_in_words() {
        assert_eq!(size("256"), Some(256));
        assert_eq!(size(".25 vCPU"), Some(256));
        assert_eq!(size("0.5 GB"), Some(512));
        assert_eq!(size("lots"), None);
    }
}
