//! What was seen so soon after a change that AWS may still have told what was before it.

use crate::Action;
use changeover_domain::Timestamp;
use changeover_domain::plan::READ_PATIENCE;
use changeover_domain::route::Route;

/// Whether a change is younger than what AWS may take to tell of it.
pub(crate) fn is_fresh(now: Timestamp, changed_at: Option<Timestamp>) -> bool {
    changed_at.is_some_and(|at| now < READ_PATIENCE.after(at))
}

/// That all is as it was may be what AWS tells of before.
pub(crate) fn look_again(why: &str) -> Action {
    Action::Wait { why: format!("{why}; that is looked at again, since tasks were asked for just now") }
}

/// The weights were back once and are not any more: for a moment that may be an older read than the one before; then somebody
/// else moves them, and nobody wins such a fight.
pub(crate) fn moved_again(now: Timestamp, back_since: Timestamp, routes: &[Route]) -> Action {
    if is_fresh(now, Some(back_since)) {
        return Action::Wait { why: "the weights that were back show as they were before".to_owned() };
    }
    let weights: Vec<String> =
        routes.iter().map(|route| format!("{} {:?}", route.id, route.weights)).collect();
    let why = format!(
        "the weights were back as they were and someone else changed them again: {}; they were left so, and no task was stopped",
        weights.join(", ")
    );
    Action::GiveUp { why }
}
