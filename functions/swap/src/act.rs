//! Writes weights: intention on record, fence, write, read back, progress on record.

use crate::apply::{intend, note, shifted};
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
        if intend(&mut held.record, view.step) {
            held.write().await?;
        }
        shift(context, held, view, routes, ids).await?;
        read_back(context, held, view).await?;
    }
    if shifted(&mut held.record, view.step, view.weight, context.now()) {
        held.write().await?;
    }
    Ok(note(view.weight))
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
