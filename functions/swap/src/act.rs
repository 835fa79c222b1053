//! Writes weights: intention on record, fence, write, read back, progress on record.

use crate::{Action, View};
use changeover_aws::elb::{RouteActions, with_weights, write};
use changeover_aws::look::routes;
use changeover_domain::StepError;
use changeover_domain::route::{RouteId, is_at, weights_for};
use changeover_lambda::{Context, Held};

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    routes: &[RouteActions],
    action: &Action,
) -> Result<String, StepError> {
    if let Action::Write(ids) = action {
        if held.record.progress.step != Some(view.step) {
            held.record.progress.step = Some(view.step);
            held.write().await?;
        }
        shift(context, held, view, routes, ids).await?;
        read_back(context, held, view).await?;
    }
    let note = format!("the new tasks get {} of 100 requests", view.weight);
    let now = context.now();
    let progress = &mut held.record.progress;
    if progress.weight != view.weight || progress.shifted_at.is_none() {
        progress.step = Some(view.step);
        progress.weight = view.weight;
        progress.shifted_at = Some(now);
        progress.readings = 0;
        held.record.note(now, "Swap", &note);
        held.write().await?;
    }
    Ok(note)
}

async fn shift(
    context: &Context,
    held: &Held<'_>,
    view: &View,
    routes: &[RouteActions],
    ids: &[RouteId],
) -> Result<(), StepError> {
    let weights = weights_for(&view.live, &view.next, view.weight);
    for found in routes.iter().filter(|found| ids.contains(&found.route.id)) {
        held.check_fence().await?;
        write(&context.aws, &found.route.id, with_weights(&found.actions, &weights)).await?;
    }
    Ok(())
}

async fn read_back(context: &Context, held: &Held<'_>, view: &View) -> Result<(), StepError> {
    let routes = routes(&context.aws, held.plan()?).await?;
    match routes.iter().find(|found| !is_at(&found.route, &view.live, &view.next, view.weight)) {
        None => Ok(()),
        Some(other) => Err(StepError::RouteDrifted {
            route: other.route.id.to_string(),
            found: format!("{:?}", other.route.weights),
            expected: format!("weight {} to {}, just written", view.weight, view.next),
        }),
    }
}
