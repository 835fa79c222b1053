//! Reads what a verdict on the new tasks goes by: what the load balancer counted of both sides, period by period.
//! `check-health` does it while it bakes, and `drain` as long as there are old tasks to go back to.

use crate::{Context, Held};
use changeover_aws::elb::NETWORK;
use changeover_aws::metrics::{Asked, MAX_GROUPS, minutes};
use changeover_domain::gathered::Minute;
use changeover_domain::plan::Plan;
use changeover_domain::span::Seconds;
use changeover_domain::{StepError, Timestamp};

/// How far before a deployment the history of the live side begins, if the live side is as old as that.
pub const HISTORY: Seconds = Seconds(3600);
/// How far back periods are read at the most: whoever watches for longer has judged what is older already.
pub const MOST_WATCHED: Seconds = Seconds(3 * 3600);

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

/// What was counted since a moment, in order of time; none if no load balancer counts requests here. Answers beyond each of
/// these limits, in seconds, are counted apart; without limits the percentiles are read to make some from.
///
/// # Errors
/// `Busy` or `Aws`, as GetMetricData answers.
pub async fn watch(
    context: &Context,
    held: &Held<'_>,
    since: Timestamp,
    limits: &[f64],
) -> Result<Option<Vec<Minute>>, StepError> {
    let (plan, now) = (held.plan()?, context.now());
    let next = counted(plan, &plan.target().target_groups);
    if next.is_empty() {
        return Ok(None);
    }
    // A rolling service's old and new tasks are in one target group, and cannot be told apart.
    let live = if plan.next.is_some() { counted(plan, &plan.live.target_groups) } else { Vec::new() };
    let oldest = now.checked_sub(std::time::Duration::from_secs(MOST_WATCHED.0)).unwrap_or(since);
    let asked = Asked {
        next,
        live,
        from: since.max(oldest),
        to: now,
        period: context.config.metric_period,
        limits,
        percentiles: limits.is_empty(),
    };
    minutes(&context.aws, &asked).await.map(Some)
}

/// Since when the version that serves now has been serving alone, as far as the ledger knows: when the last deployment
/// before this one ended, but not longer ago than [`HISTORY`].
///
/// # Errors
/// `Busy` or `Aws`, as DynamoDB answers.
pub async fn live_since(held: &Held<'_>) -> Result<Timestamp, StepError> {
    let record = &held.record;
    let oldest = record.began_at.checked_sub(std::time::Duration::from_secs(HISTORY.0));
    let before = held.ledger().recent_deployments(&record.service).await?;
    let ended = before.iter().filter(|one| one.id != record.id && one.plan.is_some());
    let last = ended.filter_map(|one| one.ended_at).filter(|at| *at <= record.began_at).max();
    let oldest = oldest.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(last.map_or(oldest, |last| last.max(oldest)))
}
