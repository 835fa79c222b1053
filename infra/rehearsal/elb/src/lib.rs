//! Elastic Load Balancing v2 in miniature, with a real HTTP/1.1 data plane.
//!
//! Two halves. The **control plane** ([`Elb::call`]) speaks ELBv2 in AWS's own member names, error codes
//! and ARNs. The **data plane** is N balancer nodes, each a reverse proxy with its *own* view of rules,
//! weights and targets: a change reaches every node after a random lag of its own, so that whoever
//! deploys as if a balancer were one consistent thing loses requests here as in AWS.
//!
//! What it will not do: HTTPS, HTTP/2, Lambda or instance targets, redirects, authentication. Those are
//! refused with AWS's error codes rather than half done.

mod api;
mod arn;
mod config;
mod elb;
mod health;
mod kept;
mod lifecycle;
mod metrics;
mod plane;
mod routing;
mod snapshot;
mod spread;
mod state;
mod target;

pub use config::{Config, Lag};
pub use elb::Elb;
pub use health::TargetHealth;
pub use kept::KeptConnections;
pub use metrics::{HostCounts, LoadBalancerWindow, MetricWindow};
pub use snapshot::{
    GroupSnapshot, NodeSnapshot, NodeTargetSnapshot, RuleSnapshot, Snapshot, TargetSnapshot, WeightSnapshot,
};
