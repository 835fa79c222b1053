//! How deployments begin, complete, fail and are rolled back.

use crate::clock::now;
use crate::deployment::{Deployment, Record, RecordStatus, Rollout, breaker_threshold};
use crate::service::{LoadBalancer, RECORD_LIMIT, Service, ServiceStatus};
use crate::state::State;
use crate::task::{Status, Task};
use rehearsal_wire::ApiError;
use std::time::Duration;
use tokio::time::Instant;

/// PRIMARY and ACTIVE together.
const DEPLOYMENT_LIMIT: usize = 5;
/// ECS says again that a service is steady, every six hours.
const STEADY_AGAIN: Duration = Duration::from_secs(6 * 3_600);

const BREAKER: &str = "ECS deployment circuit breaker:";

/// The record of a deployment that begins: its ARN, the revisions of before, and its own.
fn begun(service: &Service, (arn, sources, target): (&str, Vec<String>, &str), at: f64) -> Record {
    Record {
        arn: arn.to_owned(),
        service_arn: service.arn.clone(),
        cluster_arn: service.cluster_arn.clone(),
        status: RecordStatus::InProgress,
        reason: None,
        created_at: at,
        updated_at: at,
        finished_at: None,
        stopped_at: None,
        source_revisions: sources,
        target_revision: target.to_owned(),
        rollback: None,
        configuration: service.rolling.json(),
        breaker_enabled: service.rolling.breaker,
        breaker_triggered: false,
        failures: 0,
        threshold: breaker_threshold(service.desired),
    }
}

