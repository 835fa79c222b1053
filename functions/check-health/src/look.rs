//! What `check-health` looks at: the new tasks, and while they have traffic the load balancer's counts.

use crate::{Purpose, View};
use changeover_aws::look::side;
use changeover_domain::StepError;
use changeover_domain::alarmed::Alarms;
use changeover_domain::bearing::{self, least};
use changeover_domain::evidence::SideSeen;
use changeover_domain::gate::Place;
use changeover_domain::plan::Plan;
use changeover_domain::record::Wanted;
use changeover_domain::route::Weight;
use changeover_domain::settings::{OnPush, Strategy};
use changeover_lambda::{Context, Held, alarms, live_since, watch, watch_old};

pub(crate) async fn look(context: &Context, held: &Held<'_>, purpose: Purpose) -> Result<View, StepError> {
    let (plan, progress, now) = (held.plan()?, &held.record.progress, context.now());
    let missing = |what: &str| StepError::RecordMissing(format!("the record does not say {what}"));
    let started_at = progress.asked_at().ok_or_else(|| missing("when tasks were started"))?;
    // A bake begins when the weights were written; without any, when the new tasks were healthy.
    let watched_since = progress.shift.shifted_at.or(progress.health.healthy_at).unwrap_or(started_at);
    // A rolling service's new tasks meet users from their first passed check on.
    let has_traffic = purpose == Purpose::Bake || plan.strategy() == Strategy::Rolling;
    let watch = if has_traffic { watch(context, held, live_since(held).await?).await? } else { None };
    let is_before_users = purpose == Purpose::Start && progress.shift.step.is_none();
    let old = if is_before_users { watch_old(context, held).await? } else { None };
    let wanted = held.ledger().wanted(&held.record.service).await?;
    let seen = side(&context.aws, &plan.cluster, plan.target()).await?;
    let revision = progress.start.revision.clone();
    let revision = revision.ok_or_else(|| missing("which revision was registered"))?;
    let is_met = match plan.strategy() {
        Strategy::BlueGreen => purpose == Purpose::Bake || progress.shift.step.is_some(),
        // Its tasks get requests as soon as they run, whoever serves them besides.
        Strategy::Rolling => seen.tasks.iter().any(|task| task.is_up() && task.task_definition == revision),
    };
    Ok(View {
        purpose,
        now,
        alarms: if is_met { alarms(context, held).await? } else { Alarms::Quiet },
        revision,
        needed: needed(plan, &seen, purpose, progress.shift.weight),
        seen,
        started_at,
        watched_since,
        readings: progress.health.readings,
        read_at: progress.health.read_at,
        since: progress.since(),
        watch,
        old,
        newer: newer(wanted.as_ref(), plan),
        taken_back: held.record.orders.taken_back.clone(),
        promoted: held
            .record
            .orders
            .ends(Place::Bake(progress.shift.step.unwrap_or(0)))
            .map(ToString::to_string),
        held: progress.gate.held.is_some(),
        more_steps: match progress.shift.step {
            Some(step) => !plan.is_last(step),
            None => plan.strategy() == Strategy::BlueGreen,
        },
        settings: plan.settings.clone(),
        check_interval: plan.pace.check_interval,
        poll: plan.poll(context.config.poll, context.config.after_bake()),
        room_patience: context.config.room_patience,
        numbers_after: context.config.numbers_after(),
        data_patience: context.config.data_patience,
    })
}

/// Before the shift, a pair's next side has to stand in for the live side as it was planned; how many tasks a rolling
/// service has is for its autoscaling to say, before, during and after a deployment. While it serves, either may be
/// scaled.
fn needed(plan: &Plan, seen: &SideSeen, purpose: Purpose, weight: Weight) -> u32 {
    let desired = seen.service.desired;
    match (purpose, plan.strategy()) {
        (Purpose::Start, Strategy::BlueGreen) => plan.tasks,
        // Who scales a service to 0 in the midst of it says nothing about the image.
        (_, Strategy::Rolling) if desired == 0 => 0,
        (Purpose::Start, Strategy::Rolling) => desired,
        (Purpose::Bake, Strategy::BlueGreen) => {
            bearing::needed(plan.tasks, desired, least(plan.tasks, weight))
        }
        (Purpose::Bake, Strategy::Rolling) => bearing::needed(plan.tasks, desired, 1),
    }
}

/// The image that this deployment is to give way to, if any.
fn newer(wanted: Option<&Wanted>, plan: &Plan) -> Option<String> {
    wanted
        .filter(|_| plan.settings.on_push == OnPush::Supersede)
        .filter(|wanted| wanted.image.digest != plan.image.digest)
        .map(|wanted| wanted.image.to_string())
}
