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
        ledger
            .take_back(&service, &wanted, &holder, &format!("rollback asked for by {by}"), context.now())
            .await?;
    }
    let note = format!("{holder} takes {} back", wanted.image);
    let record = Deployment::new(service, holder, &execution.id, by, context.now());
    Ok(Planned { baton: baton(&record, 0, Verdict::Over, note), plan: None })
}
