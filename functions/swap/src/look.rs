//! What `swap` looks at: the routes, the destination's health, and how far the ledger says we are.

use crate::View;
use changeover_aws::ecs::service_named;
use changeover_aws::elb::RouteActions;
use changeover_aws::look::{routes, side};
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<(View, Vec<RouteActions>), StepError> {
    let plan = held.plan()?;
    let (Some(next), Some((live_group, next_group))) = (&plan.next, plan.pair_groups()) else {
        return Err(StepError::RecordMissing(
            "there are no weights to shift: the plan has no pair".to_owned(),
        ));
    };
    let progress = &held.record.progress;
    let step = progress.step_to_make().min(plan.settings.steps.len().saturating_sub(1));
    let routes = routes(&context.aws, plan).await?;
    let live = service_named(&context.aws, &plan.cluster, &plan.live.ecs_service).await?;
    let next_seen = side(&context.aws, &plan.cluster, next).await?;
    let view = View {
        live: live_group.to_owned(),
        next: next_group.to_owned(),
        planned: plan.routes.iter().map(|route| route.id.clone()).collect(),
        routes: routes.iter().map(|route| route.route.clone()).collect(),
        before: progress.shift.weight,
        stale: progress.stale_weight(plan, context.now()),
        step,
        weight: plan.weight_of(step),
        is_last: plan.is_last(step),
        sticky: plan.sticky(),
        healthy: next_seen.healthy(),
        needed: plan.tasks.max(live.desired),
        desired: next_seen.service.desired,
        running: next_seen.service.running,
        raises: progress.start.raises,
    };
    Ok((view, routes))
}
