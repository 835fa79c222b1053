//! Turns an ECR push, a schedule's tick, a reconcile tick or a dead execution into executions.
//!
//! Owns: what is wanted, as far as the registry says. Never: the service; and it decides nothing about it. A push
//! does not carry orders: whatever the event says, what the tag points to now is wanted.

mod decide;
mod drift;
mod each;
mod event;
mod freeze;
mod known;
mod measure;
mod refuse;
mod start;

pub use decide::{Moment, again, recovers};
pub use drift::{Drift, Member, drift};
pub use event::{Event, read};
pub use measure::{blind, drifted, held, recovery, refused, standing};

use changeover_domain::StepError;
use changeover_domain::freeze::Freeze;
use changeover_lambda::Context;
use serde::{Deserialize, Serialize};

/// What was started.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dispatched {
    /// Execution ARNs.
    pub started: Vec<String>,
    /// What was not, and why.
    pub passed_over: Vec<String>,
    /// The freeze that lasts, where somebody asked for one or for its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Freeze>,
}

impl Dispatched {
    /// Nothing was started, and why.
    fn passing_over(why: String) -> Self {
        Self { passed_over: vec![why], ..Self::default() }
    }
}

/// Handles one event. Safe to repeat: the same meaning leads to the same execution's name.
pub async fn run(context: &Context, event: serde_json::Value) -> Result<Dispatched, StepError> {
    let event = read(&event)?;
    tracing::info!(event = ?event, "an event");
    let dispatched = match event {
        Event::Push { repository, moved } => start::pushed(context, &repository, &moved).await,
        Event::Redeploy { service, at } => start::redeploy(context, service, &at).await,
        Event::Reconcile => start::reconcile(context).await,
        Event::Dead { execution, request } => start::recover(context, &execution, request).await,
        Event::Freeze(order) => freeze::begin(context, order).await,
        Event::Unfreeze(order) => freeze::end(context, order).await,
        Event::Other(why) => Ok(Dispatched::passing_over(why)),
    }?;
    for why in &dispatched.passed_over {
        tracing::info!(why, "passed over");
    }
    Ok(dispatched)
}
