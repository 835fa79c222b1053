//! TagResource, UntagResource, ListTagsForResource.

use super::create_service::not_found;
use super::input::{client, invalid, required, strings};
use crate::arn::last_segment;
use crate::service::ServiceStatus;
use crate::state::State;
use crate::tags::Tags;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

impl State {
    pub(super) fn tag_resource(&mut self, input: &Value) -> Result<Value, ApiError> {
        // Merged aside: too many tags change nothing.
        let tags = self.tags_of(input)?;
        let mut merged = tags.clone();
        merged.merge(input)?;
        *tags = merged;
        Ok(json!({}))
    }

    pub(super) fn untag_resource(&mut self, input: &Value) -> Result<Value, ApiError> {
        self.tags_of(input)?.remove(&strings(input, "tagKeys"));
        Ok(json!({}))
    }

    pub(super) fn list_tags_for_resource(&mut self, input: &Value) -> Result<Value, ApiError> {
        Ok(json!({ "tags": self.tags_of(input)?.json() }))
    }

    fn tags_of(&mut self, input: &Value) -> Result<&mut Tags, ApiError> {
        let arn = required(input, "resourceArn", "Resource ARN cannot be empty.")?;
        let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
        let (kind, name) = resource.split_once('/').unwrap_or_default();
        let cluster = name.split('/').next().unwrap_or_default();
        match kind {
            "cluster" => {
                let cluster = self.clusters.get_mut(name).map(|cluster| &mut cluster.tags);
                cluster.ok_or_else(|| ApiError::new("ClusterNotFoundException", "Cluster not found."))
            }
            "service" => {
                let service = self.service_mut(cluster, last_segment(name));
                let service = service.filter(|service| service.status != ServiceStatus::Inactive);
                service.map(|service| &mut service.tags).ok_or_else(not_found)
            }
            "task-definition" => {
                let definition = self.definition_mut(arn).map(|definition| &mut definition.tags);
                definition.ok_or_else(|| client("The specified task definition does not exist."))
            }
            "task" => {
                let task = self.task_mut(arn).map(|task| &mut task.tags);
                task.ok_or_else(|| invalid("The specified task was not found."))
            }
            _ => Err(invalid("Invalid ARN.")),
        }
    }
}
