//! Amazon ECS in miniature: a rolling scheduler over real processes.
//!
//! [`Ecs`] answers the ECS API in AWS's own shapes ([`Ecs::call`]). A service's tasks are processes on
//! loopback, placed on container instances of finite size, registered in target groups while they serve, and
//! stopped as ECS stops them: deregister, wait until the target is gone, SIGTERM, SIGKILL.
//!
//! What the scheduler does next is decided by [`plan::plan_service`], which is pure; [`placement::place`]
//! says where a task goes. Both can be asked without any ECS around them.
//!
//! What no caller of AWS could do is in methods of [`Ecs`]: hosts are added, resized and taken away, tasks
//! crash. A witness follows [`Ecs::changes`] and reads [`Ecs::snapshot`].
//!
//! Simpler than AWS: deployments only roll, every task is a
//! target by address and port whatever its network mode, and a network interface of its own shares
//! 127.0.0.1 with all others, so that its container port becomes a free port, told in `networkBindings`.

mod announce;
mod api;
mod arn;
mod begin;
mod check;
mod clock;
pub mod config;
mod constraint;
mod container;
mod definition;
mod depend;
mod deployment;
mod ecs;
mod health;
mod ids;
mod instance;
mod launch;
mod life;
mod logs;
mod managed;
mod operator;
pub mod placement;
pub mod plan;
mod port;
mod process;
mod provider;
mod query;
mod registry;
mod revision;
mod rollout;
mod room;
mod scheduler;
mod service;
mod snapshot;
mod state;
mod stop;
mod strategy;
mod tags;
mod targets;
mod task;
mod watchdog;

pub use config::Config;
pub use container::{Containers, KILLED, Printed, Signal, Started};
pub use ecs::{Ecs, EventSink};
pub use logs::{LogLine, LogStream};
pub use provider::{GroupSizes, ScalingGroups};
pub use registry::{Image, Registry};
pub use rehearsal_elb::TargetHealth;
pub use snapshot::{InstanceSnapshot, ServiceSnapshot, Snapshot, TaskSnapshot};
pub use targets::{GroupKind, TargetGroups};
pub use task::Status;
