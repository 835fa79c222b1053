//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::{Action, View};
use changeover_domain::Timestamp;
use changeover_domain::record::Deployment;
use changeover_domain::room::Enlarged;

const STATE: &str = "UpdateService";

/// Puts an action on record, before it is performed. False if there was nothing to put there. Pure.
pub fn apply(record: &mut Deployment, view: &View, action: &Action, now: Timestamp) -> bool {
    match action {
        Action::Nothing | Action::Start { .. } if view.grew() => {
            record.note(
                now,
                STATE,
                format!("{} tasks in {}, as the live side has now", view.tasks, view.member),
            );
            if let Some(plan) = &mut record.plan {
                plan.tasks = view.tasks;
            }
        }
        Action::Nothing | Action::Start { .. } if view.started => return false,
        // What happens to the tasks from here on is this deployment's doing.
        Action::Nothing | Action::Start { .. } => {
            record.progress.start.started_at = Some(now);
            record.note(now, STATE, format!("{} tasks of {} in {}", view.tasks, view.revision, view.member));
            if let Some(plan) = &mut record.plan {
                plan.tasks = view.tasks;
            }
        }
        Action::Enlarge { group, from, to, why } => {
            let start = &mut record.progress.start;
            start.room_missed_at.get_or_insert(now);
            // Of what is enlarged again, the first size counts.
            let from = start.enlarged.as_ref().map_or(*from, |enlarged| enlarged.from);
            start.enlarged = Some(Enlarged::new(from, *to));
            record.note(now, STATE, format!("{group} is enlarged to {to} instances: {why}"));
        }
        Action::Wait { why } => {
            record.progress.start.room_missed_at.get_or_insert(now);
            record.note(now, STATE, why);
        }
        Action::NoRoom { why } => {
            record.fail(why);
            record.note(now, STATE, why);
        }
    }
    true
}
