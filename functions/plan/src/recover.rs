//! Takes over a deployment whose execution died, so that rollback can bring it to an end.

use crate::baton;
use changeover_aws::executions::is_running;
use changeover_aws::ledger::Claim;
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::Deployment;
use changeover_domain::state::{Execution, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Takes the lease over from a dead execution. Refuses if that still runs, or if the deployment has ended.
pub(crate) async fn recover(
    context: &Context,
    execution: &Execution,
    request: &Request,
    dead: &DeploymentId,
) -> Result<Planned, StepError> {
    let ledger = context.ledger();
    let service = &request.service;
    let lease = ledger.lease(service).await?;
    let held_by_dead = lease.holder.as_ref() == Some(dead);
    let (true, Some(holder)) = (held_by_dead, lease.execution.clone()) else {
        let why = format!("{dead} does not hold {service} any more: there is nothing to recover");
        return Ok(Planned { baton: nothing(request, dead, why), plan: None });
    };
    if holder != execution.id && is_running(&context.aws, &holder).await? {
        let why = format!("{holder} still runs: it is not to be recovered from");
        return Ok(Planned { baton: nothing(request, dead, why), plan: None });
    }
    let fence = match ledger.take_over(service, dead, &holder, &execution.id).await? {
        Claim::Held(fence) => fence,
        Claim::HeldBy(other) => {
            let why = format!("someone else recovers {dead}: {}", other.execution.unwrap_or_default());
            return Ok(Planned { baton: nothing(request, dead, why), plan: None });
        }
    };
    let mut record = match ledger.find_deployment(service, dead).await? {
        Some(record) => record,
        // It died between the lease and its record: nothing was planned, so nothing was changed.
        None => Deployment::new(service.clone(), dead.clone(), &execution.id, "recovery", context.now()),
    };
    let note = format!("the execution of {dead} ended before its time; {} takes over", execution.name);
    record.fail(&note);
    record.execution.clone_from(&execution.id);
    record.note(context.now(), "Plan", &note);
    ledger.write_deployment(&mut record).await?;
    Ok(Planned { baton: baton(&record, fence, Verdict::Recover, note), plan: None })
}

fn nothing(request: &Request, dead: &DeploymentId, why: String) -> changeover_domain::state::Baton {
    let now = changeover_domain::Timestamp::UNIX_EPOCH;
    let record = Deployment::new(request.service.clone(), dead.clone(), "", "recovery", now);
    baton(&record, 0, Verdict::Over, why)
}
