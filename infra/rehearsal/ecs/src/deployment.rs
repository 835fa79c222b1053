//! One deployment of a service and its lasting record, the service deployment.

use crate::service::LoadBalancer;
use crate::task::Task;
use serde_json::{Value, json};
use tokio::time::Instant;

/// The circuit breaker's threshold: half of desired, but at least 3 and at most 200.
pub(crate) fn breaker_threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(3, 200)
}

/// `rolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rollout {
    InProgress,
    Completed,
    /// The circuit breaker gave up on it; it launches nothing more.
    Failed,
}

impl Rollout {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// One deployment.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// `ecs-svc/N`.
    pub(crate) id: String,
    /// The task definition's ARN.
    pub(crate) definition: String,
    pub(crate) load_balancers: Vec<LoadBalancer>,
    pub(crate) created_at: f64,
    pub(crate) updated_at: f64,
    pub(crate) rollout: Rollout,
    pub(crate) reason: String,
    /// Consecutive tasks that failed before any succeeded.
    pub(crate) failed_tasks: u32,
    /// A task of it has run successfully: failures count no more.
    pub(crate) proved: bool,
    /// Consecutive launches that did not reach RUNNING.
    pub(crate) launch_failures: u32,
    /// Launches wait until then.
    pub(crate) next_launch: Option<Instant>,
    /// The back-off has been told.
    pub(crate) told_impaired: bool,
    /// ARN of its service deployment.
    pub(crate) record: String,
    /// ARN of its service revision.
    pub(crate) revision: String,
}

impl Deployment {
    pub(crate) fn in_progress(&self) -> bool {
        self.rollout == Rollout::InProgress
    }

    pub(crate) fn tasks<'a>(&self, tasks: &[&'a Task]) -> impl Iterator<Item = &'a Task> {
        tasks.iter().copied().filter(|task| task.started_by == self.id)
    }
}

/// A service deployment: what became of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) arn: String,
    pub(crate) service_arn: String,
    pub(crate) cluster_arn: String,
    pub(crate) status: RecordStatus,
    pub(crate) reason: Option<String>,
    pub(crate) created_at: f64,
    pub(crate) updated_at: f64,
    pub(crate) finished_at: Option<f64>,
    pub(crate) stopped_at: Option<f64>,
    pub(crate) source_revisions: Vec<String>,
    pub(crate) target_revision: String,
    /// Reason, time and revision of a rollback.
    pub(crate) rollback: Option<(String, f64, String)>,
    pub(crate) configuration: Value,
    pub(crate) breaker_enabled: bool,
    pub(crate) breaker_triggered: bool,
    pub(crate) failures: u32,
    pub(crate) threshold: u32,
}

/// `status` of a service deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordStatus {
    InProgress,
    Stopped,
    Successful,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl RecordStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Stopped => "STOPPED",
            Self::Successful => "SUCCESSFUL",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(crate) fn open(self) -> bool {
        matches!(self, Self::InProgress | Self::RollbackInProgress)
    }
}

impl Record {
    /// Ends it, if it has not ended.
    pub(crate) fn close(&mut self, status: RecordStatus, at: f64) {
        if !self.status.open() {
            return;
        }
        self.status = status;
        self.updated_at = at;
        self.finished_at = Some(at);
        if status == RecordStatus::Stopped {
            self.stopped_at = Some(at);
        }
    }

    /// In the shape of ListServiceDeployments.
    pub(crate) fn brief(&self) -> Value {
        let mut value = json!({
            "serviceDeploymentArn": self.arn, "serviceArn": self.service_arn, "clusterArn": self.cluster_arn,
            "createdAt": self.created_at, "startedAt": self.created_at,
            "targetServiceRevisionArn": self.target_revision, "status": self.status.name(),
        });
        self.add_the_end(&mut value);
        value
    }

    /// In the shape of DescribeServiceDeployments; `counts` of a revision's tasks come from the caller.
    pub(crate) fn json(&self, counts: impl Fn(&str) -> Value) -> Value {
        let breaker = match (self.breaker_enabled, self.breaker_triggered, self.status.open()) {
            (false, ..) => "DISABLED",
            (_, true, _) => "TRIGGERED",
            (_, false, true) => "MONITORING",
            (_, false, false) => "MONITORING_COMPLETE",
        };
        let mut value = json!({
            "serviceDeploymentArn": self.arn, "serviceArn": self.service_arn, "clusterArn": self.cluster_arn,
            "createdAt": self.created_at, "startedAt": self.created_at, "updatedAt": self.updated_at,
            "sourceServiceRevisions": self.source_revisions.iter().map(|arn| counts(arn)).collect::<Vec<_>>(),
            "targetServiceRevision": counts(&self.target_revision),
            "status": self.status.name(),
            "deploymentConfiguration": self.configuration,
            "deploymentCircuitBreaker": {
                "status": breaker, "failureCount": self.failures, "threshold": self.threshold,
            },
        });
        self.add_the_end(&mut value);
        if let Some(stopped) = self.stopped_at {
            value["stoppedAt"] = stopped.into();
        }
        if let Some((reason, started, revision)) = &self.rollback {
            value["rollback"] =
                json!({ "reason": reason, "startedAt": started, "serviceRevisionArn": revision });
        }
        value
    }

    fn add_the_end(&self, value: &mut Value) {
        if let Some(finished) = self.finished_at {
            value["finishedAt"] = finished.into();
        }
        if let Some(reason) = &self.reason {
            value["statusReason"] = reason.clone().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_is_half_of_desired_within_bounds() {
        assert_eq!([1, 6, 7, 8, 1000].map(breaker_threshold), [3, 3, 4, 4, 200]);
    }
}
