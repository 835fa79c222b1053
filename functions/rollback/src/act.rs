//! Performs one change of going back: on record first, then the fence, then the change.

use crate::decide::Which;
use crate::{Action, Members, STATE, View, apply};
use changeover_aws::ecs::{Change, task_definition, update_service};
use changeover_aws::elb::{with_stickiness, with_weights, write};
use changeover_aws::look::routes;
use changeover_aws::revision::{self, copied, registered};
use changeover_domain::StepError;
use changeover_domain::readiness::WAY_BACK_TAG;
use changeover_domain::route::{Route, WHOLE, Weight, is_at, weights_for};
use changeover_lambda::{Context, Held, pin};

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
        Action::Register { .. } => register(context, held).await,
        Action::Pin { routes, .. } => pin(context, held, routes).await,
        Action::Weights { .. } => shift(context, held, view, 0).await,
        Action::Shelter { .. } => shift(context, held, view, WHOLE).await,
        Action::Wait { .. } | Action::Done { .. } | Action::GiveUp { .. } => Ok(()),
    }
}

/// Registers a copy of the revision that is gone back to, or finds the one that an earlier look has registered.
async fn register(context: &Context, held: &mut Held<'_>) -> Result<(), StepError> {
    let plan = held.plan()?;
    let images = plan.readiness.copy.as_ref().map(|copy| copy.images.clone()).unwrap_or_default();
    let (source, tags) = task_definition(&context.aws, &plan.live.task_definition).await?;
    let family = source.family().unwrap_or_default().to_owned();
    let id = held.record.id.as_tag();
    let tag = (WAY_BACK_TAG, id.as_str());
    let revision = match registered(&context.aws, &family, tag).await? {
        Some(earlier) => earlier,
        None => {
            let (containers, tags) = copied(&source, &images, &tags, tag)?;
            held.check_fence().await?;
            revision::register(&context.aws, source, containers, tags).await?
        }
    };
    let note = format!("registered {revision} for going back");
    held.record.progress.start.way_back = Some(revision);
    held.record.note(context.now(), STATE, note);
    held.write().await
}

/// Gives the next side this weight on every route, and the live side the rest.
async fn shift(context: &Context, held: &Held<'_>, view: &View, weight: Weight) -> Result<(), StepError> {
    let Members::Pair { live_group, next_group, sticky, .. } = &view.members else { return Ok(()) };
    // With the weights, clients are let go who are pinned to the side that goes.
    let is_pinned = |route: &Route| sticky.contains(&route.id) && route.is_sticky();
    let weights = weights_for(live_group, next_group, weight);
    for found in routes(&context.aws, held.plan()?).await? {
        if !is_at(&found.route, live_group, next_group, weight) || is_pinned(&found.route) {
            let mut actions = with_weights(&found.actions, &weights);
            if is_pinned(&found.route) {
                actions = with_stickiness(&actions, None);
            }
            held.check_fence().await?;
            write(&context.aws, &found.route.id, actions).await?;
        }
    }
    Ok(())
}
