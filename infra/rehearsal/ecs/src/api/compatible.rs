//! What has to go together: a task definition, its network, its target groups, and where it is to run.

use super::input::{client, invalid};
use crate::definition::Definition;
use crate::ecs::Inner;
use crate::state::State;
use crate::targets::GroupKind;
use rehearsal_wire::ApiError;
use serde_json::Value;

/// Target groups by ARN; none where there is no such group.
pub(super) type Groups = Vec<(String, Option<GroupKind>)>;

/// CPU units that Fargate has, and least, most and step of the MiB with each.
const FARGATE_SIZES: [(u32, u32, u32, u32); 7] = [
    (256, 512, 2_048, 512),
    (512, 1_024, 4_096, 1_024),
    (1_024, 2_048, 8_192, 1_024),
    (2_048, 4_096, 16_384, 1_024),
    (4_096, 8_192, 30_720, 1_024),
    (8_192, 16_384, 61_440, 4_096),
    (16_384, 32_768, 122_880, 8_192),
];

impl Inner {
    /// The target groups that a call names for a service.
    pub(super) fn groups_of(&self, operation: &str, input: &Value) -> Groups {
        if !["CreateService", "UpdateService"].contains(&operation) {
            return Vec::new();
        }
        let balancers = input["loadBalancers"].as_array().into_iter().flatten();
        let arns = balancers.filter_map(|one| one["targetGroupArn"].as_str());
        arns.map(|arn| (arn.to_owned(), self.targets.group(arn))).collect()
    }
}

impl State {
    /// Refuses target groups that are not there, that no load balancer uses, or that cannot take such tasks.
    pub(super) fn check_groups(
        &self,
        operation: &str,
        input: &Value,
        groups: &Groups,
    ) -> Result<(), ApiError> {
        let definition = input["taskDefinition"].as_str().and_then(|reference| self.definition(reference));
        let own_interface = definition.is_some_and(|definition| definition.network_mode() == "awsvpc");
        for (arn, kind) in groups {
            let Some(kind) = kind else {
                return Err(invalid(format!("The target group with targetGroupArn {arn} does not exist.")));
            };
            if own_interface && kind.target_type != "ip" {
                return Err(invalid(format!(
                    "The provided target group {arn} has target type {}, which is incompatible with the awsvpc network mode specified in the task definition.",
                    kind.target_type
                )));
            }
            if operation == "CreateService" && !kind.is_balanced {
                return Err(invalid(format!(
                    "The target group with targetGroupArn {arn} does not have an associated load balancer."
                )));
            }
        }
        Ok(())
    }
}

/// Refuses a network that does not go with the definition's mode.
pub(super) fn check_network(definition: &Definition, network: &Value) -> Result<(), ApiError> {
    let given = !network["awsvpcConfiguration"].is_null();
    match (definition.network_mode(), given) {
        ("awsvpc", false) => {
            Err(invalid("Network Configuration must be provided when networkMode 'awsvpc' is specified."))
        }
        ("awsvpc", true) | (_, false) => Ok(()),
        (_, true) => Err(invalid(
            "Network Configuration is not valid for the given networkMode of this task definition.",
        )),
    }
}

/// Refuses Fargate for a definition that is not made for it.
pub(super) fn check_launch(definition: &Definition, on_fargate: bool) -> Result<(), ApiError> {
    let compatible = definition.body["compatibilities"].as_array().into_iter().flatten();
    if on_fargate && !compatible.into_iter().any(|one| one == "FARGATE") {
        return Err(invalid("Task definition does not support launch_type FARGATE."));
    }
    Ok(())
}

/// What a definition can run on, as AWS finds when it is registered.
///
/// # Errors
/// If it is to run on Fargate and cannot.
pub(super) fn compatibilities(input: &Value) -> Result<Vec<&'static str>, ApiError> {
    let own_interface = input["networkMode"] == "awsvpc";
    let text = |member: &str| input[member].as_str().unwrap_or_default().to_owned();
    let (cpu, memory) = (text("cpu"), text("memory"));
    let fits =
        crate::definition::size(&cpu).zip(crate::definition::size(&memory)).is_some_and(|(cpu, memory)| {
            FARGATE_SIZES.iter().any(|(units, least, most, step)| {
                *units == cpu && (*least..=*most).contains(&memory) && (memory - least).is_multiple_of(*step)
            })
        });
    let asks = input["requiresCompatibilities"].as_array().into_iter().flatten().any(|one| one == "FARGATE");
    if asks && !own_interface {
        return Err(client("Fargate only supports network mode ‘awsvpc’."));
    }
    if asks && !fits {
        return Err(client(format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
        )));
    }
    Ok(match (own_interface, fits) {
        (true, true) => vec!["EC2", "FARGATE"],
        (true, false) => vec!["EC2"],
        (false, _) => vec!["EXTERNAL", "EC2"],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fargate_has_sizes_of_its_own() {
        let of = |cpu: &str, memory: &str, mode: &str| {
            let input = json!({ "networkMode": mode, "cpu": cpu, "memory": memory, "requiresCompatibilities": ["FARGATE"] });
            compatibilities(&input).map_err(|error| error.message)
        };
        assert_eq!(of("256", "1024", "awsvpc"), Ok(vec!["EC2", "FARGATE"]));
        assert_eq!(of(".5 vCPU", "1 GB", "awsvpc"), Ok(vec!["EC2", "FARGATE"]));
        for (cpu, memory) in [("256", "256"), ("256", "4096"), ("300", "512"), ("512", "1536")] {
            assert!(
                of(cpu, memory, "awsvpc").unwrap_err().contains("No Fargate configuration"),
                "{cpu} {memory}"
            );
        }
        assert!(of("256", "512", "bridge").unwrap_err().contains("network mode"));
        let on_instances = json!({ "networkMode": "awsvpc", "cpu": "256", "memory": "256" });
        assert_eq!(compatibilities(&on_instances), Ok(vec!["EC2"]));
    }
}
