//! Asks the deployment that is on the way, or in its rollback window, to take everything back.

use crate::baton;
use changeover_domain::StepError;
use changeover_domain::record::Deployment;
use changeover_domain::state::{Execution, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Puts on the deployment's record that it is to be taken back; the execution that holds the service does it. Asked
/// again it changes nothing.
///
/// The record is written on condition of its version, and so is what the deployment itself puts there: it either sees
/// this before it takes a step from which there is no way back, or this is told that it is too late. What has become
/// wanted meanwhile is none of this: it follows.
pub(crate) async fn rollback(
    context: &Context,
    execution: &Execution,
    request: &Request,
) -> Result<Planned, StepError> {
    let mut record = on_the_way(
        context,
        request,
        "to go back further, start an execution with the tag or the digest of the earlier image",
    )
    .await?;
    let (ledger, holder) = (context.ledger(), record.id.clone());
    if record.orders.taken_back.is_none() {
        if let Some(why) = too_late(&record) {
            return Err(StepError::BadInput(why));
        }
        let why = format!("rollback asked for by {}", request.cause.as_deref().unwrap_or(&execution.name));
        record.note(context.now(), "Plan", &why);
        record.take_back(&why);
        ledger.write_deployment(&mut record).await?;
    }
    let what = record.plan.as_ref().map_or_else(|| "everything".to_owned(), |plan| plan.image.to_string());
    Ok(Planned { baton: baton(&record, 0, Verdict::Over, format!("{holder} takes {what} back")), plan: None })
}

/// The deployment that holds a service, for somebody who gives it an order.
pub(crate) async fn on_the_way(
    context: &Context,
    request: &Request,
    otherwise: &str,
) -> Result<Deployment, StepError> {
    let asked = crate::look::members(context, request).await?;
    let (ledger, service) = (context.ledger(), asked.service);
    let Some(holder) = ledger.lease(&service).await?.holder else {
        return Err(StepError::BadInput(format!(
            "no deployment of {service} is on the way or in its rollback window: {otherwise}"
        )));
    };
    // One that is not on record has just claimed the lease, and its plan comes with its record.
    ledger.find_deployment(&service, &holder).await?.ok_or_else(|| StepError::Busy {
        call: "GetItem".to_owned(),
        detail: format!("{holder} holds {service} and is not on record yet; it is looked for again"),
    })
}

/// Why a deployment cannot be taken back any more, if so: its old tasks are being stopped, or gone, or it has ended.
pub fn too_late(record: &Deployment) -> Option<String> {
    let (progress, id, service) = (&record.progress, &record.id, &record.service);
    if let Some(outcome) = record.outcome {
        return Some(format!("it is too late to take back {id} of {service}: it has ended as {outcome}"));
    }
    let stopping = progress.drain.scaled_in_at.is_some() || progress.drain.drained;
    (stopping && progress.back.rollback_at.is_none()).then(|| {
        format!(
            "it is too late to take back {id}: the old tasks of {service} are being stopped; to go back, start an execution with the tag or the digest of the earlier image"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::{DeploymentId, ServiceName};
    use changeover_domain::record::Outcome;

    fn deployment() -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
        Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_on_the_way_or_in_its_window_is_taken_back() {
        let mut record = deployment();
        assert_eq!(too_late(&record), None);
        record.progress.drain.quiet_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(too_late(&record), None);
    }

    #[test]
    fn once_the_old_tasks_are_being_stopped_it_is_too_late() {
        let (mut stopping, mut drained) = (deployment(), deployment());
        stopping.progress.drain.scaled_in_at = Some(Timestamp::UNIX_EPOCH);
        drained.progress.drain.drained = true;
        for record in [&stopping, &drained] {
            let why = too_late(record).expect("it is too late");
            for part in ["too late", "d-1", "main/web", "the earlier image"] {
                assert!(why.contains(part), "{part} in {why}");
            }
        }
        stopping.progress.back.rollback_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(too_late(&stopping), None, "it is on its way back already");
    }

    #[test]
    fn what_has_ended_is_not_taken_back() {
        let mut ended = deployment();
        ended.outcome = Some(Outcome::Succeeded);
        let why = too_late(&ended).expect("it is too late");
        assert!(why.contains("d-1") && why.contains("Succeeded"), "{why}");
    }
}