impl State {
    /// Makes a new PRIMARY deployment; the one of before becomes ACTIVE and is drained of its tasks.
    pub(crate) fn deploy(
        &mut self,
        key: &(String, String),
        definition: String,
        load_balancers: Vec<LoadBalancer>,
    ) -> Result<(), ApiError> {
        let id = format!("ecs-svc/{}", self.ids.digits());
        let record = self.arns.service_deployment(&key.0, &key.1, &self.ids.short());
        let revision = self.arns.service_revision(&key.0, &key.1, &self.ids.digits());
        let Some(service) = self.services.get_mut(key) else { return Ok(()) };
        if service.deployments.len() >= DEPLOYMENT_LIMIT {
            return Err(ApiError::new("InvalidParameterException", "5 active deployments exist"));
        }
        let at = now();
        for open in service.records.iter_mut() {
            let superseded = match open.status {
                RecordStatus::RollbackInProgress => RecordStatus::RollbackFailed,
                _ => RecordStatus::Stopped,
            };
            open.close(superseded, at);
        }
        service.records.truncate(RECORD_LIMIT - 1);
        let of_before = service.deployments.iter().map(|deployment| deployment.revision.clone()).collect();
        let record_of = begun(service, (&record, of_before, &revision), at);
        service.records.push_front(record_of);
        service.revise(&revision, &definition, &load_balancers, at);
        let reason = format!("ECS deployment {id} in progress.");
        let (arn, deployment) = (service.arn.clone(), id.clone());
        service.steady_since = None;
        service.next_placement = None;
        service.told_placement = None;
        service.deployments.insert(
            0,
            Deployment {
                id,
                definition,
                load_balancers,
                created_at: at,
                updated_at: at,
                rollout: Rollout::InProgress,
                reason: reason.clone(),
                failed_tasks: 0,
                proved: false,
                launch_failures: 0,
                next_launch: None,
                told_impaired: false,
                record,
                revision,
            },
        );
        self.announce_deployment(&arn, &deployment, ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"), &reason);
        Ok(())
    }

    /// After the plan was carried out: what has come to an end? True if something has.
    pub(crate) fn settle(&mut self, key: &(String, String)) -> bool {
        let live: Vec<&Task> =
            self.tasks_of(&key.0, &key.1).filter(|task| task.status != Status::Stopped).collect();
        let owners: Vec<String> = live.iter().map(|task| task.started_by.clone()).collect();
        let total = live.len();
        let Some(service) = self.services.get_mut(key) else { return false };
        let primary = service.primary().map(|primary| primary.id.clone()).unwrap_or_default();
        let before = service.deployments.len();
        service.deployments.retain(|deployment| deployment.id == primary || owners.contains(&deployment.id));
        let news = service.deployments.len() != before;
        if service.status == ServiceStatus::Draining && total == 0 {
            service.status = ServiceStatus::Inactive;
            return true;
        }
        if service.status != ServiceStatus::Active {
            return news;
        }
        let steady = self.services.get(key).is_some_and(|service| {
            let tasks: Vec<&Task> = self.tasks_of(&key.0, &key.1).collect();
            service.is_steady(&tasks)
        });
        if steady {
            return news | self.steady(key);
        }
        if let Some(service) = self.services.get_mut(key) {
            service.steady_since = None;
        }
        news | self.check_breaker(key)
    }

    fn steady(&mut self, key: &(String, String)) -> bool {
        let Some(service) = self.services.get_mut(key) else { return false };
        if service.steady_since.is_some_and(|since| since.elapsed() < STEADY_AGAIN) {
            return false;
        }
        service.steady_since = Some(Instant::now());
        let (arn, cluster) = (service.arn.clone(), service.cluster_arn.clone());
        self.complete(key);
        self.tell(key, "has reached a steady state.");
        self.announce_service(&arn, &cluster, ("INFO", "SERVICE_STEADY_STATE"), None);
        true
    }

    /// The PRIMARY deployment has completed, if it was in progress.
    fn complete(&mut self, key: &(String, String)) {
        let at = now();
        let Some(service) = self.services.get_mut(key) else { return };
        let Some(primary) = service.deployments.first_mut().filter(|primary| primary.in_progress()) else {
            return;
        };
        primary.rollout = Rollout::Completed;
        primary.reason = format!("ECS deployment {} completed.", primary.id);
        primary.updated_at = at;
        let done = primary.clone();
        for record in service.records.iter_mut() {
            match record.status {
                RecordStatus::RollbackInProgress => record.close(RecordStatus::RollbackSuccessful, at),
                RecordStatus::InProgress => record.close(RecordStatus::Successful, at),
                _ => {}
            }
        }
        service.last_completed = Some(done.clone());
        let arn = service.arn.clone();
        self.tell(key, &format!("(deployment {}) deployment completed.", done.id));
        self.announce_deployment(&arn, &done.id, ("INFO", "SERVICE_DEPLOYMENT_COMPLETED"), &done.reason);
    }

    fn check_breaker(&mut self, key: &(String, String)) -> bool {
        let Some(service) = self.services.get_mut(key) else { return false };
        let (rolling, threshold) = (service.rolling.clone(), breaker_threshold(service.desired));
        let Some(primary) = service.primary().filter(|primary| primary.in_progress()).cloned() else {
            return false;
        };
        if let Some(record) = service.records.iter_mut().find(|record| record.arn == primary.record) {
            record.failures = primary.failed_tasks;
            record.threshold = threshold;
        }
        if !rolling.breaker || primary.failed_tasks < threshold {
            return false;
        }
        if let Some(record) = service.records.iter_mut().find(|record| record.arn == primary.record) {
            record.breaker_triggered = true;
        }
        let reason = format!("{BREAKER} tasks failed to start.");
        self.fail(key, &reason);
        self.tell(key, &format!("(deployment {}) deployment failed: tasks failed to start.", primary.id));
        if rolling.breaker_rolls_back {
            self.roll_back(key, &reason, BREAKER);
        }
        true
    }

    /// The PRIMARY deployment launches nothing more.
    fn fail(&mut self, key: &(String, String), reason: &str) {
        let at = now();
        let Some(service) = self.services.get_mut(key) else { return };
        let Some(primary) = service.deployments.first_mut() else { return };
        primary.rollout = Rollout::Failed;
        primary.reason = reason.to_owned();
        primary.updated_at = at;
        let (arn, id, record) = (service.arn.clone(), primary.id.clone(), primary.record.clone());
        if let Some(record) = service.records.iter_mut().find(|known| known.arn == record) {
            record.reason = Some(reason.to_owned());
            record.close(RecordStatus::Stopped, at);
        }
        self.announce_deployment(&arn, &id, ("ERROR", "SERVICE_DEPLOYMENT_FAILED"), reason);
    }

    /// Back to the last deployment that completed. False if there is none: the service is stuck then.
    fn roll_back(&mut self, key: &(String, String), why: &str, said_by: &str) -> bool {
        let at = now();
        let Some(service) = self.services.get_mut(key) else { return false };
        let Some(failed) = service.primary().cloned() else { return false };
        let Some(mut target) = service.last_completed.clone().filter(|it| it.id != failed.id) else {
            return false;
        };
        let reason = format!("{said_by} rolling back to deploymentId {}.", target.id);
        target.rollout = Rollout::InProgress;
        target.reason = reason.clone();
        target.updated_at = at;
        target.launch_failures = 0;
        target.next_launch = None;
        service.deployments.retain(|deployment| deployment.id != target.id);
        if let Some(record) = service.records.iter_mut().find(|record| record.arn == failed.record) {
            record.status = RecordStatus::RollbackInProgress;
            (record.finished_at, record.stopped_at) = (None, None);
            record.rollback = Some((why.to_owned(), at, target.revision.clone()));
        }
        let (arn, id) = (service.arn.clone(), target.id.clone());
        service.next_placement = None;
        service.deployments.insert(0, target);
        self.tell(key, &format!("rolling back to (deployment {id})."));
        self.announce_deployment(&arn, &id, ("INFO", "SERVICE_DEPLOYMENT_IN_PROGRESS"), &reason);
        true
    }

    /// `StopServiceDeployment(ROLLBACK)`: works without the circuit breaker, but not once it is over.
    pub(crate) fn stop_deployment(&mut self, key: &(String, String), record: &str) -> Result<(), ApiError> {
        let over = || ApiError::new("ConflictException", "The service deployment is not in progress.");
        let service = self.services.get(key).ok_or_else(over)?;
        let primary = service.primary().filter(|primary| primary.record == record && primary.in_progress());
        let primary = primary.ok_or_else(over)?;
        if service.last_completed.as_ref().is_none_or(|completed| completed.id == primary.id) {
            let message = "There is no completed deployment to roll back to.";
            return Err(ApiError::new("ConflictException", message));
        }
        let reason = format!("ECS deployment {} stopped.", primary.id);
        self.fail(key, &reason);
        self.roll_back(key, &reason, "Service deployment stopped:");
        Ok(())
    }
}
