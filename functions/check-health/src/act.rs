//! Puts a ruling on record, with the last words of a task that stopped.

use crate::{Ruling, View, apply};
use changeover_aws::ecs::task_definition;
use changeover_aws::logs::last_lines;
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    ruling: &Ruling,
) -> Result<String, StepError> {
    let mut why = ruling.why.clone();
    if let Some(task) = &ruling.task {
        why.push_str(&last_words(context, held, view, task).await);
    }
    let before = held.record.clone();
    apply(&mut held.record, view, ruling, &why);
    if held.record != before {
        held.write().await?;
    }
    Ok(why)
}

/// What a stopped task wrote last. That it cannot be read does not make the verdict another one.
async fn last_words(context: &Context, held: &Held<'_>, view: &View, task: &str) -> String {
    let read = async {
        let (definition, _) = task_definition(&context.aws, &view.revision).await?;
        // Of several containers, the one that ended the task.
        let seen = view.seen.tasks.iter().find(|seen| seen.arn.ends_with(task));
        let ended = seen.and_then(|seen| seen.stopped.as_ref()?.container.as_ref());
        let container = match ended {
            Some((name, _)) => name,
            None => &held.plan()?.container,
        };
        last_lines(&context.aws, &definition, container, task).await
    };
    match read.await {
        Ok(lines) if lines.is_empty() => String::new(),
        Ok(lines) => format!("; its last lines: {}", lines.join(" | ")),
        Err(error) => {
            tracing::warn!(%error, task, "the last lines of a stopped task could not be read");
            String::new()
        }
    }
}
