//! Ends a deployment: outcome and receipt on record, lease released, people told, and an execution for what has
//! become wanted meanwhile.
//!
//! Owns: a deployment's outcome, the lease's end. Never: the service; what had to be done is done.

mod decide;
mod measure;

pub use decide::{Follow, follow, is_told_again, outcome, receipt, stuck};
pub use measure::measurement;

use changeover_aws::executions::{self, Start};
use changeover_domain::StepError;
use changeover_domain::freeze::is_held_back;
use changeover_domain::record::{Deployment, Outcome};
use changeover_domain::state::{Baton, Ending, Finished, Request};
use changeover_domain::wish::tried;
use changeover_lambda::{Context, EVERYONE, tell};

/// Ends the deployment. Asked again it finds the outcome on record and repeats what follows.
///
/// First what the service needs, then what people do: a topic that cannot be reached keeps nothing from following.
pub async fn run(context: &Context, ending: Ending) -> Result<Finished, StepError> {
    let baton = ending.baton.ok_or_else(|| StepError::BadInput("the input is not a baton".to_owned()))?;
    let ledger = context.ledger();
    let mut record = ledger.deployment(&baton.service, &baton.deployment).await?;
    if record.outcome.is_none() {
        if let Some(error) = &ending.error {
            // Rollback itself could not go on.
            record.give_up(&stuck(error, &record));
        }
        conclude(context, &mut record);
        if baton.fence > 0 {
            ledger.check_fence(&baton.service, &baton.deployment, baton.fence).await?;
        }
        // Before the write: an end that is counted twice is better than a NeedsHuman that is counted never.
        context.measure(context.now(), &measurement(&record));
        ledger.write_deployment(&mut record).await?;
    }
    let finished = finished(&record, None);
    if baton.fence == 0 {
        return Ok(finished);
    }
    if let Some(wanted) = ledger.wanted(&baton.service).await?
        && let Some(tried) = tried(&wanted, &record)
    {
        // Before the lease is free, so that nobody finds the service free and the wish untried.
        ledger.write_tried(&baton.service, wanted, tried).await?;
    }
    ledger.release(&baton.service, &baton.deployment, baton.fence).await?;
    let followed = start_next(context, &record, &baton).await;
    if let Err(error @ StepError::Busy { .. }) = followed {
        return Err(error);
    }
    if let Err(error) = tell(context, &mut record, &EVERYONE).await {
        tracing::error!(deployment = %record.id, ecs_service = %record.service, error = error.name(), detail = %error, "nobody could be told how the deployment ended");
        if is_told_again(&error, record.ended_at, context.now()) {
            return Err(error);
        }
    }
    Ok(Finished { followed_by: followed?, ..finished })
}

fn conclude(context: &Context, record: &mut Deployment) {
    let now = context.now();
    let outcome = outcome(record);
    if outcome == Outcome::NeedsHuman && !record.needs_human {
        record.give_up("it came neither to its end nor back to where it began: see who has the traffic and who can bear it");
    }
    record.receipt = Some(receipt(record, now));
    record.end(outcome, now);
    record.note(now, "Finish", outcome.to_string());
    tracing::info!(deployment = %record.id, ecs_service = %record.service, outcome = %outcome, "the deployment has ended");
}

fn finished(record: &Deployment, followed_by: Option<String>) -> Finished {
    let image = record.plan.as_ref().map(|plan| format!("{} runs {}", record.service, plan.image));
    Finished {
        deployment: record.id.clone(),
        service: record.service.clone(),
        outcome: record.outcome.unwrap_or(Outcome::NeedsHuman),
        reason: record.reason.clone().or(image).unwrap_or_default(),
        followed_by,
    }
}

/// Starts what has become wanted while this deployment ran. Its name is the one that its event would have given
/// it, so that both together start one.
async fn start_next(
    context: &Context,
    record: &Deployment,
    baton: &Baton,
) -> Result<Option<String>, StepError> {
    let wanted = context.ledger().wanted(&baton.service).await?;
    let (Some(Follow { digest, generation, cause }), Some(state_machine)) =
        (follow(record, wanted.as_ref()), &context.config.state_machine)
    else {
        return Ok(None);
    };
    let freeze = context.ledger().freeze().await?;
    if wanted.as_ref().is_some_and(|wanted| is_held_back(wanted, freeze.as_ref())) {
        tracing::info!(deployment = %record.id, ecs_service = %record.service, "what became wanted meanwhile waits for the end of a freeze");
        return Ok(None);
    }
    let name = executions::of_wish(&baton.service, &digest, generation);
    let request = Request { wanted: true, cause: Some(cause), ..Request::of(baton.service.clone()) };
    match executions::start(&context.aws, state_machine, &name, &request).await? {
        Start::Started(arn) => Ok(Some(arn)),
        // An execution of that name came while the lease was held and was turned away: ours goes by another.
        Start::RanBefore => {
            let again = executions::of_wish_after(&baton.service, &digest, generation, baton.fence);
            match executions::start(&context.aws, state_machine, &again, &request).await? {
                Start::Started(arn) => Ok(Some(arn)),
                Start::RanBefore => Ok(None),
            }
        }
    }
}
