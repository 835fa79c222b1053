//! What `check-health` looks at: the new tasks, and while they have traffic the load balancer's counts.

use crate::{Purpose, View};
use changeover_aws::elb::NETWORK;
use changeover_aws::look::side;
use changeover_aws::metrics::{Window, counts};
use changeover_domain::bearing::{self, least};
use changeover_domain::evidence::SideSeen;
use changeover_domain::gate::Place;
use changeover_domain::metrics::Counts;
use changeover_domain::plan::Plan;
use changeover_domain::record::Wanted;
use changeover_domain::route::Weight;
use changeover_domain::settings::{OnPush, Strategy};
use changeover_domain::span::Seconds;
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::{Context, Held};

/// How far before the deployment the baseline begins.
const BASELINE: Seconds = Seconds(600);

pub(crate) async fn look(context: &Context, held: &Held<'_>, purpose: Purpose) -> Result<View, StepError> {
    let (plan, progress, now) = (held.plan()?, &held.record.progress, context.now());
    let missing = |what: &str| StepError::RecordMissing(format!("the record does not say {what}"));
    let started_at = progress.start.started_at.ok_or_else(|| missing("when tasks were started"))?;
    // A bake begins when the weights were written; without any, when the new tasks were healthy.
    let watched_since = progress.shift.shifted_at.or(progress.health.healthy_at).unwrap_or(started_at);
    // A rolling service's new tasks meet users from their first passed check on.
    let has_traffic = purpose == Purpose::Bake || plan.strategy() == Strategy::Rolling;
    let metrics = if has_traffic {
        metrics(context, plan, held.record.began_at, watched_since, now).await?
    } else {
        None
    };
    let wanted = held.ledger().wanted(&held.record.service).await?;
    let seen = side(&context.aws, &plan.cluster, plan.target()).await?;
    Ok(View {
        purpose,
        now,
        revision: progress.start.revision.clone().ok_or_else(|| missing("which revision was registered"))?,
        needed: needed(plan, &seen, purpose, progress.shift.weight),
        seen,
        started_at,
        watched_since,
        readings: progress.health.readings,
        read_at: progress.health.read_at,
        since: progress.since(),
        metrics,
        newer: newer(wanted.as_ref(), plan),
        taken_back: held.record.orders.taken_back.clone(),
        promoted: held
            .record
            .orders
            .ends(Place::Bake(progress.shift.step.unwrap_or(0)))
            .map(ToString::to_string),
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
        (Purpose::Start, Strategy::Rolling) => desired.max(plan.tasks.min(1)),
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

/// What the new tasks and the old ones did, if a load balancer counts it, in all of their target groups. A pair's sides are counted apart; a
/// rolling service is compared with itself before the deployment.
async fn metrics(
    context: &Context,
    plan: &Plan,
    began_at: Timestamp,
    since: Timestamp,
    now: Timestamp,
) -> Result<Option<(Counts, Counts)>, StepError> {
    let period = context.config.metric_period;
    let complete = now.checked_sub(jiff_seconds(context.config.metric_delay)).unwrap_or(now);
    let before = began_at.checked_sub(jiff_seconds(BASELINE)).unwrap_or(Timestamp::UNIX_EPOCH);
    let baseline_end = if plan.next.is_some() { now } else { began_at };
    let mut all: Option<(Counts, Counts)> = None;
    for (group, live_group) in plan.target().target_groups.iter().zip(&plan.live.target_groups) {
        let route = plan.routes.iter().find(|route| route.weights.contains_key(group));
        let Some(route) = route.filter(|route| !route.load_balancer.contains(NETWORK)) else { continue };
        let window = |target_group, from, to| {
            let load_balancer = route.load_balancer.as_str();
            Window { target_group, load_balancer, from, to, complete, period }
        };
        let live = counts(&context.aws, &window(live_group, before, baseline_end), None).await?;
        let next = counts(&context.aws, &window(group, since, now), Some(&live)).await?;
        let (next_before, live_before) = all.unwrap_or_default();
        all = Some((next_before.and(&next), live_before.and(&live)));
    }
    Ok(all)
}

fn jiff_seconds(span: Seconds) -> std::time::Duration {
    std::time::Duration::from_secs(span.0)
}
