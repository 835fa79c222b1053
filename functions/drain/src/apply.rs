//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::{Action, STATE, View, serving, told_to_stop, watched};
use changeover_domain::alarmed::Alarms;
use changeover_domain::record::Deployment;

/// Puts an action on record, before it is performed. Pure.
pub fn apply(record: &mut Deployment, view: &View, action: &Action) {
    let (now, course) = (view.now, serving(view));
    record.progress.set_since(course.since());
    if let Some(watched) = watched(view) {
        record.progress.watching = watched.watching;
    }
    if let Alarms::Unseen { since, .. } = &view.alarms {
        record.progress.health.blind_at = Some(*since);
    }
    match action {
        Action::Wait { why, .. } => record.note(now, STATE, why),
        Action::Quiet { why } => {
            record.progress.drain.quiet_at = Some(now);
            record.note(now, STATE, why);
        }
        Action::TakeBack { why, harmful } => {
            record.progress.health.harmful |= *harmful;
            record.fail(why);
            record.note(now, STATE, why);
        }
        Action::Pin { why, .. } => {
            record.progress.pinned_at = Some(now);
            record.note(now, STATE, why);
        }
        Action::ScaleIn => {
            record.progress.drain.scaled_in_at.get_or_insert(now);
            record.note(now, STATE, told_to_stop(view));
        }
        Action::Drained { why, needs_human } => {
            record.progress.drain.drained = true;
            if *needs_human {
                record.give_up(why);
            }
            record.note(now, STATE, why);
        }
    }
}
