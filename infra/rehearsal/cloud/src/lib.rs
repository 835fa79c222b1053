//! The rehearsal's cloud: every AWS API on one port, made from template.yaml.
//!
//! [`Cloud::start`] reads the template that ships, starts a service for each API, makes in them what the
//! template describes, runs its functions as processes, and opens one port on which SDKs and the AWS CLI
//! find all of it.

mod account;
pub mod autoscaling;
mod between;
mod cloud;
pub mod cloudformation;
mod cloudwatch;
mod config;
mod deploy;
pub mod dynamodb;
pub mod ecr;
pub mod events;
mod front;
mod iam;
mod input;
mod keeping;
mod listing;
pub mod logs;
mod mailbox;
mod measures;
pub mod scaling;
pub mod scheduler;
mod services;
pub mod sns;
pub mod sqs;
pub mod ssm;
pub mod sts;
pub mod tagging;
mod targets;
pub mod template;

pub use account::Account;
pub use cloud::Cloud;
pub use config::{CloudConfig, METRICS_SPEED, MetricPace};
pub use front::{Access, ApiFault, ApiFaultRule, CallCount, Caller, Calls, FaultHook, Limit, Limits};
pub use iam::Iam;
pub use mailbox::Message;
pub use rehearsal_iam::{Decision, Denied, Grant, Judge, Used};

/// Where events go: full EventBridge envelopes.
pub type EventSink = std::sync::Arc<dyn Fn(serde_json::Value) + Send + Sync>;
