//! Versions of state machines: numbered copies that stay as they were published.

use super::Inner;
use super::input::{page, required};
use super::machines::does_not_exist;
use super::record::{Deployed, Version};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on the versions of one state machine.
const MOST_VERSIONS: usize = 1_000;

impl Deployed {
    pub(super) fn newest_version(&self) -> Option<&Version> {
        self.versions.last().and_then(|newest| newest.version.as_ref())
    }

    /// Publishes it as it is. What is published already is that version.
    pub(super) fn publish(&mut self, description: Option<&str>) -> Result<Version, ApiError> {
        let same = |newest: &&Deployed| newest.revision == self.revision;
        if let Some(there) = self.versions.last().filter(same).and_then(|newest| newest.version.clone()) {
            return Ok(there);
        }
        if self.versions.len() >= MOST_VERSIONS {
            let message = format!("A state machine has at most {MOST_VERSIONS} versions");
            return Err(ApiError::new("ServiceQuotaExceededException", message));
        }
        let version = Version {
            arn: format!("{}:{}", self.arn, self.next_version),
            description: description.map(str::to_owned),
            created: crate::now(),
        };
        let published = Self { version: Some(version.clone()), versions: Vec::new(), ..self.clone() };
        self.next_version += 1;
        self.versions.push(published);
        Ok(version)
    }
}

impl Inner {
    pub(super) fn publish_version(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "stateMachineArn")?;
        let mut state = self.state.lock();
        let machine = state.machines.get_mut(arn).ok_or_else(|| does_not_exist(arn))?;
        // A machine that was never updated has the revision INITIAL.
        let current = machine.revision.as_deref().unwrap_or("INITIAL");
        if let Some(revision) = input["revisionId"].as_str().filter(|revision| *revision != current) {
            let message = format!(
                "Failed to publish the State Machine version for revision {revision}. The current State Machine revision is {current}."
            );
            return Err(ApiError::new("ConflictException", message));
        }
        let version = machine.publish(input["description"].as_str())?;
        Ok(json!({ "stateMachineVersionArn": version.arn, "creationDate": version.created }))
    }

    /// Newest first.
    pub(super) fn list_versions(&self, input: &Value) -> Result<Value, ApiError> {
        let machine = self.machine(required(input, "stateMachineArn")?)?;
        let told = |version: &Version| json!({ "stateMachineVersionArn": version.arn, "creationDate": version.created });
        let all: Vec<Value> =
            machine.versions.iter().rev().filter_map(|one| one.version.as_ref().map(told)).collect();
        page(input, "stateMachineVersions", &all)
    }

    /// One that is not there is no error, as in AWS. Executions of it go on.
    pub(super) fn delete_version(&self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "stateMachineVersionArn")?;
        let mut state = self.state.lock();
        for machine in state.machines.values_mut() {
            machine.versions.retain(|one| one.version.as_ref().is_none_or(|version| version.arn != arn));
        }
        Ok(json!({}))
    }
}
