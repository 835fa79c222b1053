//! Clients who are pinned to the side that goes: they are let go with the weights, and what pinned them is given back in the
//! end.

use crate::late::is_late;
use crate::{Action, Members, View};
use changeover_domain::route::RouteId;
use changeover_domain::span::Seconds;

/// Whether clients may be pinned to the new tasks: whatever the weights say, they would stay with them.
pub(crate) fn holds(view: &View) -> bool {
    let Members::Pair { routes, sticky, .. } = &view.members else { return false };
    let is_held = routes.iter().any(|route| sticky.contains(&route.id) && route.is_sticky());
    // Given back, it pins to the old tasks; and of what somebody switches on again and again, there is an end.
    is_held && view.shown && view.pinned_at.is_none() && !is_late(view)
}

/// The routes whose stickiness is to be given back.
fn owed(view: &View) -> Vec<RouteId> {
    let Members::Pair { routes, sticky, .. } = &view.members else { return vec![] };
    let off = routes.iter().filter(|route| sticky.contains(&route.id) && !route.is_sticky());
    off.map(|route| route.id.clone()).collect()
}

/// What is left to do about them when everything else is as it was: given back before every pin has run out, stickiness would
/// send clients to tasks that are gone.
pub(crate) fn give_back(view: &View, why: &str) -> Option<Action> {
    let routes = owed(view);
    if routes.is_empty() {
        return None;
    }
    let since = view.back_since().unwrap_or(view.now);
    let until = Seconds(view.convergence.0 + view.stickiness.0).after(since);
    Some(if view.now < until {
        Action::Wait {
            why: format!(
                "{why}; clients were pinned for {}, and were let go: stickiness is given back at {until}, when every pin has run out",
                view.stickiness
            ),
        }
    } else {
        Action::Pin { routes, why: format!("{why}; stickiness is given back, since every pin has run out") }
    })
}
