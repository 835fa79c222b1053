//! Claims the lease, pins the digest, reads everything, and plans or refuses.
//!
//! Owns: the lease's beginning, the deployment's record with its plan, what is wanted when a person asks for it.
//! Never: a change to the service; a refusal leaves everything as it was.

mod act;
mod decide;
mod definition;
mod look;
mod recover;
mod refusal;
mod rollback;

pub use decide::{Decision, View, decide};
pub use definition::{ContainerSeen, DefinitionSeen};

use changeover_aws::ledger::Claim;
use changeover_domain::StepError;
use changeover_domain::name::DeploymentId;
use changeover_domain::record::Deployment;
use changeover_domain::settings::Strategy;
use changeover_domain::state::{Baton, PlanInput, Planned, Request, Verdict};
use changeover_lambda::Context;

/// Plans a deployment, refuses it, or takes over one whose execution died.
pub async fn run(context: &Context, input: PlanInput) -> Result<Planned, StepError> {
    let request = Request::read(&input.request)?;
    if let Some(dead) = &request.recover {
        return recover::recover(context, &input.execution, &request, dead).await;
    }
    if request.rollback {
        return rollback::rollback(context, &input.execution, &request).await;
    }
    let now = context.now();
    let asked = look::members(context, &request).await?;
    let id = DeploymentId::new(input.execution.started_at, &input.execution.name);
    let cause = request.cause.as_deref().unwrap_or("console");
    let mut record = Deployment::new(asked.service.clone(), id.clone(), &input.execution.id, cause, now);
    if request.dry_run {
        let decision = decide(&look::look(context, &request, asked).await?);
        return Ok(act::dry(&record, decision));
    }
    let ledger = context.ledger();
    if let Some(earlier) = ledger.find_deployment(&asked.service, &id).await? {
        let fence = ledger.lease(&asked.service).await?.fence;
        return Ok(act::again(&earlier, fence));
    }
    // Read before the image is looked up, so that what is asked for meanwhile is not written over.
    let before = ledger.wanted(&record.service).await?;
    let view = look::look(context, &request, asked).await?;
    if let Ok(image) = &view.image {
        let taken_back = before.as_ref().is_some_and(|before| before.taken_back.is_some());
        if taken_back {
            // Whoever asks for it by hand wants it after all.
            ledger.want_again(&record.service, before.as_ref(), image, cause, now).await?;
        } else {
            ledger.want(&record.service, before.as_ref(), image, cause, now).await?;
        }
    }
    match ledger.claim(&record.service, &id, &input.execution.id).await? {
        Claim::Held(fence) => {
            // What was seen before the lease was ours may have been another deployment's half-way state.
            let asked = look::members(context, &request).await?;
            let decision = decide(&look::look(context, &request, asked).await?);
            act::plan(context, &mut record, decision, fence).await
        }
        Claim::HeldBy(lease) => act::held_by(context, &mut record, &lease).await,
    }
}

/// The first baton of a deployment.
fn baton(record: &Deployment, fence: u64, verdict: Verdict, note: String) -> Baton {
    Baton {
        deployment: record.id.clone(),
        service: record.service.clone(),
        fence,
        strategy: record.plan.as_ref().map_or(Strategy::Rolling, changeover_domain::plan::Plan::strategy),
        verdict,
        more_steps: false,
        wait_seconds: 0,
        note,
    }
}
