//! Gives back the room that a deployment made: once its old or its new tasks are gone, the Auto Scaling group gets back
//! to its size, by empty instances only. `drain` and `rollback` do it in the end.

use crate::{Context, Held};
use changeover_aws::autoscaling::{group_of, terminate};
use changeover_aws::ecs::{instances, set_draining};
use changeover_domain::StepError;
use changeover_domain::room::{Giving, give_back};

/// Does the next thing that giving back needs. True if there is nothing more to do.
///
/// What AWS refuses for good ends it: the deployment has succeeded or is rolled back all the same, and the record says
/// which group is larger than it was.
///
/// # Errors
/// `Busy` and `LeaseLost`.
pub async fn give_room_back(context: &Context, held: &mut Held<'_>, state: &str) -> Result<bool, StepError> {
    match next(context, held, state).await {
        Err(error @ StepError::Aws { .. }) => {
            tracing::warn!(%error, "the room that was made could not be given back");
            reopen(context, held).await;
            over(context, held, state, Some(format!("the room that was made was not given back: {error}")))
                .await
        }
        other => other,
    }
}

async fn next(context: &Context, held: &mut Held<'_>, state: &str) -> Result<bool, StepError> {
    let plan = held.plan()?;
    let (Some(room), cluster) = (plan.room.clone(), plan.cluster.clone()) else { return Ok(true) };
    let Some(mut enlarged) = held.record.progress.start.enlarged.clone().filter(|enlarged| !enlarged.over)
    else {
        return Ok(true);
    };
    let (aws, now) = (&context.aws, context.now());
    let group = group_of(aws, &cluster).await?.filter(|group| group.name == room.group);
    let Some(group) = group else {
        let why = format!("{} is not tagged for {cluster} any more: it was left as it is", room.group);
        return over(context, held, state, Some(why)).await;
    };
    let instances = instances(aws, &cluster).await?;
    enlarged.settle(&group, &instances);
    enlarged.returning_at.get_or_insert(now);
    let giving = give_back(&enlarged, held.record.progress.start.started_at, &group, &instances, now);
    if let Giving::Close(host) = &giving {
        enlarged.leaving = Some(host.clone());
    }
    held.record.progress.start.enlarged = Some(enlarged);
    let why = match &giving {
        Giving::Over(why) => return over(context, held, state, why.clone()).await,
        Giving::Wait(why) => why.clone(),
        Giving::Close(host) => format!("{host} is empty and takes no more tasks"),
        Giving::Open(host) => format!("{host} takes tasks again: it is not empty"),
        Giving::Terminate { ec2, .. } => format!("{} gives {ec2} back, on which nothing runs", group.name),
    };
    held.record.note(now, state, why);
    held.write().await?;
    held.check_fence().await?;
    match giving {
        Giving::Close(host) => set_draining(aws, &cluster, &host, true).await?,
        Giving::Open(host) => set_draining(aws, &cluster, &host, false).await?,
        Giving::Terminate { ec2, .. } => terminate(aws, &group.name, &ec2).await?,
        Giving::Wait(_) | Giving::Over(_) => {}
    }
    Ok(false)
}

/// Lets the instance take tasks again that was closed to be given back. Where that cannot be had either, what is closed is
/// in the log.
async fn reopen(context: &Context, held: &Held<'_>) {
    let leaving = held.record.progress.start.enlarged.as_ref().and_then(|enlarged| enlarged.leaving.as_ref());
    let (Some(host), Ok(plan)) = (leaving, held.plan()) else { return };
    if let Err(error) = set_draining(&context.aws, &plan.cluster, host, false).await {
        tracing::error!(%error, host, "an instance that was closed to be given back is still closed");
    }
}

async fn over(
    context: &Context,
    held: &mut Held<'_>,
    state: &str,
    why: Option<String>,
) -> Result<bool, StepError> {
    if let Some(enlarged) = &mut held.record.progress.start.enlarged {
        enlarged.over = true;
    }
    if let Some(why) = why {
        held.record.note(context.now(), state, why);
    }
    held.write().await?;
    Ok(true)
}
