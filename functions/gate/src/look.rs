//! What `gate` looks at: the deployment's record, and what is wanted.

use crate::View;
use changeover_domain::StepError;
use changeover_domain::gate::{Place, Point};
use changeover_domain::settings::OnPush;
use changeover_lambda::{Context, Held};

pub(crate) async fn look(context: &Context, held: &Held<'_>, point: Point) -> Result<View, StepError> {
    let (plan, progress) = (held.plan()?, &held.record.progress);
    let place = Place::at(point, progress.shift.step);
    let wanted = match plan.settings.on_push {
        OnPush::Supersede => held.ledger().wanted(&held.record.service).await?,
        OnPush::Queue => None,
    };
    let newer = wanted.filter(|wanted| wanted.image.digest != plan.image.digest);
    let mut hooks = plan.settings.hooks.iter();
    Ok(View {
        now: context.now(),
        point,
        place,
        hook: hooks.find(|placed| placed.point == point).map(|placed| placed.hook.clone()),
        is_passed: progress.gate.passed.contains(&place),
        held: progress.gate.held.clone(),
        orders: held.record.orders.clone(),
        newer: newer.map(|wanted| wanted.image.to_string()),
        poll: plan.poll(context.config.poll, context.config.after_bake()),
    })
}
