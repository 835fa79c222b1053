//! ListTasks, DescribeTasks, StopTask.

use super::create_service::not_found;
use super::input::{includes, invalid, missing, required, some_strings};
use super::page::page;
use crate::arn::{family_and_revision, last_segment};
use crate::service::ServiceStatus;
use crate::state::State;
use crate::task::{Stop, Task};
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeTasks.
const DESCRIBED_AT_ONCE: usize = 100;

impl State {
    pub(super) fn list_tasks(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let service = input["serviceName"].as_str().map(last_segment);
        if let Some(service) = service
            && self.service(&cluster, service).is_none_or(|known| known.status == ServiceStatus::Inactive)
        {
            return Err(not_found());
        }
        let desired = input["desiredStatus"].as_str().unwrap_or("RUNNING");
        let asked = |member: &str| input[member].as_str();
        let instance = asked("containerInstance").map(last_segment);
        let fits = |task: &&Task| {
            task.cluster == cluster
                // As AWS says: no task is ever wanted PENDING, so that answers nothing.
                && task.desired_status() == desired
                && service.is_none_or(|service| task.service.as_deref() == Some(service))
                && asked("family").is_none_or(|family| family_and_revision(&task.definition).0 == family)
                && asked("startedBy").is_none_or(|by| task.started_by == by)
                && asked("launchType").is_none_or(|launch| task.launch_type == launch)
                && instance.is_none_or(|id| task.instance.as_deref().map(last_segment) == Some(id))
        };
        let arns: Vec<String> = self.tasks.values().filter(fits).map(|task| task.arn.clone()).collect();
        page(input, "taskArns", &arns, 100)
    }

    pub(super) fn describe_tasks(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for reference in some_strings(input, "tasks", DESCRIBED_AT_ONCE)? {
            match self.task_named(&cluster, &reference) {
                Some(task) => {
                    let mut answer = task.json();
                    answer["tags"] = if includes(input, "TAGS") { task.tags.json() } else { json!([]) };
                    found.push(answer);
                }
                None => failures.push(missing(&self.arns.task(&cluster, last_segment(&reference)))),
            }
        }
        Ok(json!({ "tasks": found, "failures": failures }))
    }

    /// Stops a task at once; unlike the scheduler, it does not wait for the task's targets to drain.
    pub(super) fn stop_task_by_user(&mut self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let reference = required(input, "task", "Task cannot be empty.")?;
        let task = self.task_named(&cluster, reference);
        let arn = task.ok_or_else(|| invalid("The referenced task was not found."))?.arn.clone();
        let reason = input["reason"].as_str().unwrap_or("Task stopped by user");
        self.stop_task(&arn, Stop::by_user(reason.to_owned()), false);
        Ok(json!({ "task": self.task(&arn).map(Task::json) }))
    }
}
