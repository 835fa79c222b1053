//! Giving back what kept clients where they were.

use crate::{Context, Held};
use changeover_aws::elb::{with_stickiness, write};
use changeover_aws::look::routes;
use changeover_domain::StepError;
use changeover_domain::route::RouteId;

/// Gives these routes the stickiness that the plan found on them, and changes nothing else. Where it is on, nothing is done.
pub async fn pin(context: &Context, held: &Held<'_>, ids: &[RouteId]) -> Result<(), StepError> {
    let plan = held.plan()?;
    for found in routes(&context.aws, plan).await? {
        let was = plan.routes.iter().find(|route| route.id == found.route.id);
        let seconds = was.and_then(|route| route.stickiness_seconds);
        if seconds.is_none() || found.route.is_sticky() || !ids.contains(&found.route.id) {
            continue;
        }
        held.check_fence().await?;
        write(&context.aws, &found.route.id, with_stickiness(&found.actions, seconds)).await?;
    }
    Ok(())
}
