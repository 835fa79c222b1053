//! EventBridge envelopes of `aws.ecs`.

use crate::clock::{iso, now, with_iso_times};
use crate::state::State;
use serde_json::{Map, Value, json};

impl State {
    /// Queues an event; it is sent once the state is unlocked.
    fn announce(&mut self, detail_type: &str, resource: &str, detail: Value) {
        let envelope = json!({
            "version": "0",
            "id": self.ids.uuid(),
            "detail-type": detail_type,
            "source": "aws.ecs",
            "account": self.arns.account,
            "time": iso(now()),
            "region": self.arns.region,
            "resources": [resource],
            "detail": detail,
        });
        self.outbox.push(envelope);
    }

    /// `ECS Task State Change`: the task as it is now, with times in ISO 8601 and no health status.
    pub(crate) fn announce_task(&mut self, arn: &str) {
        let Some(task) = self.task_mut(arn) else { return };
        task.version += 1;
        let mut detail = with_iso_times(task.json());
        if let Some(members) = detail.as_object_mut() {
            members.remove("healthStatus");
            members.insert("updatedAt".to_owned(), iso(now()).into());
        }
        for container in
            detail["containers"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
        {
            container.remove("healthStatus");
        }
        self.announce("ECS Task State Change", arn, detail);
    }

    /// `ECS Service Action`.
    pub(crate) fn announce_service(
        &mut self,
        service: &str,
        cluster: &str,
        (event_type, event_name): (&str, &str),
        reason: Option<&str>,
    ) {
        let mut detail = Map::new();
        detail.insert("eventType".to_owned(), event_type.into());
        detail.insert("eventName".to_owned(), event_name.into());
        detail.insert("clusterArn".to_owned(), cluster.into());
        detail.insert("createdAt".to_owned(), iso(now()).into());
        if let Some(reason) = reason {
            detail.insert("reason".to_owned(), reason.into());
        }
        self.announce("ECS Service Action", service, Value::Object(detail));
    }

    /// `ECS Deployment State Change`.
    pub(crate) fn announce_deployment(
        &mut self,
        service: &str,
        deployment: &str,
        (event_type, event_name): (&str, &str),
        reason: &str,
    ) {
        let detail = json!({
            "eventType": event_type, "eventName": event_name, "deploymentId": deployment,
            "updatedAt": iso(now()), "reason": reason,
        });
        self.announce("ECS Deployment State Change", service, detail);
    }
}
