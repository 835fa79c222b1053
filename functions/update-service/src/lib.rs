//! Starts the new tasks: as many as run now.
//!
//! Owns: the task definition and the number of tasks of the next side; of a rolling service only the task
//! definition. Never: routes, the live side of a pair, a number of tasks that an autoscaler owns.

mod decide;

pub use decide::{Action, View, decide};

use changeover_aws::ecs::{Change, service_named, update_service};
use changeover_domain::StepError;
use changeover_domain::state::{Baton, Verdict};
use changeover_lambda::{Context, Held};

/// Makes sure that the new tasks are asked for.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    let view = look(context, &held).await?;
    let action = decide(&view);
    act(context, &mut held, &view, &action).await?;
    let (count, member) = (view.tasks, &view.member);
    Ok(baton.with(Verdict::Ready, format!("{count} tasks of {} are asked for in {member}", view.revision)))
}

async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let plan = held.plan()?;
    let missing = || StepError::RecordMissing("no revision is on record to start tasks of".to_owned());
    let live = service_named(&context.aws, &plan.cluster, &plan.live.ecs_service).await?;
    let target = match &plan.next {
        Some(next) => service_named(&context.aws, &plan.cluster, &next.ecs_service).await?,
        None => live.clone(),
    };
    Ok(View {
        cluster: plan.cluster.clone(),
        member: target.name,
        is_pair: plan.next.is_some(),
        revision: held.record.progress.revision.clone().ok_or_else(missing)?,
        tasks: plan.tasks.max(live.desired),
        set_to: target.task_definition,
        desired: target.desired,
        started: held.record.progress.started_at.is_some(),
    })
}

async fn act(context: &Context, held: &mut Held<'_>, view: &View, action: &Action) -> Result<(), StepError> {
    let now = context.now();
    if !view.started {
        // On record before the change: what happens to tasks from here on is this deployment's doing.
        held.record.progress.started_at = Some(now);
        held.record.note(
            now,
            "UpdateService",
            format!("{} tasks of {} in {}", view.tasks, view.revision, view.member),
        );
        if let Some(plan) = &mut held.record.plan {
            plan.tasks = view.tasks;
        }
        held.write().await?;
    }
    if let Action::Start { desired } = action {
        held.check_fence().await?;
        let change = Change {
            cluster: &view.cluster,
            service: &view.member,
            task_definition: Some(&view.revision),
            desired: *desired,
        };
        update_service(&context.aws, &change).await?;
    }
    Ok(())
}
