//! The ECS API: one handler per operation, in AWS's shapes.

mod attribute;
mod capacity;
mod cluster;
mod compatible;
mod create_service;
mod definition;
mod input;
mod instance;
mod page;
mod register;
mod run_task;
mod service;
mod service_deployment;
mod service_revision;
mod tag;
mod task;
mod update_service;

use crate::ecs::Ecs;
use crate::state::State;
use rehearsal_wire::ApiError;
use serde_json::Value;

impl Ecs {
    /// Answers one call. Names and shapes are AWS's; unknown operations are `UnknownOperationException`.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        // Whoever watches for changes may read; reading must not be a change.
        let reads = operation.starts_with("Describe") || operation.starts_with("List");
        if operation == "RunTask" {
            let run = self.inner.update(|state| (state.run_task(&self.inner, &input), true));
            let (lives, answer) = run?;
            lives.into_iter().for_each(|life| self.inner.spawn(life));
            return Ok(answer);
        }
        // Asked outside the lock: the balancer has locks of its own.
        let groups = self.inner.groups_of(operation, &input);
        self.inner.update(|state| {
            let answer = state.check_groups(operation, &input, &groups);
            let answer = answer.and_then(|()| state.answer_call(operation, &input));
            let changed = answer.is_ok() && !reads;
            (answer, changed)
        })
    }
}

impl State {
    fn answer_call(&mut self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "CreateCluster" => self.create_cluster(input),
            "DescribeClusters" => Ok(self.describe_clusters(input)),
            "DeleteCluster" => self.delete_cluster(input),
            "ListClusters" => self.list_clusters(input),
            "RegisterTaskDefinition" => self.register_task_definition(input),
            "DescribeTaskDefinition" => self.describe_task_definition(input),
            "DeregisterTaskDefinition" => self.deregister_task_definition(input),
            "ListTaskDefinitions" => self.list_task_definitions(input),
            "ListTaskDefinitionFamilies" => self.list_task_definition_families(input),
            "CreateService" => self.create_service(input),
            "UpdateService" => self.update_service(input),
            "DeleteService" => self.delete_service(input),
            "DescribeServices" => self.describe_services(input),
            "ListServices" => self.list_services(input),
            "ListTasks" => self.list_tasks(input),
            "DescribeTasks" => self.describe_tasks(input),
            "StopTask" => self.stop_task_by_user(input),
            "ListContainerInstances" => self.list_container_instances(input),
            "DescribeContainerInstances" => self.describe_container_instances(input),
            "UpdateContainerInstancesState" => self.update_container_instances_state(input),
            "TagResource" => self.tag_resource(input),
            "UntagResource" => self.untag_resource(input),
            "ListTagsForResource" => self.list_tags_for_resource(input),
            "ListServiceDeployments" => self.list_service_deployments(input),
            "DescribeServiceDeployments" => self.describe_service_deployments(input),
            "DescribeServiceRevisions" => self.describe_service_revisions(input),
            "CreateCapacityProvider" => self.create_capacity_provider(input),
            "UpdateCapacityProvider" => self.update_capacity_provider(input),
            "DeleteCapacityProvider" => self.delete_capacity_provider(input),
            "DescribeCapacityProviders" => self.describe_capacity_providers(input),
            "PutClusterCapacityProviders" => self.put_cluster_capacity_providers(input),
            "UpdateClusterSettings" => self.update_cluster_settings(input),
            "PutAttributes" => self.put_attributes(input),
            "DeleteAttributes" => self.delete_attributes(input),
            "StopServiceDeployment" => self.stop_service_deployment(input),
            _ => {
                let message = format!("The operation {operation} is not part of this ECS.");
                Err(ApiError::new("UnknownOperationException", message))
            }
        }
    }
}
