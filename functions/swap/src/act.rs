//! Writes weights: intention on record, fence, write, read back, progress on record.

use crate::apply::{intend, note, raise, shifted};
use crate::{Action, View, read_back};
use changeover_aws::elb::{RouteActions, with_stickiness, with_weights, write};
use changeover_aws::look::{LOOKS, pause, routes};
use changeover_domain::StepError;
use changeover_domain::route::{RouteId, weights_for};
use changeover_lambda::{Context, Held};

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    routes: &[RouteActions],
    action: &Action,
) -> Result<String, StepError> {
    if let Action::Raise { why } = action {
        raise(&mut held.record, why, context.now());
        held.write().await?;
        return Ok(why.clone());
    }
    if let Action::Write(ids) = action {
        if intend(&mut held.record, view.step) {
            held.write().await?;
        }
        shift(context, held, view, routes, ids).await?;
        read_all_back(context, held, view).await?;
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
        let mut actions = with_weights(&found.actions, &weights);
        if view.lets_go(&found.route.id) {
            actions = with_stickiness(&actions, None);
        }
        held.check_fence().await?;
        write(&context.aws, &found.route.id, actions).await?;
    }
    Ok(())
}

/// Reads the routes back until all have the weight: AWS may tell for a moment what was there before. What it still tells
/// after a few looks is read again by a repeat of the whole step.
async fn read_all_back(context: &Context, held: &Held<'_>, view: &View) -> Result<(), StepError> {
    let mut looks = 1;
    loop {
        let routes = routes(&context.aws, held.plan()?).await?;
        match routes.iter().try_for_each(|found| read_back(view, &found.route)) {
            Err(_) if looks < LOOKS => looks += 1,
            read => return read,
        }
        pause(context.config.function_timeout).await;
    }
}
