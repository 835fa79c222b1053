//! What `rollback` looks at: both members, and the routes.

use crate::{Members, View};
use changeover_aws::look::{routes, side};
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let (plan, progress) = (held.plan()?, &held.record.progress);
    let live = side(&context.aws, &plan.cluster, &plan.live).await?;
    let members = match (&plan.next, plan.pair_groups()) {
        (Some(next), Some((live_group, next_group))) => Members::Pair {
            live_group: live_group.to_owned(),
            next_group: next_group.to_owned(),
            next: Box::new(side(&context.aws, &plan.cluster, next).await?),
            next_before: next.clone(),
            routes: routes(&context.aws, plan).await?.into_iter().map(|found| found.route).collect(),
        },
        _ => Members::Rolling,
    };
    Ok(View {
        now: context.now(),
        live,
        live_before: plan.live.clone(),
        members,
        revision: progress.start.revision.clone(),
        began_at: progress.back.rollback_at,
        restored_at: progress.back.restored_at,
        others_until: progress.recovery.taken_over_at.map(|at| context.config.function_timeout.after(at)),
        shown: progress.shift.step.is_some(),
        quiet: progress.drain.quiet_at.is_some(),
        harmful: progress.health.harmful,
        tells: progress.back.tells,
        patience: plan.settings.health_timeout,
        convergence: context.config.convergence,
        deregistration_delay: plan.pace.deregistration_delay,
    })
}
