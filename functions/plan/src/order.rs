//! Gives the deployment on the way an order: to promote it, to pause it, to continue it.

use crate::{baton, rollback::on_the_way};
use changeover_domain::StepError;
use changeover_domain::gate::Kind;
use changeover_domain::state::{Execution, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Puts an order on the deployment's record; the execution that holds the service obeys it at its next look. Given again it
/// changes nothing. The record is written on condition of its version, so that the order is about what it was looked at for.
pub(crate) async fn order(
    context: &Context,
    execution: &Execution,
    request: &Request,
    kind: Kind,
) -> Result<Planned, StepError> {
    let mut record = on_the_way(context, request, &format!("there is nothing to {kind}")).await?;
    let given = record.order(kind, context.now(), &execution.name, request.cause.as_deref());
    if given.map_err(StepError::BadInput)? {
        context.ledger().write_deployment(&mut record).await?;
    }
    let note = format!("{kind} is on the record of {}", record.id);
    Ok(Planned { baton: baton(&record, 0, Verdict::Over, note), plan: None })
}
