//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::{Action, Members, STATE, View};
use changeover_domain::record::Deployment;
use changeover_domain::route::{WHOLE, is_at};

/// Puts an action on record, before it is performed. Pure.
pub fn apply(record: &mut Deployment, view: &View, action: &Action) {
    let progress = &mut record.progress;
    progress.back.rollback_at.get_or_insert(view.now);
    let is_back = matches!(&view.members, Members::Pair { live_group, next_group, routes, .. }
        if routes.iter().all(|route| is_at(route, live_group, next_group, 0)));
    if is_back {
        progress.back.restored_at = Some(view.back_since().unwrap_or(view.now));
        progress.shift.weight = 0;
    }
    if matches!(action, Action::Scale { .. }) {
        progress.back.tells = progress.back.tells.saturating_add(1);
    }
    if matches!(action, Action::Shelter { .. }) {
        progress.shift.weight = WHOLE;
    }
    if matches!(action, Action::Pin { .. }) {
        progress.pinned_at = Some(view.now);
    }
    progress.back.rolled_back = matches!(action, Action::Done { .. });
    if let Action::GiveUp { why } = action {
        record.give_up(why);
    }
    record.note(view.now, STATE, action.why());
}
