//! The ECS API: one handler per operation, in AWS's shapes.

mod cluster;
mod create_service;
mod definition;
mod input;
mod instance;
mod page;
mod register;
mod service;
mod service_deployment;
mod tag;
mod task;
mod update_service;

use crate::ecs::Ecs;
use rehearsal_wire::ApiError;
use serde_json::Value;

impl Ecs {
    /// Answers one call. Names and shapes are AWS's; unknown operations are `UnknownOperationException`.
    pub async fn call(&self, operation: &str, input: Value) -> Result<Value, ApiError> {
        let input = &input;
        self.inner.with(|state| match operation {
            "CreateCluster" => state.create_cluster(input),
            "DescribeClusters" => Ok(state.describe_clusters(input)),
            "ListClusters" => state.list_clusters(input),
            "RegisterTaskDefinition" => state.register_task_definition(input),
            "DescribeTaskDefinition" => state.describe_task_definition(input),
            "DeregisterTaskDefinition" => state.deregister_task_definition(input),
            "ListTaskDefinitions" => state.list_task_definitions(input),
            "ListTaskDefinitionFamilies" => state.list_task_definition_families(input),
            "CreateService" => state.create_service(input),
            "UpdateService" => state.update_service(input),
            "DeleteService" => state.delete_service(input),
            "DescribeServices" => state.describe_services(input),
            "ListServices" => state.list_services(input),
            "ListTasks" => state.list_tasks(input),
            "DescribeTasks" => state.describe_tasks(input),
            "StopTask" => state.stop_task_by_user(input),
            "ListContainerInstances" => state.list_container_instances(input),
            "DescribeContainerInstances" => state.describe_container_instances(input),
            "TagResource" => state.tag_resource(input),
            "UntagResource" => state.untag_resource(input),
            "ListTagsForResource" => state.list_tags_for_resource(input),
            "ListServiceDeployments" => state.list_service_deployments(input),
            "DescribeServiceDeployments" => state.describe_service_deployments(input),
            "StopServiceDeployment" => state.stop_service_deployment(input),
            _ => {
                let message = format!("The operation {operation} is not part of this ECS.");
                Err(ApiError::new("UnknownOperationException", message))
            }
        })
    }
}
