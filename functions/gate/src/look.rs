//! What `gate` looks at: the deployment's record, what is wanted, and the task that a hook has started.

use crate::View;
use changeover_aws::once;
use changeover_domain::StepError;
use changeover_domain::gate::{Place, Point};
use changeover_domain::settings::OnPush;
use changeover_lambda::{Context, Held, watch_old};

pub(crate) async fn look(context: &Context, held: &Held<'_>, point: Point) -> Result<View, StepError> {
    let (plan, progress) = (held.plan()?, &held.record.progress);
    let place = Place::at(point, progress.shift.step);
    let wanted = match plan.settings.on_push {
        OnPush::Supersede if !point.is_after() => held.ledger().wanted(&held.record.service).await?,
        OnPush::Supersede | OnPush::Queue => None,
    };
    let newer = wanted.filter(|wanted| wanted.image.digest != plan.image.digest);
    let running = progress.gate.running.as_ref().and_then(|running| running.task.as_deref());
    let task = match running {
        Some(task) => Some(once::look(&context.aws, &plan.cluster, task, &plan.container).await?),
        None => None,
    };
    let is_undone = progress.migrated.as_ref().is_some_and(|migrated| migrated.undone_at.is_some());
    let is_open = progress.migrated.as_ref().is_some_and(|migrated| migrated.afterwards.is_none());
    let old = match point {
        Point::AfterRollback if is_undone && is_open => watch_old(context, held).await?,
        _ => None,
    };
    let hooks = plan.settings.hooks.iter().filter(|placed| placed.point == point);
    Ok(View {
        now: context.now(),
        point,
        place,
        hooks: hooks.cloned().collect(),
        gate: progress.gate.clone(),
        task,
        hook_timeout: plan.settings.hook_timeout,
        orders: held.record.orders.clone(),
        newer: newer.map(|wanted| wanted.image.to_string()),
        migrated: progress.migrated.clone(),
        old,
        settings: plan.settings.clone(),
        poll: plan.poll(context.config.poll, context.config.after_bake()),
    })
}
