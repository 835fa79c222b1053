//! What `register-revision` looks at: the live task definition, and what has been registered of late.

use crate::{DEPLOYMENT_TAG, View};
use changeover_aws::At;
use changeover_aws::ecs::task_definition;
use changeover_aws::sdk::ecs::types::SortOrder;
use changeover_domain::StepError;
use changeover_lambda::{Context, Held};

/// How many of the newest revisions of the family are looked through for our own.
const RECENT: i32 = 10;

pub(crate) async fn look(context: &Context, held: &Held<'_>) -> Result<View, StepError> {
    let plan = held.plan()?;
    let (source, tags) = task_definition(&context.aws, &plan.live.task_definition).await?;
    let family = source.family().unwrap_or_default().to_owned();
    let earlier = earlier(context, &family, held.record.id.as_str()).await?;
    Ok(View {
        deployment: held.record.id.clone(),
        image: plan.image.uri.clone(),
        containers: plan.containers(),
        source,
        tags,
        earlier,
    })
}

/// The revision that an earlier run of this step registered, by its tag.
async fn earlier(context: &Context, family: &str, deployment: &str) -> Result<Option<String>, StepError> {
    let request = context.aws.ecs().list_task_definitions().family_prefix(family);
    let listed =
        request.sort(SortOrder::Desc).max_results(RECENT).send().await.at("ListTaskDefinitions", family)?;
    for arn in listed.task_definition_arns() {
        let (_, tags) = task_definition(&context.aws, arn).await?;
        if tags.get(DEPLOYMENT_TAG).is_some_and(|tag| tag == deployment) {
            return Ok(Some(arn.clone()));
        }
    }
    Ok(None)
}
