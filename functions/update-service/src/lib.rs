//! Starts the new tasks: as many as run now. Makes room for them first where there is none and a group is in our hands.
//!
//! Owns: the task definition and the number of tasks of the next side; of a rolling service only the task
//! definition; the size of the Auto Scaling group that is tagged for the cluster. Never: routes, the live side of a
//! pair, a number of tasks that an autoscaler owns.

mod act;
mod apply;
mod decide;
mod look;

pub use apply::apply;
pub use decide::{Action, RoomSeen, View, decide};

use changeover_domain::StepError;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::Context;

/// Makes sure that the new tasks are asked for, once there is room for them.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    let view = look::look(context, &held).await?;
    let action = decide(&view);
    act::act(context, &mut held, &view, &action).await?;
    Ok(match action {
        Action::Nothing | Action::Start { .. } => {
            let (count, member) = (view.tasks, &view.member);
            baton
                .with(Verdict::Ready, format!("{count} tasks of {} are asked for in {member}", view.revision))
        }
        Action::Enlarge { why, .. } | Action::Wait { why } => baton.waiting(context.config.poll.0, why),
        Action::NoRoom { why } => baton.with(Verdict::Failed, why),
    })
}
