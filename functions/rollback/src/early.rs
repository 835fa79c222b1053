//! The end of a deployment that died in `Plan`, before it had a baton: its lease may be held, and its record may be
//! missing. If that has no plan, nothing was changed; with one, going back looks what was.

use changeover_aws::ecs;
use changeover_domain::StepError;
use changeover_domain::name::{DeploymentId, ServiceName};
use changeover_domain::record::{Deployment, Outcome, Wanted};
use changeover_domain::settings::Strategy;
use changeover_domain::state::{Baton, Caught, PlanInput, Request, Verdict};
use changeover_lambda::Context;

/// Puts on record why it ended, and hands a baton to `Finish`.
pub(crate) async fn end(
    context: &Context,
    plan: Option<PlanInput>,
    error: Option<Caught>,
) -> Result<Baton, StepError> {
    let input =
        plan.ok_or_else(|| StepError::BadInput("the input is neither a baton nor Plan's".to_owned()))?;
    let request = Request::read(&input.request)?;
    let service = name_of(context, &request).await?;
    let id = match &request.recover {
        Some(dead) => dead.clone(),
        None => DeploymentId::new(input.execution.started_at, &input.execution.name),
    };
    let ledger = context.ledger();
    let lease = ledger.lease(&service).await?;
    let is_ours = lease.execution.as_deref() == Some(&input.execution.id);
    if request.recover.is_some() && !is_ours {
        // It has not taken over: the deployment is not its to end. The next tick of reconcile starts another recovery.
        return Err(lease.lost(&service, &id, 0));
    }
    let fence = if is_ours { lease.fence } else { 0 };
    let found = ledger.find_deployment(&service, &id).await?;
    if !is_ours && found.as_ref().is_some_and(|record| record.plan.is_some() && record.outcome.is_none()) {
        // It had the lease once, and a recovery has taken it over.
        return Err(lease.lost(&service, &id, 0));
    }
    let mut record = match found {
        Some(record) => record,
        None => unrecorded(context, &request, &service, &id, &input.execution.id).await?,
    };
    let why = error.map_or_else(|| "planning did not end".to_owned(), |error| error.words());
    let baton = Baton {
        deployment: id,
        service,
        fence,
        strategy: record.plan.as_ref().map_or(Strategy::Rolling, |plan| plan.strategy()),
        verdict: Verdict::Ready,
        more_steps: false,
        wait_seconds: 0,
        note: why.clone(),
    };
    // What has a plan may have been begun, by this execution or by the one that it recovers from: with the baton in
    // hand, the next look goes back for real.
    let goes_back = record.plan.is_some() && record.outcome.is_none();
    if record.outcome.is_none() && record.execution == input.execution.id {
        record.fail(&why);
        if fence == 0 && record.plan.is_none() {
            // Without the lease nobody would bring it to an end if its execution died here.
            record.end(Outcome::Refused, context.now());
        }
        record.note(context.now(), "Rollback", &why);
        ledger.write_deployment(&mut record).await?;
    }
    Ok(if goes_back { baton.waiting(1, why) } else { baton })
}

/// The record of a deployment that has none. A wish that it was for counts as tried, so that it is not begun for ever.
async fn unrecorded(
    context: &Context,
    request: &Request,
    service: &ServiceName,
    id: &DeploymentId,
    execution: &str,
) -> Result<Deployment, StepError> {
    let wanted = context.ledger().wanted(service).await?;
    let asked = |wanted: &Wanted| wanted.asked.as_ref().is_some_and(|asked| asked.deployment == *id);
    let ours = wanted.filter(|wanted| request.wanted || request.recover.is_some() || asked(wanted));
    let mut record = Deployment::new(service.clone(), id.clone(), execution, "console", context.now());
    record.wish = ours.map(|wanted| wanted.generation);
    Ok(record)
}

/// The name that the service goes by, as `plan` would have found it.
async fn name_of(context: &Context, request: &Request) -> Result<ServiceName, StepError> {
    let named = &request.service;
    let found = ecs::services(&context.aws, &named.cluster, &[&named.name]).await?;
    let tag = found.first().and_then(|service| service.settings.get("pair"));
    let pair = request.settings.get("pair").or(tag).map(|pair| pair.trim());
    Ok(named.of_pair(pair.filter(|pair| !pair.is_empty())))
}
