//! Invokes a hook's function, starts its task, puts what came of it on record, and has people told of a pause.

use crate::event::{OfEcs, event};
use crate::{Action, View, apply, turn};
use changeover_aws::ecs::{last_deployment, task_definition};
use changeover_aws::invoke::{Invoked, invoke};
use changeover_aws::logs::last_lines;
use changeover_aws::once::{self, Now, Once};
use changeover_domain::StepError;
use changeover_domain::gate::Hook;
use changeover_domain::readiness::DEPLOYMENT_TAG;
use changeover_domain::record::Deployment;
use changeover_lambda::{Context, EVERYONE, Held, tell_on_the_way};
use sha2::{Digest as _, Sha256};

/// AWS's bound on a task's `startedBy`.
const MAX_STARTED_BY: usize = 128;

/// Does it and puts it on record; what came of it.
pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    action: Action,
) -> Result<Action, StepError> {
    let action = match call(context, held, view, &action).await? {
        Some(came) => came,
        None => action,
    };
    stop(context, held, view, &action).await?;
    let action = with_last_words(context, held, view, action).await;
    // First, so that it is done again if this function ends before the hook is on record as done.
    keep_schema(context, held, view, &action).await?;
    let before = held.record.clone();
    apply(&mut held.record, view, &action);
    if held.record != before {
        held.write().await?;
    }
    tell_on_the_way(context, &mut held.record, &EVERYONE).await;
    Ok(action)
}

/// Invokes a function or starts a task, if that is what is to be done; what came of it.
async fn call(
    context: &Context,
    held: &Held<'_>,
    view: &View,
    action: &Action,
) -> Result<Option<Action>, StepError> {
    let (Action::Invoke { number, .. } | Action::Run { number, .. }) = action else { return Ok(None) };
    let placed = view.hooks.iter().find(|placed| placed.number == *number);
    let (Some(placed), Some(running)) = (placed, view.gate.runs(view.place, *number)) else {
        return Ok(None);
    };
    let (record, plan) = (&held.record, held.plan()?);
    let aws = &context.aws;
    match action {
        Action::Invoke { name, .. } => {
            let target = last_deployment(aws, &plan.cluster, &plan.target().ecs_service).await?;
            let live = match &plan.next {
                Some(_) => last_deployment(aws, &plan.cluster, &plan.live.ecs_service).await?,
                None => None,
            };
            let event = event(record, plan, &OfEcs { live, target }, view.point, running);
            let invoked = match invoke(aws, name, &event, context.config.hook_call()).await {
                Err(error @ StepError::Aws { .. }) => Invoked::Failed(error.to_string()),
                other => other?,
            };
            Ok(Some(turn::heard(view, placed, invoked)))
        }
        Action::Run { command, .. } => {
            let Some(revision) = &record.progress.start.revision else {
                return Ok(Some(turn::without_revision(view, placed)));
            };
            let id = record.id.as_tag();
            let once = Once {
                cluster: &plan.cluster,
                service: &plan.target().ecs_service,
                revision,
                container: &plan.container,
                command,
                token: &token(record, view, *number),
                started_by: &started_by(record),
                tag: (DEPLOYMENT_TAG, &id),
            };
            Ok(Some(match once::run(aws, &once).await {
                Err(error @ StepError::Aws { .. }) => {
                    turn::failed(view, placed, format!("failed: {error}"), None)
                }
                other => turn::started(view, placed, other?),
            }))
        }
        _ => Ok(None),
    }
}

/// What makes the start of a hook's task the same start however often it is repeated: 64 characters at the most.
fn token(record: &Deployment, view: &View, number: u8) -> String {
    let what = format!("{}/{}/{}/{number}", record.service, record.id, view.place);
    Sha256::digest(what.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The deployment, as far as `startedBy` takes it.
fn started_by(record: &Deployment) -> String {
    record.id.as_tag().chars().take(MAX_STARTED_BY).collect()
}

/// Stops the task of a hook that nobody waits for any more.
async fn stop(context: &Context, held: &Held<'_>, view: &View, action: &Action) -> Result<(), StepError> {
    let running = || view.gate.running.as_ref().and_then(|running| running.task.as_ref());
    let task = match action {
        Action::Done { task, .. } | Action::Abandon { task, .. } => task.as_ref(),
        Action::GoBack { .. } if matches!(view.task, Some(Now::Runs(_))) => running(),
        _ => None,
    };
    let Some(task) = task else { return Ok(()) };
    let why = format!("{}: its hook is over", held.record.id);
    once::stop(&context.aws, &held.plan()?.cluster, task, &why).await
}

/// The same with what a task that failed wrote last. That it cannot be read changes nothing of what is done.
async fn with_last_words(context: &Context, held: &Held<'_>, view: &View, action: Action) -> Action {
    let ended = matches!(&view.task, Some(Now::Ended { code, .. }) if *code != Some(0));
    let task = view.gate.running.as_ref().and_then(|running| running.task.clone()).filter(|_| ended);
    let (Some(task), Some(revision), Ok(plan)) = (task, &held.record.progress.start.revision, held.plan())
    else {
        return action;
    };
    let read = async {
        let (definition, _) = task_definition(&context.aws, revision).await?;
        last_lines(&context.aws, &definition, &plan.container, &task).await
    };
    let words = match read.await {
        Ok(lines) if lines.is_empty() => return action,
        Ok(lines) => format!("; its last lines: {}", lines.join(" | ")),
        Err(error) => {
            tracing::warn!(%error, task, "the last lines of a hook's task could not be read");
            return action;
        }
    };
    match action {
        Action::GoBack { why, superseded } => Action::GoBack { why: why + &words, superseded },
        Action::Done { number, why, task } => Action::Done { number, why: why + &words, task },
        other => other,
    }
}

/// Puts on record which version of its schema the database has, when a task has brought it or taken it back.
async fn keep_schema(
    context: &Context,
    held: &Held<'_>,
    view: &View,
    action: &Action,
) -> Result<(), StepError> {
    let Action::Done { number, .. } = action else { return Ok(()) };
    let placed = view.hooks.iter().find(|placed| placed.number == *number);
    let is_task = placed.is_some_and(|placed| matches!(placed.hook, Hook::Task { .. }));
    let succeeded = matches!(&view.task, Some(Now::Ended { code: Some(0), .. }));
    let (Some(migration), true) = (held.plan()?.migration, is_task && succeeded) else { return Ok(()) };
    let (ledger, service) = (held.ledger(), &held.record.service);
    let had = ledger.schema(service).await?;
    match migration.leaves(view.point, had.as_ref(), &held.record.id, context.now()) {
        Some(has) => ledger.write_schema(service, &has).await,
        None => Ok(()),
    }
}
