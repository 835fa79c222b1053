//! What `update-service` looks at: both members, and the room if that can be made.

use crate::{RoomSeen, View};
use changeover_aws::autoscaling::group_of;
use changeover_aws::ecs::{instances, service_named};
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let plan = held.plan()?;
    let missing = || StepError::RecordMissing("no revision is on record to start tasks of".to_owned());
    let live = service_named(&context.aws, &plan.cluster, &plan.live.ecs_service).await?;
    let target = match &plan.next {
        Some(next) => service_named(&context.aws, &plan.cluster, &next.ecs_service).await?,
        None => live.clone(),
    };
    let is_pair = plan.next.is_some();
    let tasks = plan.tasks.max(live.desired);
    // What runs on the next side already has its place; a rolling service needs another for each task.
    let warm = if is_pair { target.running } else { 0 };
    Ok(View {
        cluster: plan.cluster.clone(),
        member: target.name,
        is_pair,
        revision: held.record.progress.start.revision.clone().ok_or_else(missing)?,
        tasks,
        set_to: target.task_definition,
        desired: target.desired,
        planned: plan.tasks,
        started: held.record.progress.start.started_at.is_some(),
        room: room(context, held, tasks.saturating_sub(warm)).await?,
    })
}

async fn room(context: &Context, held: &Held<'_>, tasks: u32) -> Result<Option<RoomSeen>, StepError> {
    let (plan, aws) = (held.plan()?, &context.aws);
    let Some(room) = &plan.room else { return Ok(None) };
    // Another group than the one on record is none of ours, and none means that somebody has taken the tag away.
    let group = group_of(aws, &plan.cluster).await?.filter(|group| group.name == room.group);
    let Some(group) = group else { return Ok(None) };
    Ok(Some(RoomSeen {
        instances: instances(aws, &plan.cluster).await?,
        group,
        need: room.need.clone(),
        tasks,
        missed_at: held.record.progress.start.room_missed_at,
        now: context.now(),
        patience: context.config.room_patience,
    }))
}
