//! Performs one change of going back: on record first, then the fence, then the change.

use crate::decide::Which;
use crate::{Action, Members, View, apply};
use changeover_aws::ecs::{Change, update_service};
use changeover_aws::elb::{with_weights, write};
use changeover_aws::look::routes;
use changeover_domain::StepError;
use changeover_domain::route::{WHOLE, Weight, is_at, weights_for};
use changeover_lambda::{Context, Held};

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    action: &Action,
) -> Result<(), StepError> {
    apply(&mut held.record, view, action);
    held.write().await?;
    match action {
        Action::Scale { which, task_definition, desired, .. } => {
            held.check_fence().await?;
            let plan = held.plan()?;
            let member = match which {
                Which::Live => &plan.live,
                Which::Next => plan.target(),
            };
            let (cluster, service) = (&plan.cluster, &member.ecs_service);
            let change =
                Change { cluster, service, task_definition: task_definition.as_deref(), desired: *desired };
            update_service(&context.aws, &change).await
        }
        Action::Weights { .. } => shift(context, held, view, 0).await,
        Action::Shelter { .. } => shift(context, held, view, WHOLE).await,
        Action::Wait { .. } | Action::Done { .. } | Action::GiveUp { .. } => Ok(()),
    }
}

/// Gives the next side this weight on every route, and the live side the rest.
async fn shift(context: &Context, held: &Held<'_>, view: &View, weight: Weight) -> Result<(), StepError> {
    let Members::Pair { live_group, next_group, .. } = &view.members else { return Ok(()) };
    let weights = weights_for(live_group, next_group, weight);
    for found in routes(&context.aws, held.plan()?).await? {
        if !is_at(&found.route, live_group, next_group, weight) {
            held.check_fence().await?;
            write(&context.aws, &found.route.id, with_weights(&found.actions, &weights)).await?;
        }
    }
    Ok(())
}
