//! Performs one change of going back: on record first, then the fence, then the change.

use crate::decide::Which;
use crate::{Action, Members, STATE, View};
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
    let progress = &mut held.record.progress;
    progress.rollback_at.get_or_insert(view.now);
    let is_back = matches!(&view.members, Members::Pair { live_group, next_group, routes, .. }
        if routes.iter().all(|route| is_at(route, live_group, next_group, 0)));
    if is_back {
        progress.restored_at = Some(view.back_since().unwrap_or(view.now));
        progress.weight = 0;
    }
    if matches!(action, Action::Scale { .. }) {
        progress.tells = progress.tells.saturating_add(1);
    }
    if matches!(action, Action::Shelter { .. }) {
        progress.weight = WHOLE;
    }
    let why = match action {
        Action::Wait { why }
        | Action::Scale { why, .. }
        | Action::Weights { why }
        | Action::Shelter { why }
        | Action::Done { why }
        | Action::GiveUp { why } => why,
    };
    progress.rolled_back = matches!(action, Action::Done { .. });
    if let Action::GiveUp { why } = action {
        held.record.give_up(why);
    }
    held.record.note(view.now, STATE, why);
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
