//! The decisions that the model drives: the functions' own, or a mutant's.

use changeover_domain::gate::Kind;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::{Deployment, Lease, Outcome, Progress, Wanted};
use changeover_domain::{StepError, Timestamp};

/// One decision of each function, and what stands for the rest of it.
#[derive(Clone, Copy)]
pub struct Deciders {
    /// Which fence `plan` goes on with when it is repeated.
    pub fence: fn(&Lease, &DeploymentId, &str) -> Option<u64>,
    /// Of `plan`.
    pub plan: fn(&plan::View) -> plan::Decision,
    /// Of `register-revision`.
    pub register: fn(register_revision::View) -> Result<register_revision::Action, StepError>,
    /// Of `update-service`.
    pub update: fn(&update_service::View) -> update_service::Action,
    /// Of `check-health`.
    pub check: fn(&check_health::View) -> check_health::Ruling,
    /// Of `swap`.
    pub swap: fn(&swap::View) -> Result<swap::Action, StepError>,
    /// Which step `swap` makes.
    pub step: fn(&Progress) -> usize,
    /// Of `gate`.
    pub gate: fn(&gate::View) -> gate::Action,
    /// Whether an order is put on record: when it comes, and which execution gives it.
    pub order: fn(&mut Deployment, Kind, Timestamp, &str) -> Result<bool, String>,
    /// Of `drain`.
    pub drain: fn(&drain::View) -> Result<drain::Action, StepError>,
    /// Whether somebody who asks for a deployment to be taken back is told that it is too late.
    pub too_late: fn(&Deployment) -> Option<String>,
    /// Of `rollback`.
    pub rollback: fn(&rollback::View) -> rollback::Action,
    /// How `finish` ends a deployment.
    pub outcome: fn(&Deployment) -> Outcome,
    /// What `finish` starts next.
    pub follow: fn(&Deployment, Option<&Wanted>) -> Option<finish::Follow>,
    /// Whether `dispatch` tries a wish again.
    pub again: fn(&[Deployment], &Wanted, Timestamp) -> Option<usize>,
    /// Whether the fence is looked at before a change.
    pub checks_fence: bool,
    /// Whether a recovery looks whether the execution that it recovers from still runs.
    pub checks_death: bool,
}

/// The functions' own.
pub const REAL: Deciders = Deciders {
    fence: Lease::fence_for,
    plan: plan::decide,
    register: register_revision::decide,
    update: update_service::decide,
    check: check_health::decide,
    swap: swap::decide,
    step: Progress::step_to_make,
    gate: gate::decide,
    order: |record, kind, at, by| record.order(kind, at, by, None),
    drain: drain::decide,
    too_late: plan::too_late,
    rollback: rollback::decide,
    outcome: finish::outcome,
    follow: finish::follow,
    again: dispatch::again,
    checks_fence: true,
    checks_death: true,
};
