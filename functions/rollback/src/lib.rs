//! Brings a service back to what it was, from the pre-state on record; idempotent from any point.
//!
//! Owns: everything the deployment changed: the live side's tasks, the two weights, the next side's tasks, in that
//! order, capacity before traffic. Never: anything it did not change.

mod act;
mod decide;
mod early;
mod look;

pub use decide::{Action, Members, View, Which, decide};

use changeover_domain::StepError;
use changeover_domain::state::{Baton, Ending, Verdict};
use changeover_lambda::Context;

/// Does the next thing that going back needs, or waits for the one before.
pub async fn run(context: &Context, ending: Ending) -> Result<Baton, StepError> {
    let Some(baton) = ending.baton else {
        return early::end(context, ending.plan, ending.error).await;
    };
    let mut held = context.hold(&baton).await?;
    if let Some(error) = &ending.error {
        held.record.fail(&error.words());
    }
    if held.record.plan.is_none() || held.record.progress.rolled_back || held.record.progress.drained {
        held.write().await?;
        return Ok(baton.with(Verdict::Ready, "there is nothing to take back"));
    }
    let view = look::look(context, &held).await?;
    let action = decide(&view);
    let poll = held.plan()?.poll(context.config.poll, context.config.data_patience);
    act::act(context, &mut held, &view, &action).await?;
    Ok(match action {
        Action::Done { why } | Action::GiveUp { why } => baton.with(Verdict::Ready, why),
        Action::Wait { why }
        | Action::Scale { why, .. }
        | Action::Weights { why }
        | Action::Shelter { why } => baton.waiting(poll.0, why),
    })
}
