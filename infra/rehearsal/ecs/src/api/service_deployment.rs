//! ListServiceDeployments, DescribeServiceDeployments, StopServiceDeployment.

use super::create_service::not_found;
use super::input::{invalid, missing, required, some_strings, strings};
use super::page::page_of;
use crate::deployment::Record;
use crate::service::{Service, pending, running};
use crate::state::State;
use crate::task::Task;
use rehearsal_wire::ApiError;
use serde_json::{Value, json};

/// AWS's bound on one DescribeServiceDeployments.
const DESCRIBED_AT_ONCE: usize = 20;

impl State {
    pub(super) fn list_service_deployments(&self, input: &Value) -> Result<Value, ApiError> {
        let cluster = self.cluster_name(input)?;
        let reference = required(input, "service", "Service cannot be empty.")?;
        let service = self.service(&cluster, reference).ok_or_else(not_found)?;
        let wanted = strings(input, "status");
        let (after, before) = (input["createdAt"]["after"].as_f64(), input["createdAt"]["before"].as_f64());
        let fits = |record: &&Record| {
            (wanted.is_empty() || wanted.iter().any(|status| status == record.status.name()))
                && after.is_none_or(|after| record.created_at >= after)
                && before.is_none_or(|before| record.created_at <= before)
        };
        let records: Vec<&Record> = service.records.iter().filter(fits).collect();
        page_of(input, "serviceDeployments", &records, |record| record.arn.clone(), |record| record.brief())
    }

    pub(super) fn describe_service_deployments(&self, input: &Value) -> Result<Value, ApiError> {
        let arns = some_strings(input, "serviceDeploymentArns", DESCRIBED_AT_ONCE)?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            match self.record(&arn) {
                Some((service, record)) => {
                    found.push(record.json(|revision| self.revision(service, revision)));
                }
                None => failures.push(missing(&arn)),
            }
        }
        Ok(json!({ "serviceDeployments": found, "failures": failures }))
    }

    pub(super) fn stop_service_deployment(&mut self, input: &Value) -> Result<Value, ApiError> {
        let arn = required(input, "serviceDeploymentArn", "Service deployment ARN cannot be empty.")?;
        if input["stopType"].as_str().is_some_and(|kind| kind != "ROLLBACK") {
            return Err(invalid("The only stop type of this ECS is ROLLBACK."));
        }
        let unknown =
            || ApiError::new("ServiceDeploymentNotFoundException", "The service deployment was not found.");
        let (service, _) = self.record(arn).ok_or_else(unknown)?;
        let key = (service.cluster.clone(), service.name.clone());
        self.stop_deployment(&key, arn)?;
        Ok(json!({ "serviceDeploymentArn": arn }))
    }

    fn record(&self, arn: &str) -> Option<(&Service, &Record)> {
        let mut all =
            self.services.values().flat_map(|service| service.records.iter().map(move |it| (service, it)));
        all.find(|(_, record)| record.arn == arn)
    }

    /// A service revision with its tasks counted.
    fn revision(&self, service: &Service, arn: &str) -> Value {
        let tasks: Vec<&Task> = self.tasks_of(&service.cluster, &service.name).collect();
        let deployment = service.deployments.iter().find(|deployment| deployment.revision == arn);
        let tasks: Vec<&Task> = deployment.map(|it| it.tasks(&tasks).collect()).unwrap_or_default();
        let primary = service.primary().is_some_and(|primary| primary.revision == arn);
        let staying = tasks.iter().filter(|task| task.stop.is_none()).count();
        json!({
            "arn": arn, "requestedTaskCount": if primary { service.desired as usize } else { staying },
            "runningTaskCount": running(&tasks), "pendingTaskCount": pending(&tasks),
        })
    }
}
