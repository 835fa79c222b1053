//! PutAttributes and DeleteAttributes of container instances.

use super::input::invalid;
use crate::arn::last_segment;
use crate::instance::Instance;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one call.
const CHANGED_AT_ONCE: usize = 10;
/// The longest name and the longest value of an attribute.
const LONGEST: usize = 128;
/// The attributes that ECS sets itself begin with this.
const OWN: &str = "ecs.";

impl State {
    /// Sets attributes of container instances.
    pub(super) fn put_attributes(&mut self, input: &Value) -> Result<Value, ApiError> {
        self.change_attributes(input, |instance, name, value| {
            instance.attributes.insert(name.to_owned(), value);
        })
    }

    /// Takes them away.
    pub(super) fn delete_attributes(&mut self, input: &Value) -> Result<Value, ApiError> {
        self.change_attributes(input, |instance, name, _| {
            instance.attributes.remove(name);
        })
    }

    /// All of them or none.
    fn change_attributes(
        &mut self,
        input: &Value,
        change: impl Fn(&mut Instance, &str, Option<String>),
    ) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let given = input["attributes"].as_array().map(Vec::as_slice).unwrap_or_default();
        if given.is_empty() || given.len() > CHANGED_AT_ONCE {
            return Err(invalid(format!("attributes must have between 1 and {CHANGED_AT_ONCE} items.")));
        }
        let arn_of = |state: &Self, attribute: &Value| {
            state.arns.instance(&cluster, last_segment(attribute["targetId"].as_str().unwrap_or_default()))
        };
        for attribute in given {
            check(attribute)?;
            if !self.clusters[&cluster].instances.contains_key(&arn_of(self, attribute)) {
                let message = "The specified target wasn't found.";
                return Err(ApiError::new("TargetNotFoundException", message));
            }
        }
        for attribute in given {
            let arn = arn_of(self, attribute);
            let instances = self.clusters.get_mut(&cluster).map(|cluster| &mut cluster.instances);
            if let Some(instance) = instances.and_then(|instances| instances.get_mut(&arn)) {
                let value = attribute["value"].as_str().map(str::to_owned);
                change(instance, attribute["name"].as_str().unwrap_or_default(), value);
            }
        }
        Ok(json!({ "attributes": given }))
    }
}

fn check(attribute: &Value) -> Result<(), ApiError> {
    let name = attribute["name"].as_str().unwrap_or_default();
    let value = attribute["value"].as_str().unwrap_or_default();
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_./\\".contains(c);
    if name.is_empty() || name.len() > LONGEST || !name.chars().all(legal) || value.len() > LONGEST {
        return Err(invalid(format!("The attribute '{name}' has a name or a value that is not valid.")));
    }
    if name.starts_with(OWN) {
        return Err(invalid(format!("The attribute '{name}' is set by ECS itself.")));
    }
    if attribute["targetId"].as_str().is_none_or(str::is_empty) {
        return Err(invalid(format!("The attribute '{name}' names no container instance in targetId.")));
    }
    Ok(())
}
