//! DescribeTaskDefinition, DeregisterTaskDefinition, ListTaskDefinitions, ListTaskDefinitionFamilies.

use super::input::{client, includes, invalid};
use super::page::page;
use crate::arn::family_and_revision;
use crate::clock::now;
use crate::definition::{Definition, Family};
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

impl Definition {
    /// In the shape of DescribeTaskDefinition.
    pub(super) fn json(&self) -> Value {
        let mut body = self.body.clone();
        body["status"] = if self.active { "ACTIVE" } else { "INACTIVE" }.into();
        body
    }
}

impl State {
    pub(super) fn describe_task_definition(&self, input: &Value) -> Result<Value, ApiError> {
        let reference = input["taskDefinition"].as_str().unwrap_or_default();
        let definition =
            self.definition(reference).ok_or_else(|| client("Unable to describe task definition."))?;
        let mut answer = json!({ "taskDefinition": definition.json() });
        if includes(input, "TAGS") {
            answer["tags"] = definition.tags.json();
        }
        Ok(answer)
    }

    pub(super) fn deregister_task_definition(&mut self, input: &Value) -> Result<Value, ApiError> {
        let reference = input["taskDefinition"].as_str().unwrap_or_default();
        if family_and_revision(reference).1.is_none() {
            return Err(client("Unable to deregister task definition: a revision is required."));
        }
        let missing = || client("The specified task definition does not exist.");
        let definition = self.definition_mut(reference).ok_or_else(missing)?;
        if definition.active {
            definition.active = false;
            definition.body["deregisteredAt"] = now().into();
        }
        Ok(json!({ "taskDefinition": definition.json() }))
    }

    pub(super) fn list_task_definitions(&self, input: &Value) -> Result<Value, ApiError> {
        let active = match input["status"].as_str() {
            None | Some("ACTIVE") => true,
            Some("INACTIVE") => false,
            Some("DELETE_IN_PROGRESS") => return page(input, "taskDefinitionArns", &[], 100),
            Some(other) => return Err(invalid(format!("Invalid task definition status: {other}."))),
        };
        // AWS takes the whole family name here, whatever the member is called.
        let wanted = input["familyPrefix"].as_str();
        let families = self.families.iter().filter(|(name, _)| wanted.is_none_or(|wanted| *name == wanted));
        let revisions = families.flat_map(|(_, family)| family.revisions.values());
        let mut arns: Vec<String> = revisions
            .filter(|definition| definition.active == active)
            .map(|definition| self.arns.definition(&definition.family, definition.revision))
            .collect();
        if input["sort"] == "DESC" {
            arns.reverse();
        }
        page(input, "taskDefinitionArns", &arns, 100)
    }

    pub(super) fn list_task_definition_families(&self, input: &Value) -> Result<Value, ApiError> {
        let wanted: fn(&Family) -> bool = match input["status"].as_str() {
            Some("ACTIVE") => |family| family.latest().is_some(),
            Some("INACTIVE") => |family| family.latest().is_none(),
            _ => |_| true,
        };
        let prefix = input["familyPrefix"].as_str().unwrap_or_default();
        let families =
            self.families.iter().filter(|(name, family)| name.starts_with(prefix) && wanted(family));
        let names: Vec<String> = families.map(|(name, _)| name.clone()).collect();
        page(input, "families", &names, 100)
    }
}
