//! RegisterTaskDefinition: checks a definition, fills in what AWS fills in, and numbers it.

use super::compatible::compatibilities;
use super::input::{client, required};
use crate::check::CheckPlan;
use crate::clock::now;
use crate::constraint::Constraints;
use crate::definition::Definition;
use crate::depend;
use crate::state::State;
use crate::tags::Tags;
use rehearsal_wire::ApiError;
use serde_json::{Map, Value, json};

/// AWS's bound on a definition.
const DEFINITION_BYTES: usize = 64 * 1024;

/// Members that a registration may have and a description repeats.
const REPEATED: [&str; 15] = [
    "taskRoleArn",
    "executionRoleArn",
    "networkMode",
    "volumes",
    "placementConstraints",
    "requiresCompatibilities",
    "cpu",
    "memory",
    "pidMode",
    "ipcMode",
    "proxyConfiguration",
    "inferenceAccelerators",
    "ephemeralStorage",
    "runtimePlatform",
    "enableFaultInjection",
];

impl State {
    pub(super) fn register_task_definition(&mut self, input: &Value) -> Result<Value, ApiError> {
        let name =
            required(input, "family", "Family should not be null or empty.").map_err(as_client)?.to_owned();
        let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.len() > 255 || !name.chars().all(legal) {
            return Err(client("Family contains invalid characters."));
        }
        if input.to_string().len() > DEFINITION_BYTES {
            return Err(client("Actual length of the task definition exceeds the maximum of 65536 bytes."));
        }
        let containers = check_containers(input)?;
        depend::check(&containers)?;
        Constraints::read(&input["placementConstraints"]).map_err(client)?;
        let tags = Tags::parse(input)?;
        let compatible = compatibilities(input)?;
        let family = self.families.entry(name.clone()).or_default();
        let revision = family.revisions.keys().next_back().map_or(1, |last| last + 1);
        let arn = self.arns.definition(&name, revision);
        let mut body = Map::new();
        body.insert("taskDefinitionArn".to_owned(), arn.clone().into());
        body.insert("family".to_owned(), name.clone().into());
        body.insert("revision".to_owned(), revision.into());
        body.insert("containerDefinitions".to_owned(), containers.into());
        for member in REPEATED {
            if let Some(value) = input.get(member).filter(|value| !value.is_null()) {
                body.insert(member.to_owned(), value.clone());
            }
        }
        for list in ["volumes", "placementConstraints"] {
            body.entry(list).or_insert_with(|| json!([]));
        }
        body.insert("compatibilities".to_owned(), compatible.into());
        let attribute = json!([{ "name": "com.amazonaws.ecs.capability.docker-remote-api.1.18" }]);
        body.insert("requiresAttributes".to_owned(), attribute);
        body.insert("registeredAt".to_owned(), now().into());
        body.insert("registeredBy".to_owned(), self.arns.root().into());
        let body = Value::Object(body);
        let definition = Definition { arn, family: name, revision, active: true, body, tags };
        let answer = json!({ "taskDefinition": definition.json(), "tags": definition.tags.json() });
        family.revisions.insert(revision, definition);
        Ok(answer)
    }
}

fn as_client(error: ApiError) -> ApiError {
    client(error.message)
}

/// The containers, with AWS's defaults in them.
fn check_containers(input: &Value) -> Result<Vec<Value>, ApiError> {
    let given = input["containerDefinitions"].as_array().filter(|list| !list.is_empty());
    let given = given.ok_or_else(|| client("Container list cannot be empty."))?;
    let awsvpc = input["networkMode"] == "awsvpc";
    let task_memory = input["memory"].is_string();
    let mut containers: Vec<Value> = Vec::new();
    for container in given {
        let name = container["name"].as_str().unwrap_or_default();
        if name.is_empty() {
            return Err(client("Container.name should not be null or empty."));
        }
        if containers.iter().any(|known| known["name"] == name) {
            return Err(client(format!("Container.name should be unique: {name}.")));
        }
        if container["image"].as_str().unwrap_or_default().is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
        let memory = ["memory", "memoryReservation"].iter().any(|member| container[member].is_u64());
        if !memory && !task_memory {
            return Err(client(format!(
                "Invalid setting for container '{name}'. At least one of 'memory' or 'memoryReservation' must \
                 be specified."
            )));
        }
        CheckPlan::read(container)?;
        containers.push(with_defaults(container, awsvpc)?);
    }
    if !containers.iter().any(|container| container["essential"] == true) {
        return Err(client("A task definition must have at least one essential container."));
    }
    Ok(containers)
}

fn with_defaults(container: &Value, awsvpc: bool) -> Result<Value, ApiError> {
    let mut container = container.clone();
    let Some(members) = container.as_object_mut() else {
        return Err(client("Container.name should not be null or empty."));
    };
    members.entry("essential").or_insert(json!(true));
    members.entry("cpu").or_insert(json!(0));
    for list in ["environment", "mountPoints", "volumesFrom", "portMappings", "systemControls"] {
        members.entry(list).or_insert_with(|| json!([]));
    }
    for mapping in container["portMappings"].as_array_mut().into_iter().flatten() {
        let Some(mapping) = mapping.as_object_mut() else { continue };
        let port = mapping.get("containerPort").cloned().unwrap_or(json!(0));
        let host = mapping.get("hostPort").cloned().unwrap_or(if awsvpc { port.clone() } else { json!(0) });
        if awsvpc && host != port {
            let message =
                "When networkMode=awsvpc, the host ports and container ports in port mappings must match.";
            return Err(client(message));
        }
        mapping.insert("hostPort".to_owned(), host);
        mapping.entry("protocol").or_insert(json!("tcp"));
    }
    Ok(container)
}
