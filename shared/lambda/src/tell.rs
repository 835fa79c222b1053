//! Telling others what has happened to a deployment, each thing once.

use crate::Context;
use changeover_aws::{bus, topic};
use changeover_domain::StepError;
use changeover_domain::record::Deployment;
use changeover_domain::told::{Ear, due, event, message};

/// Everyone who is told.
pub const EVERYONE: [Ear; 2] = [Ear::Bus, Ear::Topic];

/// Tells whom it may what has happened since they were told last.
///
/// First it goes on record as told, so that no repetition of a step tells it again: whoever dies in between has told it to
/// nobody. What AWS is too busy to take is taken off the record again, and told by whoever looks next.
///
/// # Errors
/// `Busy` if something is still to be told, `Aws` if it was refused for good.
pub async fn tell(context: &Context, record: &mut Deployment, whom: &[Ear]) -> Result<(), StepError> {
    let ledger = context.ledger();
    let before = record.clone();
    let is_there = |ear: &Ear| *ear == Ear::Bus || context.config.topic.is_some();
    let ears: Vec<Ear> =
        whom.iter().copied().filter(is_there).filter(|ear| !due(&before, *ear).is_empty()).collect();
    if ears.is_empty() {
        return Ok(());
    }
    for ear in &ears {
        due(&before, *ear).into_iter().for_each(|what| record.told.to_mut(*ear).hear(&before, what));
    }
    if let Err(error) = ledger.write_deployment(record).await {
        record.told = before.told;
        return Err(error);
    }
    let (mut told, mut came) = (record.told.clone(), Ok(()));
    for ear in ears {
        let mut heard = before.told.to(ear).clone();
        for what in due(&before, ear) {
            let sent = match (ear, &context.config.topic) {
                (Ear::Bus, _) => bus::put(&context.aws, &event(&before, what)).await,
                (Ear::Topic, Some(topic)) => {
                    topic::publish(&context.aws, topic, &message(&before, what)).await
                }
                (Ear::Topic, None) => Ok(()),
            };
            let is_busy = matches!(sent, Err(StepError::Busy { .. }));
            if sent.is_err() && (came.is_ok() || is_busy) {
                came = sent;
            }
            if is_busy {
                *told.to_mut(ear) = heard.clone();
                break;
            }
            heard.hear(&before, what);
        }
    }
    if told != record.told {
        record.told = told;
        ledger.write_deployment(record).await?;
    }
    came
}

/// The same where the deployment goes on all the same: that nobody could be told goes into the log.
pub async fn tell_on_the_way(context: &Context, record: &mut Deployment, whom: &[Ear]) {
    if let Err(error) = tell(context, record, whom).await {
        tracing::warn!(deployment = %record.id, ecs_service = %record.service, error = error.name(), detail = %error, "not everyone could be told what happened");
    }
}
