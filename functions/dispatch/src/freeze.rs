//! Freezes: what pushes and schedules ask for is put on record and begins nothing, until somebody ends it.

use crate::event::{Freeze as Begin, Unfreeze};
use crate::{Dispatched, start};
use changeover_domain::StepError;
use changeover_domain::freeze::{Ended, Freeze};
use changeover_domain::record::SCHEMA;
use changeover_lambda::Context;

/// Begins one. One that lasts stays as it is: whoever froze first has the reason that holds.
pub(crate) async fn begin(context: &Context, order: Begin) -> Result<Dispatched, StepError> {
    let ledger = context.ledger();
    if let Some(lasting) = ledger.freeze().await? {
        let why = format!("the stack is {lasting}");
        return Ok(Dispatched { frozen: Some(lasting), ..Dispatched::passing_over(why) });
    }
    let Begin { reason, by } = order;
    let freeze = Freeze { schema: SCHEMA, reason, by, since: context.now(), ended: None };
    ledger.write_freeze(&freeze).await?;
    tracing::info!(%freeze, "pushes and schedules begin nothing from now on");
    Ok(Dispatched { frozen: Some(freeze), ..Dispatched::default() })
}

/// Ends it, and brings every service to what it is to run, as the next tick of `reconcile` would.
pub(crate) async fn end(context: &Context, order: Unfreeze) -> Result<Dispatched, StepError> {
    let ledger = context.ledger();
    let Some(lasting) = ledger.freeze().await? else {
        return Ok(Dispatched::passing_over("the stack is not frozen".to_owned()));
    };
    let ended = Some(Ended { by: order.by, at: context.now() });
    ledger.write_freeze(&Freeze { ended, ..lasting }).await?;
    tracing::info!("pushes and schedules begin deployments again");
    start::reconcile(context).await
}
