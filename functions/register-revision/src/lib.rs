//! Registers the revision that runs the pinned image; and before that, where the plan asks for it, the copy of the live
//! revision that going back goes to.
//!
//! Owns: new task definition revisions. Never: services; and of the task definition it copies it changes only
//! the images that are planned, and adds a tag with the deployment's id.

mod act;
mod decide;
mod look;

pub use decide::{Action, Copy, View, decide};

use changeover_domain::record::Deployment;
use changeover_domain::state::{Baton, Verdict};
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::{Context, Held};

/// Puts on record which revision it registered. Pure; the model of the whole uses it as well.
pub fn registered(record: &mut Deployment, revision: String, now: Timestamp) {
    record.note(now, "RegisterRevision", format!("registered {revision}"));
    record.progress.start.revision = Some(revision);
}

/// Puts on record which copy it registered for going back. Pure.
pub fn registered_way_back(record: &mut Deployment, revision: String, now: Timestamp) {
    record.note(now, "RegisterRevision", format!("registered {revision} for going back"));
    record.progress.start.way_back = Some(revision);
}

/// Makes sure that the deployment has its revision, and its way back.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    if held.plan()?.readiness.copy.is_some() && held.record.progress.start.way_back.is_none() {
        let revision = register(context, &held, Copy::WayBack).await?;
        registered_way_back(&mut held.record, revision, context.now());
        held.write().await?;
    }
    if let Some(revision) = &held.record.progress.start.revision {
        return Ok(baton.with(Verdict::Ready, format!("{revision} is registered")));
    }
    let revision = register(context, &held, Copy::New).await?;
    let note = format!("registered {revision}");
    registered(&mut held.record, revision, context.now());
    held.write().await?;
    Ok(baton.with(Verdict::Ready, note))
}

/// A copy, registered now or by an earlier run.
async fn register(context: &Context, held: &Held<'_>, copy: Copy) -> Result<String, StepError> {
    let view = look::look(context, held, copy).await?;
    act::act(context, held, decide(view)?).await
}
