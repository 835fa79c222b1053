//! AWS as the functions use it: clients built once, answers as plain types, errors sorted into ours.
//!
//! Owns: the clients, what is retried, the ledger's reading and writing, and the translation between AWS's
//! shapes and `changeover-domain`. Never: decisions. Reality is swapped at the HTTP endpoint
//! (`AWS_ENDPOINT_URL`), not behind traits.

mod clients;
mod failure;

pub mod alarms;
pub mod autoscaling;
pub mod bus;
pub mod calendar;
pub mod ecr;
pub mod ecs;
pub mod elb;
pub mod executions;
pub mod invoke;
pub mod ledger;
pub mod logs;
pub mod look;
pub mod metrics;
pub mod once;
pub mod revision;
pub mod stacks;
pub mod tags;
pub mod topic;
pub mod twin;

pub use clients::{Aws, Wire, http};
pub use failure::{At, is_code};

/// AWS's own types, for functions that copy a resource whole.
pub mod sdk {
    pub use aws_sdk_ecs as ecs;
    pub use aws_sdk_elasticloadbalancingv2 as elb;
}

/// AWS's time as ours; none if it does not fit, which AWS never sends.
fn moment(at: &aws_smithy_types::DateTime) -> Option<changeover_domain::Timestamp> {
    changeover_domain::Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// Our time as AWS's.
fn date_time(at: changeover_domain::Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_millis(at.as_millisecond())
}
