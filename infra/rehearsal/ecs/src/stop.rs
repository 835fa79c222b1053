//! Asking a task to stop, once, and counting it as a failure of its deployment where it is one.

use crate::clock::now;
use crate::state::State;
use crate::task::Stop;
use tokio::time::Instant;

/// Doublings of the back-off that matter; beyond them it is at its longest anyway.
const DOUBLINGS: u32 = 16;

impl State {
    /// The first reason to stop stays; later ones change nothing.
    pub(crate) fn stop_task(&mut self, arn: &str, stop: Stop, failed_checks: bool) {
        let Some(task) = self.task_mut(arn) else { return };
        if task.stop.is_some() {
            return;
        }
        let failed_by_itself = matches!(stop.code, "TaskFailedToStart" | "EssentialContainerExited");
        let failure = (failed_by_itself || failed_checks) && !task.was_healthy;
        let reached_running = task.running_since.is_some();
        let place =
            task.service.clone().map(|service| (task.cluster.clone(), service, task.started_by.clone()));
        task.stop = Some(stop);
        task.times.stopping = Some(now());
        task.stopping.cancel();
        if let Some((cluster, service, deployment)) = place.filter(|_| failure) {
            self.count_failure(&cluster, &service, &deployment, reached_running);
        }
        self.announce_task(arn);
    }

    /// Counts a failed task. Only one that did not reach RUNNING makes the next launch wait.
    fn count_failure(&mut self, cluster: &str, service: &str, deployment: &str, reached_running: bool) {
        let config = self.config.clone();
        let event = self.ids.uuid();
        let Some(service) = self.service_mut(cluster, service) else { return };
        let desired = service.desired.max(1);
        let Some(deployment) = service.deployments.iter_mut().find(|known| known.id == deployment) else {
            return;
        };
        if !deployment.proved {
            deployment.failed_tasks += 1;
            deployment.updated_at = now();
        }
        if reached_running {
            return;
        }
        deployment.launch_failures += 1;
        // All tasks of a round fail together; that is one failure to start, not many.
        let rounds = (deployment.launch_failures - 1) / desired;
        let wait =
            config.launch_backoff.saturating_mul(1 << rounds.min(DOUBLINGS)).min(config.launch_backoff_most);
        deployment.next_launch = Some(Instant::now() + wait);
        if rounds == 0 || deployment.told_impaired {
            return;
        }
        deployment.told_impaired = true;
        service.tell(event, now(), "is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.");
        let (arn, cluster) = (service.arn.clone(), service.cluster_arn.clone());
        self.announce_service(&arn, &cluster, ("WARN", "SERVICE_TASK_START_IMPAIRED"), None);
    }

    /// A task of the deployment ran successfully: failures before it are forgotten, later ones not counted.
    pub(crate) fn prove(&mut self, cluster: &str, service: &str, deployment: &str) {
        let Some(service) = self.service_mut(cluster, service) else { return };
        if let Some(deployment) = service.deployments.iter_mut().find(|known| known.id == deployment) {
            deployment.proved = true;
            deployment.failed_tasks = 0;
            deployment.launch_failures = 0;
            deployment.next_launch = None;
        }
    }
}
