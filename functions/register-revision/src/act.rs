//! Registers a copy of a task definition.

use crate::Action;
use changeover_aws::revision::register;
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn act(context: &Context, held: &Held<'_>, action: Action) -> Result<String, StepError> {
    match action {
        Action::Use(arn) => Ok(arn),
        Action::Register { source, containers, tags } => {
            held.check_fence().await?;
            register(&context.aws, *source, containers, tags).await
        }
    }
}
