//! Takes over a deployment whose execution died, so that rollback can bring it to an end.

use crate::baton;
use changeover_aws::executions::is_running;
use changeover_aws::ledger::Claim;
use changeover_aws::look::{LOOKS, pause};
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::Deployment;
use changeover_domain::state::{Execution, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Most recoveries of one deployment, each of which took it over and died: with what a state tries before that, AWS
/// may be away for hours. After them a person has to look.
const MOST_TAKEOVERS: u32 = 30;

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
    if holder != execution.id && !is_dead(context, &holder).await? {
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
        None => unrecorded(context, request, dead, &execution.id).await?,
    };
    let note = format!("the execution of {dead} ended before its time; {} takes over", execution.name);
    record.fail(&note);
    record.execution.clone_from(&execution.id);
    record.progress.recovery.taken_over_at = Some(context.now());
    record.progress.recovery.recoveries += 1;
    record.note(context.now(), "Plan", &note);
    let verdict = verdict(&record);
    if verdict == Verdict::Refused {
        record.give_up(&format!(
            "{MOST_TAKEOVERS} recoveries could not bring it to an end: see in the history of {} what stopped it, and who has the traffic",
            execution.name
        ));
    }
    ledger.write_deployment(&mut record).await?;
    Ok(Planned { baton: baton(&record, fence, verdict, note), plan: None })
}

/// Whether an execution is dead. Who starts a recovery was told so, and `DescribeExecution` may be late: so it is asked more
/// than once before the recovery leaves off.
async fn is_dead(context: &Context, execution: &str) -> Result<bool, StepError> {
    for _ in 1..LOOKS {
        if !is_running(&context.aws, execution).await? {
            return Ok(true);
        }
        pause(context.config.function_timeout).await;
    }
    Ok(!is_running(&context.aws, execution).await?)
}

/// Whether a recovery goes back, or leaves it to a person because too many before it could not.
fn verdict(record: &Deployment) -> Verdict {
    let progress = &record.progress;
    let is_over = record.outcome.is_some() || progress.drain.drained || progress.back.rolled_back;
    if progress.recovery.recoveries > MOST_TAKEOVERS && !is_over {
        Verdict::Refused
    } else {
        Verdict::Recover
    }
}

/// The record of a deployment that died between the lease and its record: nothing was planned, so nothing was changed.
/// The wish counts as tried, so that it is not begun for ever.
async fn unrecorded(
    context: &Context,
    request: &Request,
    dead: &DeploymentId,
    execution: &str,
) -> Result<Deployment, StepError> {
    let service = request.service.clone();
    let wanted = context.ledger().wanted(&service).await?;
    let mut record = Deployment::new(service, dead.clone(), execution, "recovery", context.now());
    record.wish = wanted.map(|wanted| wanted.generation);
    Ok(record)
}

fn nothing(request: &Request, dead: &DeploymentId, why: String) -> changeover_domain::state::Baton {
    let now = changeover_domain::Timestamp::UNIX_EPOCH;
    let record = Deployment::new(request.service.clone(), dead.clone(), "", "recovery", now);
    baton(&record, 0, Verdict::Over, why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use changeover_domain::Timestamp;
    use changeover_domain::name::ServiceName;

    #[test]
    fn recoveries_have_an_end_unless_there_is_nothing_more_to_take_back() {
        let (service, id) = (ServiceName::new("main", "web"), DeploymentId::from("d"));
        let mut record = Deployment::new(service, id, "arn", "push", Timestamp::UNIX_EPOCH);
        record.progress.recovery.recoveries = MOST_TAKEOVERS;
        assert_eq!(verdict(&record), Verdict::Recover);
        record.progress.recovery.recoveries += 1;
        assert_eq!(verdict(&record), Verdict::Refused);
        record.progress.back.rolled_back = true;
        assert_eq!(verdict(&record), Verdict::Recover, "only its end is left to be put on record");
    }
}
