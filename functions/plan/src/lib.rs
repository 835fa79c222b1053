//! Claims the lease, pins the digest, reads everything, and plans or refuses.
//!
//! Owns: the lease's beginning, the deployment's record with its plan, what is wanted when a person asks for it.
//! Never: a change to the service; a refusal leaves everything as it was.

mod act;
mod containers;
mod decide;
mod definition;
mod guard;
mod look;
mod notes;
mod order;
mod readiness;
mod recover;
mod refusal;
mod registry;
mod rollback;
mod schema;

pub use act::apply;
pub use changeover_domain::definition::{ContainerSeen, DefinitionSeen};
pub use decide::{Decision, View, decide, strategy};
pub use rollback::too_late;

use changeover_aws::ledger::Claim;
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use changeover_domain::plan::Plan;
use changeover_domain::record::{Ask, Deployment, Wanted};
use changeover_domain::settings::Strategy;
use changeover_domain::state::{Baton, PlanInput, Planned, Request, Verdict};
use changeover_domain::wish::by_hand;
use changeover_lambda::{Context, EVERYONE, tell_on_the_way};

/// Plans a deployment, refuses it, or takes over one whose execution died.
pub async fn run(context: &Context, input: PlanInput) -> Result<Planned, StepError> {
    let request = Request::read(&input.request)?;
    if let Some(dead) = &request.recover {
        return recover::recover(context, &input.execution, &request, dead).await;
    }
    if request.rollback {
        return rollback::rollback(context, &input.execution, &request).await;
    }
    if let Some(kind) = request.order() {
        return order::order(context, &input.execution, &request, kind).await;
    }
    let mut claimed = None;
    match begin(context, &input, &request, &mut claimed).await {
        // AWS refuses something that this deployment needs to see: that is the end of this one, and no crash.
        Err(error @ StepError::Aws { .. }) => turned_away(context, &input, &request, claimed, &error).await,
        planned => planned,
    }
}

/// Ends a deployment for which AWS refused a look, as what it is.
async fn turned_away(
    context: &Context,
    input: &PlanInput,
    request: &Request,
    claimed: Option<(Deployment, u64)>,
    error: &StepError,
) -> Result<Planned, StepError> {
    if let Some((mut record, fence)) = claimed {
        return act::plan(context, &mut record, Decision::Refuse(vec![error.to_string()]), fence).await;
    }
    let id = DeploymentId::new(input.execution.started_at, &input.execution.name);
    let cause = request.cause.as_deref().unwrap_or("console");
    let mut record = Deployment::new(request.service.clone(), id, &input.execution.id, cause, context.now());
    if request.dry_run {
        return Ok(act::dry(&record, Decision::Refuse(vec![error.to_string()])));
    }
    if let Some(earlier) = context.ledger().find_deployment(&record.service, &record.id).await? {
        return Ok(act::again(&earlier, 0));
    }
    act::turned_away(context, &mut record, error).await
}

/// Plans a deployment of what is asked for, or refuses it. What holds the lease by then is left in `claimed`.
async fn begin(
    context: &Context,
    input: &PlanInput,
    request: &Request,
    claimed: &mut Option<(Deployment, u64)>,
) -> Result<Planned, StepError> {
    let now = context.now();
    // Read before the image is looked up, so that what is asked for meanwhile is not written over.
    let (before, whole, asked) = look::meant(context, request).await?;
    let execution = input.execution.name.as_str();
    let id = DeploymentId::new(input.execution.started_at, execution);
    let cause = request.cause.as_deref().unwrap_or("console");
    let mut record = Deployment::new(asked.service.clone(), id.clone(), &input.execution.id, cause, now);
    let ledger = context.ledger();
    if let Some(mut earlier) = ledger.find_deployment(&asked.service, &id).await?.filter(|_| !request.dry_run)
    {
        // One that was turned away has no part in the lease of the one that holds it, and one that was stopped, taken
        // over and then redriven has none in that of its recovery.
        let lease = ledger.lease(&asked.service).await?;
        let fence = lease.fence_for(&id, &input.execution.id);
        let fence = fence.ok_or_else(|| lease.lost(&asked.service, &id, 0))?;
        if fence > 0 {
            tell_on_the_way(context, &mut earlier, &EVERYONE).await;
        }
        return Ok(act::again(&earlier, fence));
    }
    let view = look::look(context, &whole, asked, (before.as_ref(), execution)).await?;
    record.strategy = Some(strategy(&view));
    if request.dry_run {
        return Ok(act::dry(&record, decide(&view)));
    }
    record.wish = if request.wanted && before.is_some() {
        before.map(|before| before.generation)
    } else {
        ask(context, &record, &view, before.as_ref(), request).await?
    };
    record.digest = view.image.as_ref().ok().map(|image| image.digest.clone());
    match ledger.claim(&record.service, &id, &input.execution.id).await? {
        Claim::Held(fence) => {
            *claimed = Some((record.clone(), fence));
            // What was seen before the lease was ours may have been another deployment's half-way state.
            let (wanted, whole, asked) = look::meant(context, request).await?;
            let view = look::look(context, &whole, asked, (wanted.as_ref(), execution)).await?;
            if request.wanted {
                record.wish = wanted.map(|wanted| wanted.generation);
            }
            record.digest = view.image.as_ref().ok().map(|image| image.digest.clone());
            let decision = decide(&view);
            let planned = act::plan(context, &mut record, decision, fence).await?;
            tell_on_the_way(context, &mut record, &EVERYONE).await;
            Ok(planned)
        }
        Claim::HeldBy(lease) => {
            let nothing = view.image.err().filter(|_| record.wish.is_none());
            act::held_by(context, &mut record, &lease, nothing.as_deref()).await
        }
    }
}

/// Puts on record what somebody asks for by hand, with all that they ask for, and tells its generation; none if there
/// is no such image.
async fn ask(
    context: &Context,
    record: &Deployment,
    view: &View,
    before: Option<&Wanted>,
    request: &Request,
) -> Result<Option<u64>, StepError> {
    let Ok(image) = &view.image else { return Ok(None) };
    let registry = look::tagged(context, view).await?;
    let ask = Ask {
        deployment: record.id.clone(),
        settings: request.settings.clone(),
        redeploy: request.redeploy,
        overridden: view.overridden.clone(),
    };
    let ledger = context.ledger();
    let holder = match ledger.lease(&record.service).await?.holder {
        Some(holder) => ledger.find_deployment(&record.service, &holder).await?,
        None => None,
    };
    let (registry, cause) = (registry.as_deref(), record.cause.as_str());
    let Some(wanted) = by_hand(before, image, registry, &ask, holder.as_ref(), record.began_at, cause) else {
        return Ok(before.map(|before| before.generation));
    };
    ledger.want(&record.service, &wanted).await?;
    Ok(Some(wanted.generation))
}

/// The first baton of a deployment.
fn baton(record: &Deployment, fence: u64, verdict: Verdict, note: String) -> Baton {
    Baton {
        deployment: record.id.clone(),
        service: record.service.clone(),
        fence,
        strategy: record.plan.as_ref().map(Plan::strategy).or(record.strategy).unwrap_or(Strategy::Rolling),
        verdict,
        more_steps: false,
        wait_seconds: 0,
        note,
    }
}
