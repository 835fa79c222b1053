//! Performs one change of starting tasks: on record first, then the fence, then the change.

use crate::{Action, View};
use changeover_aws::autoscaling::set_desired;
use changeover_aws::ecs::{Change, update_service};
use changeover_domain::StepError;
use changeover_domain::room::Enlarged;
use changeover_lambda::{Context, Held};

const STATE: &str = "UpdateService";

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    action: &Action,
) -> Result<(), StepError> {
    match action {
        Action::Nothing => begun(context, held, view).await,
        Action::Start { desired } => {
            begun(context, held, view).await?;
            held.check_fence().await?;
            let change = Change {
                cluster: &view.cluster,
                service: &view.member,
                task_definition: Some(&view.revision),
                desired: *desired,
            };
            update_service(&context.aws, &change).await
        }
        Action::Enlarge { group, from, to, why } => enlarge(context, held, group, (*from, *to), why).await,
        Action::Wait { why } => {
            held.record.progress.room_missed_at.get_or_insert(context.now());
            held.record.note(context.now(), STATE, why);
            held.write().await
        }
        Action::NoRoom { why } => {
            held.record.fail(why);
            held.record.note(context.now(), STATE, why);
            held.write().await
        }
    }
}

/// Puts on record, before the change, that tasks are asked for: what happens to them from here on is this deployment's
/// doing.
async fn begun(context: &Context, held: &mut Held<'_>, view: &View) -> Result<(), StepError> {
    if view.started {
        return Ok(());
    }
    let now = context.now();
    held.record.progress.started_at = Some(now);
    held.record.note(now, STATE, format!("{} tasks of {} in {}", view.tasks, view.revision, view.member));
    if let Some(plan) = &mut held.record.plan {
        plan.tasks = view.tasks;
    }
    held.write().await
}

async fn enlarge(
    context: &Context,
    held: &mut Held<'_>,
    group: &str,
    (from, to): (u32, u32),
    why: &str,
) -> Result<(), StepError> {
    let (now, progress) = (context.now(), &mut held.record.progress);
    progress.room_missed_at.get_or_insert(now);
    // Of what is enlarged again, the first size counts.
    let from = progress.enlarged.as_ref().map_or(from, |enlarged| enlarged.from);
    progress.enlarged = Some(Enlarged::new(from, to));
    held.record.note(now, STATE, format!("{group} is enlarged to {to} instances: {why}"));
    held.write().await?;
    held.check_fence().await?;
    set_desired(&context.aws, group, to).await
}
