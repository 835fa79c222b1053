//! Performs one change of starting tasks: on record first, then the fence, then the change.

use crate::{Action, View, apply};
use changeover_aws::autoscaling::set_desired;
use changeover_aws::ecs::{Change, update_service};
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

pub(crate) async fn act(
    context: &Context,
    held: &mut Held<'_>,
    view: &View,
    action: &Action,
) -> Result<(), StepError> {
    if apply(&mut held.record, view, action, context.now()) {
        held.write().await?;
    }
    match action {
        Action::Start { desired } => {
            held.check_fence().await?;
            let change = Change {
                cluster: &view.cluster,
                service: &view.member,
                task_definition: Some(&view.revision),
                desired: *desired,
            };
            update_service(&context.aws, &change).await
        }
        Action::Enlarge { group, to, .. } => {
            held.check_fence().await?;
            set_desired(&context.aws, group, *to).await
        }
        Action::Nothing | Action::Wait { .. } | Action::NoRoom { .. } => Ok(()),
    }
}
