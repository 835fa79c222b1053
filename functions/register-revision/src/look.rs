//! What `register-revision` looks at: the task definition that is copied, and what has been registered of late.

use crate::{Copy, View};
use changeover_aws::ecs::task_definition;
use changeover_aws::revision::registered;
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

/// Looks at what a copy is made of.
pub(crate) async fn look(context: &Context, held: &Held<'_>, copy: Copy) -> Result<View, StepError> {
    let plan = held.plan()?;
    let (arn, images) = match (copy, &plan.readiness.copy) {
        (Copy::WayBack, Some(back)) => (plan.live.task_definition.as_str(), back.images.clone()),
        _ => (plan.source(), plan.images()),
    };
    let (source, tags) = task_definition(&context.aws, arn).await?;
    let family = source.family().unwrap_or_default().to_owned();
    let tag = (copy.tag(), held.record.id.as_tag());
    let earlier = registered(&context.aws, &family, (tag.0, &tag.1)).await?;
    Ok(View { tag, images, source, tags, earlier })
}
