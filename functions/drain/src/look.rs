//! What `drain` looks at: the side that went out, its requests, the side that serves, and the routes.

use crate::{Outgoing, View};
use changeover_aws::look::{routes, side};
use changeover_aws::metrics::{Window, requests};
use changeover_domain::StepError;
use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::Patience;
use changeover_domain::plan::{Member, Plan};
use changeover_domain::span::Seconds;
use changeover_domain::wish::follows;
use changeover_lambda::{Context, Held, alarms, watch};

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let (plan, progress, now) = (held.plan()?, &held.record.progress, context.now());
    let missing = |what: &str| StepError::RecordMissing(format!("the record does not say {what}"));
    let started_at = progress.start.started_at.ok_or_else(|| missing("when tasks were started"))?;
    let poll = plan.poll(context.config.poll, context.config.after_bake());
    let outgoing = match &plan.next {
        None => None,
        Some(next) => Some(outgoing(context, plan, next).await?),
    };
    // Once they are told to stop there is nothing to go back to. A rolling service's old tasks are ECS's to stop.
    let is_watched = plan.next.is_some() && progress.drain.scaled_in_at.is_none();
    let since = progress.watching.live_since.unwrap_or(held.record.began_at);
    let watch = if is_watched { watch(context, held, since).await? } else { None };
    Ok(View {
        now,
        watch,
        alarms: if is_watched || plan.next.is_none() { alarms(context, held).await? } else { Alarms::Quiet },
        settings: plan.settings.clone(),
        seen: side(&context.aws, &plan.cluster, &plan.live).await?,
        revision: progress.start.revision.clone().ok_or_else(|| missing("which revision was registered"))?,
        planned: plan.tasks,
        started_at,
        since: progress.since(),
        patience: Patience::new(plan.pace.check_interval, poll, plan.settings.health_timeout),
        room_patience: context.config.room_patience,
        shifted_at: progress.shift.shifted_at.or(progress.health.healthy_at).unwrap_or(started_at),
        quiet_at: progress.drain.quiet_at,
        scaled_in_at: progress.drain.scaled_in_at,
        outgoing,
        taken_back: held.record.orders.taken_back.clone(),
        rollback_window: plan.settings.rollback_window,
        newer: newer(held).await?,
        stickiness: plan.pace.stickiness,
        pins: plan.pace.pins && plan.pace.stickiness > Seconds(0),
        pinned_at: progress.pinned_at,
        deregistration_delay: plan.pace.deregistration_delay,
        convergence: context.config.convergence,
        evidence: evidence_span(context),
        poll,
    })
}

/// What has become wanted that this deployment is not for; asked in its rollback window only.
async fn newer(held: &Held<'_>) -> Result<Option<String>, StepError> {
    let drain = &held.record.progress.drain;
    let is_window = drain.quiet_at.is_some() && drain.scaled_in_at.is_none();
    if !is_window || held.plan()?.settings.rollback_window == Seconds(0) {
        return Ok(None);
    }
    let wanted = held.ledger().wanted(&held.record.service).await?;
    Ok(wanted.filter(|wanted| follows(&held.record, wanted)).map(|wanted| wanted.image.to_string()))
}

/// How far back requests are looked for: the newest whole period whose numbers are complete, and what came since.
fn evidence_span(context: &Context) -> Seconds {
    Seconds(context.config.numbers_after().0 + context.config.metric_period.0)
}

async fn outgoing(context: &Context, plan: &Plan, serving: &Member) -> Result<Outgoing, StepError> {
    let (Some((live, next_group)), Some(route)) = (plan.pair_groups(), plan.routes.first()) else {
        return Err(StepError::RecordMissing("the plan has no pair to drain".to_owned()));
    };
    let now = context.now();
    let span = std::time::Duration::from_secs(evidence_span(context).0);
    let window = Window {
        target_group: live,
        load_balancer: &route.load_balancer,
        from: now.checked_sub(span).unwrap_or(now),
        to: now,
        period: context.config.metric_period,
    };
    Ok(Outgoing {
        live: live.to_owned(),
        next: next_group.to_owned(),
        serving: side(&context.aws, &plan.cluster, serving).await?,
        routes: routes(&context.aws, plan).await?.into_iter().map(|found| found.route).collect(),
        sticky: plan.sticky(),
        requests: requests(&context.aws, &window).await?,
    })
}
