//! The rehearsal's cloud: every AWS API on one port, made from template.yaml.

mod account;
pub mod cloudwatch;
pub mod dynamodb;
pub mod ecr;
pub mod events;
mod input;
pub mod logs;
mod mailbox;
pub mod scheduler;
pub mod sns;
pub mod sqs;
pub mod sts;
pub mod tagging;
pub mod template;

pub use account::Account;

/// Where events go: full EventBridge envelopes.
pub type EventSink = std::sync::Arc<dyn Fn(serde_json::Value) + Send + Sync>;
