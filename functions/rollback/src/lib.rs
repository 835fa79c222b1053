//! Brings a service back to what it was, from the pre-state on record; idempotent from any point.
//!
//! Owns: everything the deployment changed: the live side's tasks, the two weights and the routes' stickiness, the next side's
//! tasks, in that order, capacity before traffic; and in the end the room that was made for the new tasks. Never: anything it did not change.

mod act;
mod apply;
mod decide;
mod early;
mod fresh;
mod late;
mod look;
mod pins;

pub use apply::apply;
pub use decide::{Action, Members, View, Which, decide};

use changeover_domain::StepError;
use changeover_domain::state::{Baton, Ending, Verdict};
use changeover_lambda::{Context, EVERYONE, Held, give_room_back, tell_on_the_way};

const STATE: &str = "Rollback";

/// Does the next thing that going back needs, or waits for the one before.
pub async fn run(context: &Context, ending: Ending) -> Result<Baton, StepError> {
    let Some(baton) = ending.baton else {
        return early::end(context, ending.plan, ending.error).await;
    };
    let mut held = context.hold(&baton).await?;
    if let Some(error) = &ending.error {
        held.record.fail(&error.words());
    }
    if held.record.plan.is_none()
        || held.record.progress.back.rolled_back
        || held.record.progress.drain.drained
    {
        return nothing_more(context, &mut held, &baton).await;
    }
    let view = look::look(context, &held).await?;
    let action = decide(&view);
    let poll = held.plan()?.poll(context.config.poll, context.config.after_bake());
    act::act(context, &mut held, &view, &action).await?;
    tell_on_the_way(context, &mut held.record, &EVERYONE).await;
    Ok(match action {
        Action::Done { why } if held.record.progress.owes_room() => baton.waiting(1, why),
        Action::Done { why } | Action::GiveUp { why } => baton.with(Verdict::Ready, why),
        Action::Wait { why }
        | Action::Scale { why, .. }
        | Action::Register { why }
        | Action::Weights { why }
        | Action::Pin { why, .. }
        | Action::Shelter { why } => baton.waiting(poll.0, why),
    })
}

/// Nothing is to be taken back, but for the room that was made.
async fn nothing_more(context: &Context, held: &mut Held<'_>, baton: &Baton) -> Result<Baton, StepError> {
    held.write().await?;
    if held.record.progress.owes_room() && !give_room_back(context, held, STATE).await? {
        return Ok(baton.waiting(context.config.poll.0, "the room that was made is given back"));
    }
    Ok(baton.with(Verdict::Ready, "there is nothing to take back"))
}
