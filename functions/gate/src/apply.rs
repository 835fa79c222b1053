//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::decide::has_pause;
use crate::{Action, View};
use changeover_domain::gate::{Done, Held, Point, Running};
use changeover_domain::record::{Deployment, clip};
use changeover_domain::verdict::migrated::Migrated;

/// Puts an action on record. Pure.
pub fn apply(record: &mut Deployment, view: &View, action: &Action) {
    let state = view.point.state();
    match action {
        Action::Pass => {}
        Action::GoOn { why } => {
            let gate = &mut record.progress.gate;
            gate.held = None;
            gate.passed.push(view.place);
            record.note(view.now, state, why);
        }
        Action::Hold { until, then, by, why } => {
            if !has_pause(view) {
                record.orders.paused_at(view.place);
            }
            record.progress.gate.held =
                Some(Held { place: view.place, since: view.now, until: *until, then: *then, by: by.clone() });
            record.note(view.now, state, why);
        }
        Action::Wait { why } => record.note(view.now, state, why),
        // What is done to others goes on record when it is done.
        Action::Invoke { .. } | Action::Run { .. } => {}
        Action::Begin { number, until } => {
            record.progress.gate.running = Some(Running {
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
        Action::Started { task, why } => {
            if view.point == Point::BeforeStart {
                record.progress.migrated.get_or_insert_with(|| Migrated::begun(view.now));
            }
            if let Some(running) = &mut record.progress.gate.running {
                running.task = Some(task.clone());
                running.since = view.now;
                running.again_at = None;
            }
            record.note(view.now, state, why);
        }
        Action::Again { at, details, why } => {
            if let Some(running) = &mut record.progress.gate.running {
                running.answers += 1;
                running.again_at = Some(*at);
                running.details.clone_from(details);
            }
            record.note(view.now, state, why);
        }
        Action::Done { number, why, .. } => {
            let gate = &mut record.progress.gate;
            let was_task = gate.running.take().is_some_and(|running| running.task.is_some());
            if let Some(migrated) = &mut record.progress.migrated
                && was_task
                && view.point == Point::BeforeStart
            {
                migrated.ended_at = Some(view.now);
            }
            let gate = &mut record.progress.gate;
            gate.done.push(Done { place: view.place, number: *number, why: why.clone() });
            record.note(view.now, state, why);
        }
        Action::Abandon { why, .. } => {
            record.progress.gate.running = None;
            record.note(view.now, state, why);
        }
        Action::Undone { why } | Action::Recovered { why } | Action::GiveUp { why } => {
            if let Some(migrated) = &mut record.progress.migrated {
                match action {
                    Action::Undone { .. } => migrated.undone_at = Some(view.now),
                    _ => migrated.afterwards = Some(clip(why)),
                }
            }
            if matches!(action, Action::GiveUp { .. }) {
                record.give_up(why);
            }
            record.note(view.now, state, why);
        }
        Action::GoBack { why, superseded } => {
            record.progress.gate.held = None;
            record.progress.gate.running = None;
            record.fail(why);
            record.superseded |= superseded;
            record.note(view.now, state, why);
        }
    }
}
