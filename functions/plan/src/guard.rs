//! What a team has set up to keep deployments from beginning: its own alarms, and a calendar.

use crate::{Decision, View};
use changeover_domain::alarm::{self, Before};
use changeover_domain::calendar::{self, Said};

/// A decision with what the alarms and the calendar say. Where there is nothing to do they have no say; what is wrong is told
/// all at once; that the calendar is closed comes last, since nothing else must stand against what only waits for it.
pub(crate) fn guarded(view: &View, decision: Decision) -> Decision {
    let Ok(settings) = &view.settings else { return decision };
    let alarms = alarm::before(&settings.alarms, settings.red_alarms, &view.alarms);
    let Before { mut mistakes, ignored, notes } = alarms;
    let overridden = view.overridden.as_deref();
    let Said { mistake, closed, note } =
        calendar::judge(settings.calendar.as_deref(), view.calendar.as_ref(), overridden);
    mistakes.extend(mistake);
    match (decision, closed) {
        (nothing @ Decision::NothingToDo(_), _) => nothing,
        (Decision::Refuse(others), closed) => {
            let closed = closed.map(|(why, _)| why);
            Decision::Refuse(others.into_iter().chain(mistakes).chain(closed).collect())
        }
        (_, closed) if !mistakes.is_empty() => {
            Decision::Refuse(mistakes.into_iter().chain(closed.map(|(why, _)| why)).collect())
        }
        (_, Some((why, postponed))) => Decision::Postpone(why, postponed),
        (Decision::Go(mut plan), None) => {
            plan.ignored_alarms = ignored;
            plan.notes.extend(notes.into_iter().chain(note));
            Decision::Go(plan)
        }
        (other, None) => other,
    }
}
