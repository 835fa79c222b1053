//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::decide::has_pause;
use crate::{Action, View};
use changeover_domain::gate::{Done, Held, Point, Running};
use changeover_domain::progress::Progress;
use changeover_domain::record::{Deployment, clip};
use changeover_domain::verdict::migrated::Migrated;

/// Puts an action on record. Pure.
pub fn apply(record: &mut Deployment, view: &View, action: &Action) {
    match action {
        // What is done to others goes on record when it is done.
        Action::Pass | Action::Wait { .. } | Action::Invoke { .. } | Action::Run { .. } => {}
        Action::GoOn { .. } => {
            let gate = &mut record.progress.gate;
            gate.held = None;
            gate.passed.push(view.place);
        }
        Action::Hold { until, then, by, .. } => {
            if !has_pause(view) {
                record.orders.paused_at(view.place);
            }
            record.progress.gate.held =
                Some(Held { place: view.place, since: view.now, until: *until, then: *then, by: by.clone() });
        }
        Action::Begin { .. }
        | Action::Started { .. }
        | Action::Again { .. }
        | Action::Done { .. }
        | Action::Abandon { .. } => of_hook(&mut record.progress, view, action),
        Action::Undone { .. } => {
            if let Some(migrated) = &mut record.progress.migrated {
                migrated.undone_at = Some(view.now);
            }
        }
        Action::Recovered { why } | Action::GiveUp { why } => {
            if let Some(migrated) = &mut record.progress.migrated {
                migrated.afterwards = Some(clip(why));
            }
            if matches!(action, Action::GiveUp { .. }) {
                record.give_up(why);
            }
        }
        Action::GoBack { why, superseded } => {
            record.progress.gate.held = None;
            record.progress.gate.running = None;
            record.fail(why);
            record.superseded |= superseded;
        }
    }
    if let Some(why) = action.why() {
        record.note(view.now, view.point.state(), why);
    }
}

/// How far a hook is, and since when and until when a migration ran.
fn of_hook(progress: &mut Progress, view: &View, action: &Action) {
    let gate = &mut progress.gate;
    match action {
        Action::Begin { number, until } => {
            gate.running = Some(Running {
                place: view.place,
                number: *number,
                since: view.now,
                until: *until,
                answers: 0,
                again_at: None,
                details: None,
                task: None,
            });
        }
        Action::Started { task, .. } => {
            if view.point == Point::BeforeStart {
                progress.migrated.get_or_insert_with(|| Migrated::begun(view.now));
            }
            if let Some(running) = &mut gate.running {
                running.task = Some(task.clone());
                running.since = view.now;
                running.again_at = None;
            }
        }
        Action::Again { at, details, .. } => {
            if let Some(running) = &mut gate.running {
                running.answers += 1;
                running.again_at = Some(*at);
                running.details.clone_from(details);
            }
        }
        Action::Done { number, why, .. } => {
            let was_task = gate.running.take().is_some_and(|running| running.task.is_some());
            gate.done.push(Done { place: view.place, number: *number, why: why.clone() });
            if let Some(migrated) = &mut progress.migrated
                && was_task
                && view.point == Point::BeforeStart
            {
                migrated.ended_at = Some(view.now);
            }
        }
        _ => gate.running = None,
    }
}
