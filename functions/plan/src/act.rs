//! Puts a decision on record and hands on the baton.

use crate::{Decision, baton};
use changeover_domain::record::{Deployment, Lease, Outcome};
use changeover_domain::state::{Planned, Verdict};
use changeover_domain::{StepError, Timestamp};
use changeover_lambda::Context;

const STATE: &str = "Plan";

/// Puts the decision on record, with all that rollback needs.
pub(crate) async fn plan(
    context: &Context,
    record: &mut Deployment,
    decision: Decision,
    fence: u64,
) -> Result<Planned, StepError> {
    apply(record, decision, context.now());
    context.ledger().write_deployment(record).await?;
    Ok(again(record, fence))
}

/// Puts a decision on record. Pure; the model of the whole uses it as well.
pub fn apply(record: &mut Deployment, decision: Decision, now: Timestamp) {
    match decision {
        Decision::Go(plan) => {
            record.note(now, STATE, format!("{} to {}", record.service, plan.image));
            if let Some(why) = &plan.image.chosen {
                record.note(now, STATE, format!("{} is meant: {why}", plan.image));
            }
            for note in plan.readiness.found.iter().chain(&plan.notes) {
                record.note(now, STATE, note);
            }
            record.plan = Some(*plan);
        }
        Decision::NothingToDo(why) => {
            record.nothing_to_do = true;
            record.reason = Some(why.clone());
            record.note(now, STATE, why);
        }
        Decision::Refuse(mistakes) => refuse(record, &mistakes.join("; "), now),
        Decision::Postpone(why, postponed) => {
            record.postponed = Some(postponed);
            refuse(record, &why, now);
        }
    }
}

/// Puts on record that someone else is at it. What was asked for is on record as wanted, and runs after that; unless
/// there is no such image, and `nothing` says so.
pub(crate) async fn held_by(
    context: &Context,
    record: &mut Deployment,
    lease: &Lease,
    nothing: Option<&str>,
) -> Result<Planned, StepError> {
    let holder = lease.holder.as_ref().map_or("another deployment", |holder| holder.as_str());
    let after = nothing.unwrap_or(
        "what was asked for is on record as wanted: it is what is being brought, or is brought when that has ended, unless something else is asked for",
    );
    let why = format!(
        "{} is being changed by {holder} ({}); {after}",
        record.service,
        lease.execution.as_deref().unwrap_or("no execution on record")
    );
    refuse(record, &why, context.now());
    // It never had the lease, so that nobody would bring it to an end if its execution died here.
    record.end(Outcome::Refused, context.now());
    context.ledger().write_deployment(record).await?;
    Ok(again(record, 0))
}

/// Puts on record that AWS refused a look, with the lease or before it was claimed. Nothing has been changed.
pub(crate) async fn turned_away(
    context: &Context,
    record: &mut Deployment,
    error: &StepError,
) -> Result<Planned, StepError> {
    refuse(record, &error.to_string(), context.now());
    record.end(Outcome::Refused, context.now());
    context.ledger().write_deployment(record).await?;
    Ok(again(record, 0))
}

fn refuse(record: &mut Deployment, why: &str, now: Timestamp) {
    record.fail(why);
    record.note(now, STATE, why);
}

/// What an earlier run of this step answered, or would have.
pub(crate) fn again(record: &Deployment, fence: u64) -> Planned {
    let (verdict, note) = match (&record.plan, &record.reason) {
        (Some(plan), _) => (Verdict::Ready, format!("{} to {}", record.service, plan.image)),
        (None, reason) => (Verdict::Refused, reason.clone().unwrap_or_default()),
    };
    Planned { baton: baton(record, fence, verdict, note), plan: None }
}

/// What would be done, with nothing put on record.
pub(crate) fn dry(record: &Deployment, decision: Decision) -> Planned {
    let (note, plan) = match decision {
        Decision::Go(plan) => (format!("would bring {} to {}", record.service, plan.image), Some(plan)),
        Decision::NothingToDo(why) => (why, None),
        Decision::Refuse(mistakes) => (format!("would be refused: {}", mistakes.join("; ")), None),
        Decision::Postpone(why, _) => (format!("would be refused: {why}"), None),
    };
    Planned { baton: baton(record, 0, Verdict::Over, note), plan }
}
