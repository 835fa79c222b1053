//! How long going back may take, and what is said when it takes longer.

use crate::{Action, Members, View};
use changeover_domain::span::Seconds;

/// How long going back may take.
fn limit(view: &View) -> Seconds {
    Seconds(view.patience.0 + view.deregistration_delay.0)
}

/// Whether it has taken that long.
pub(crate) fn is_late(view: &View) -> bool {
    view.began_at.is_some_and(|began| view.now >= limit(view).after(began))
}

/// Waits, or asks for a person once it has.
pub(crate) fn wait_or_give_up(view: &View, why: String) -> Action {
    if is_late(view) {
        let limit = limit(view);
        let next = match view.members {
            Members::Rolling => "push another image: it is planned from what serves then",
            Members::Pair { .. } => {
                "let one side have all the weight, and push another image or start an execution"
            }
        };
        return Action::GiveUp {
            why: format!(
                "going back has not ended within {limit}: {why}; traffic was left where it is served best and nothing was deleted; look at the events of {}; {next}",
                view.live_before.ecs_service
            ),
        };
    }
    Action::Wait { why }
}
