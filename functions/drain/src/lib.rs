//! Lets the side that went out finish its requests, keeps it warm for the rollback window, then lets ECS stop its
//! tasks; what room was made for the new ones is given back in the end.
//!
//! Owns: the number of tasks of the side that went out; and gives back the stickiness of routes, which the last shift switched
//! off. Never: anything else of a route, the side that serves, a task by itself
//! (ECS deregisters, waits and stops; we only say how many there shall be).

mod apply;
mod decide;
mod look;

pub use apply::apply;
pub use decide::{Action, Outgoing, View, decide, serving, told_to_stop, watched};

use changeover_aws::ecs::{Change, update_service};
use changeover_domain::StepError;
use changeover_domain::alarmed::Alarms;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::{Blind, Context, Held, blind, give_room_back, pin, sighted};

const STATE: &str = "Drain";

/// Does the next thing that draining needs, or waits for the one before.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    if held.record.progress.drain.drained {
        return Ok(if give_room_back(context, &mut held, STATE).await? {
            baton.with(Verdict::Ready, "drained")
        } else {
            baton.waiting(context.config.poll.0, "the room that was made is given back")
        });
    }
    let looked = look::look(context, &held).await;
    let view = match looked {
        Ok(view) => view,
        Err(error) => {
            let poll = held.plan()?.poll(context.config.poll, context.config.after_bake());
            return Ok(match blind(&mut held, context.now(), STATE, error).await? {
                Blind::Wait(why) => baton.waiting(poll.0, why),
                Blind::TakenBack(why) => baton.with(Verdict::Failed, why),
            });
        }
    };
    if !matches!(view.alarms, Alarms::Unseen { .. }) {
        sighted(&mut held).await?;
    }
    let action = decide(&view)?;
    act(context, &mut held, &view, &action).await?;
    Ok(match action {
        Action::Wait { seconds, why } => baton.waiting(seconds.0, why),
        Action::Quiet { why } => baton.waiting(1, why),
        // It reaches every balancer node before anything follows from it.
        Action::Pin { why, .. } => baton.waiting(context.config.poll.0, why),
        Action::TakeBack { why, .. } => baton.with(Verdict::Failed, why),
        Action::ScaleIn => baton.waiting(context.config.poll.0, told_to_stop(&view)),
        Action::Drained { why, .. } if held.record.progress.owes_room() => baton.waiting(1, why),
        Action::Drained { why, .. } => baton.with(Verdict::Ready, why),
    })
}

async fn act(context: &Context, held: &mut Held<'_>, view: &View, action: &Action) -> Result<(), StepError> {
    let before = held.record.clone();
    apply(&mut held.record, view, action);
    if matches!(action, Action::Wait { .. }) && held.record == before {
        return Ok(());
    }
    // Once the old tasks are told to stop there is no way back, and whoever asks for one is told so. If they asked since
    // the look, this write is refused, and the next look finds it.
    held.write().await?;
    match action {
        Action::ScaleIn => {}
        Action::Pin { routes, .. } => return pin(context, held, routes).await,
        _ => return Ok(()),
    }
    held.check_fence().await?;
    let plan = held.plan()?;
    let (cluster, service) = (&plan.cluster, &plan.live.ecs_service);
    let change = Change { cluster, service, task_definition: None, desired: Some(0) };
    update_service(&context.aws, &change).await
}
