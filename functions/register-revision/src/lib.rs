//! Registers the revision that runs the pinned image.
//!
//! Owns: one new task definition revision. Never: services; and of the task definition it copies it changes only
//! the image of the planned containers, and adds a tag with the deployment's id.

mod act;
mod decide;
mod look;

pub use decide::{Action, DEPLOYMENT_TAG, View, decide};

use changeover_domain::record::Deployment;
use changeover_domain::state::{Baton, Verdict};
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::Context;

/// Puts on record which revision it registered. Pure; the model of the whole uses it as well.
pub fn registered(record: &mut Deployment, revision: String, now: Timestamp) {
    record.note(now, "RegisterRevision", format!("registered {revision}"));
    record.progress.start.revision = Some(revision);
}

/// Makes sure that the deployment has its revision.
pub async fn run(context: &Context, baton: Baton) -> Result<Baton, StepError> {
    let mut held = context.hold(&baton).await?;
    if let Some(revision) = &held.record.progress.start.revision {
        return Ok(baton.with(Verdict::Ready, format!("{revision} is registered")));
    }
    let view = look::look(context, &held).await?;
    let action = decide(view)?;
    let revision = act::act(context, &held, action).await?;
    let note = format!("registered {revision}");
    registered(&mut held.record, revision, context.now());
    held.write().await?;
    Ok(baton.with(Verdict::Ready, note))
}
