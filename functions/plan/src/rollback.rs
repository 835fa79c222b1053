//! Asks the deployment that is on the way, or in its rollback window, to take everything back.

use crate::baton;
use changeover_domain::StepError;
use changeover_domain::record::Deployment;
use changeover_domain::state::{Execution, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Puts on record that what is wanted is to be taken back; the execution that holds the service does it. Asked again
/// it changes nothing.
pub(crate) async fn rollback(
    context: &Context,
    execution: &Execution,
    request: &Request,
) -> Result<Planned, StepError> {
    let asked = crate::look::members(context, request).await?;
    let (ledger, service) = (context.ledger(), asked.service);
    let (wanted, lease) = (ledger.wanted(&service).await?, ledger.lease(&service).await?);
    let (Some(wanted), Some(holder)) = (wanted, lease.holder) else {
        return Err(StepError::BadInput(format!(
            "no deployment of {service} is on the way or in its rollback window: to go back further, start an execution with the tag or the digest of the earlier image"
        )));
    };
    let by = request.cause.as_deref().unwrap_or(&execution.name);
    if wanted.taken_back.as_ref() != Some(&holder) {
        let record = ledger.find_deployment(&service, &holder).await?;
        if let Some(why) = record.as_ref().and_then(too_late) {
            return Err(StepError::BadInput(why));
        }
        ledger
            .take_back(&service, &wanted, &holder, &format!("rollback asked for by {by}"), context.now())
            .await?;
    }
    let note = format!("{holder} takes {} back", wanted.image);
    let record = Deployment::new(service, holder, &execution.id, by, context.now());
    Ok(Planned { baton: baton(&record, 0, Verdict::Over, note), plan: None })
}

/// Why a deployment cannot be taken back any more, if so: its old tasks are being stopped, or gone.
fn too_late(record: &Deployment) -> Option<String> {
    let progress = &record.progress;
    let stopping = progress.scaled_in_at.is_some() || progress.drained;
    (stopping && progress.rollback_at.is_none()).then(|| {
        format!(
            "it is too late to take back {}: the old tasks of {} are being stopped; to go back, start an execution with the tag or the digest of the earlier image",
            record.id, record.service
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::{DeploymentId, ServiceName};

    fn deployment() -> Deployment {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d-1"));
        Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn what_is_on_the_way_or_in_its_window_is_taken_back() {
        let mut record = deployment();
        assert_eq!(too_late(&record), None);
        record.progress.quiet_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(too_late(&record), None);
    }

    #[test]
    fn once_the_old_tasks_are_being_stopped_it_is_too_late() {
        let (mut stopping, mut drained) = (deployment(), deployment());
        stopping.progress.scaled_in_at = Some(Timestamp::UNIX_EPOCH);
        drained.progress.drained = true;
        for record in [&stopping, &drained] {
            let why = too_late(record).expect("it is too late");
            for part in ["too late", "d-1", "main/web", "the earlier image"] {
                assert!(why.contains(part), "{part} in {why}");
            }
        }
        stopping.progress.rollback_at = Some(Timestamp::UNIX_EPOCH);
        assert_eq!(too_late(&stopping), None, "it is on its way back already");
    }
}
