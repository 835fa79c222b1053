//! The load balancing that tasks are registered with, as far as ECS needs to know it.

use rehearsal_elb::{Elb, TargetHealth};
use rehearsal_wire::ApiError;

/// What ECS asks of a target group before it makes a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupKind {
    /// `TargetType`.
    pub target_type: String,
    /// Whether a load balancer forwards to it.
    pub is_balanced: bool,
}

/// Target groups: tasks are registered when they start, and wait to be gone before they are stopped.
pub trait TargetGroups: Send + Sync {
    /// Adds a target, which is an address and a port.
    fn register(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError>;
    /// Takes a target out; it drains first.
    fn deregister(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError>;
    /// What a group is; none if there is no such group.
    fn group(&self, target_group_arn: &str) -> Option<GroupKind>;
    /// How a target is; `None` once it has drained, or if it never was registered.
    fn target_health(&self, target_group_arn: &str, id: &str, port: u16) -> Option<TargetHealth>;
}

impl TargetGroups for Elb {
    fn register(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        Self::register(self, target_group_arn, id, port)
    }

    fn deregister(&self, target_group_arn: &str, id: &str, port: u16) -> Result<(), ApiError> {
        Self::deregister(self, target_group_arn, id, port)
    }

    fn group(&self, target_group_arn: &str) -> Option<GroupKind> {
        let (target_type, is_balanced) = self.group_kind(target_group_arn)?;
        Some(GroupKind { target_type, is_balanced })
    }

    fn target_health(&self, target_group_arn: &str, id: &str, port: u16) -> Option<TargetHealth> {
        Self::target_health(self, target_group_arn, id, port)
    }
}
