//! Reads what a verdict on the new tasks goes by: what the load balancer counted of both sides, period by period.
//! `check-health` does it while it bakes, and `drain` as long as there are old tasks to go back to.

use crate::{Context, Held};
use changeover_aws::elb::NETWORK;
use changeover_aws::metrics::{Asked, MAX_GROUPS, minutes};
use changeover_domain::plan::Plan;
use changeover_domain::route::WHOLE;
use changeover_domain::span::Seconds;
use changeover_domain::verdict::migrated::OldTasks;
use changeover_domain::verdict::watching::{Watch, Watching};
use changeover_domain::{StepError, Timestamp};

/// How far before a deployment the history of the live side begins, if the live side is as old as that.
const HISTORY: Seconds = Seconds(3600);
/// How far back periods are read at the most: whoever watches for longer has judged what is older already.
const MOST_WATCHED: Seconds = Seconds(3 * 3600);

/// Target groups, each with its load balancer, by ARN.
type Groups<'a> = Vec<(&'a str, &'a str)>;

/// Those of some target groups whose requests a load balancer counts: a Network Load Balancer counts connections.
fn counted<'a>(plan: &'a Plan, groups: &'a [String]) -> Groups<'a> {
    let balancer = |group: &String| {
        let route = plan.routes.iter().find(|route| route.weights.contains_key(group))?;
        Some(route.load_balancer.as_str()).filter(|balancer| !balancer.contains(NETWORK))
    };
    groups.iter().filter_map(|group| Some((group.as_str(), balancer(group)?))).take(MAX_GROUPS).collect()
}

/// All that is to be known to judge the new tasks by their users' requests; none if no load balancer counts them here.
/// `since` is when the history of the version that was live begins.
///
/// # Errors
/// `Busy` or `Aws`, as GetMetricData answers; `RecordMissing` before tasks were asked for.
pub async fn watch(context: &Context, held: &Held<'_>, since: Timestamp) -> Result<Option<Watch>, StepError> {
    let (plan, progress, now) = (held.plan()?, &held.record.progress, context.now());
    let next = counted(plan, &plan.target().target_groups);
    if next.is_empty() {
        return Ok(None);
    }
    let missing = || StepError::RecordMissing("the record does not say when tasks were started".to_owned());
    let started = progress.start.started_at.ok_or_else(missing)?;
    // What a rolling service's tasks do once a migration has begun is no history of theirs either.
    let began = progress.migrated.as_ref().map_or(started, |migrated| migrated.since.min(started));
    let mut before = progress.watching.clone();
    before.live_since = Some(since);
    // A rolling service's old and new tasks are in one target group, and cannot be told apart.
    let live = if plan.next.is_some() { counted(plan, &plan.live.target_groups) } else { Vec::new() };
    let limits = before.limits();
    let (period, convergence) = (context.config.metric_period, context.config.convergence);
    let asked = Asked {
        next,
        live,
        from: since.max(earlier(now, MOST_WATCHED)),
        to: now,
        period,
        limits: &limits,
        percentiles: limits.is_empty(),
    };
    let minutes = minutes(&context.aws, &asked).await?;
    let pair = plan.next.is_some();
    Ok(Some(Watch {
        before,
        minutes,
        period,
        complete: earlier(now, context.config.metric_delay),
        began,
        shifted_at: if pair { progress.shift.shifted_at } else { progress.health.healthy_at },
        weight: if pair { progress.shift.weight } else { WHOLE },
        side_by_side: pair,
        sticky: plan.pace.stickiness > Seconds(0),
        convergence: if pair { convergence } else { Seconds(0) },
    }))
}

/// What is to be known of the old tasks since a migration ran, or since it was taken back; none without one, while it runs, or
/// if no load balancer counts their requests. A rolling service's new tasks are in the same target group, and watched there.
///
/// # Errors
/// As [`watch`].
pub async fn watch_old(context: &Context, held: &Held<'_>) -> Result<Option<OldTasks>, StepError> {
    let (plan, progress, now) = (held.plan()?, &held.record.progress, context.now());
    let Some(migrated) = progress.migrated.as_ref().filter(|_| plan.next.is_some()) else { return Ok(None) };
    let (Some(settles_at), next) = (migrated.settles_at(), counted(plan, &plan.live.target_groups)) else {
        return Ok(None);
    };
    if next.is_empty() {
        return Ok(None);
    }
    // Whoever looks again finds it on record.
    let since = match migrated.watching.live_since {
        Some(since) => since,
        None => live_since(held).await?,
    };
    // What the undoing comes to is a question of its own; only the limits for slow answers are those of before.
    let mut before = migrated.watching.clone();
    if migrated.undone_at.is_some() {
        before = Watching { limits: before.limits, ..Watching::default() };
    }
    before.live_since = Some(since);
    let limits = before.limits();
    let period = context.config.metric_period;
    let asked = Asked {
        next,
        live: Vec::new(),
        from: since.max(earlier(now, MOST_WATCHED)),
        to: now,
        period,
        limits: &limits,
        percentiles: limits.is_empty(),
    };
    let judged_since = migrated.judged_since();
    let mut minutes = minutes(&context.aws, &asked).await?;
    // What they suffered in between says nothing of how they are since.
    minutes.retain(|minute| {
        period.after(minute.start) <= migrated.since || migrated.undone_at.is_none_or(|at| minute.start >= at)
    });
    let watch = Watch {
        before,
        minutes,
        period,
        complete: earlier(now, context.config.metric_delay),
        began: migrated.since,
        shifted_at: Some(judged_since),
        weight: WHOLE,
        side_by_side: false,
        sticky: false,
        convergence: Seconds(0),
    };
    Ok(Some(OldTasks { watch, settles_at, delay: context.config.metric_delay }))
}

fn earlier(now: Timestamp, span: Seconds) -> Timestamp {
    now.checked_sub(std::time::Duration::from_secs(span.0)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Since when the version that serves now has been serving alone, as far as the ledger knows: when the last deployment
/// before this one ended, but not longer ago than [`HISTORY`]. Asked once: the record keeps it.
///
/// # Errors
/// `Busy` or `Aws`, as DynamoDB answers.
pub async fn live_since(held: &Held<'_>) -> Result<Timestamp, StepError> {
    let record = &held.record;
    if let Some(since) = record.progress.watching.live_since {
        return Ok(since);
    }
    let oldest = earlier(record.began_at, HISTORY);
    let before = held.ledger().recent_deployments(&record.service).await?;
    let ended = before.iter().filter(|one| one.id != record.id && one.plan.is_some());
    let last = ended.filter_map(|one| one.ended_at).filter(|at| *at <= record.began_at).max();
    Ok(last.map_or(oldest, |last| last.max(oldest)))
}
