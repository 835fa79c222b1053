//! What goes on a deployment's record with an action. The model of the whole uses it as well.

use crate::{Action, View};
use changeover_domain::gate::Held;
use changeover_domain::record::Deployment;

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
            if view.hook.is_none() {
                record.orders.paused_at(view.place);
            }
            record.progress.gate.held = Some(Held {
                place: view.place,
                since: view.now,
                until: *until,
                then: *then,
                by: by.clone(),
                told: false,
            });
            record.note(view.now, state, why);
        }
        Action::Wait { why } => record.note(view.now, state, why),
        Action::GoBack { why, superseded } => {
            record.progress.gate.held = None;
            record.fail(why);
            record.superseded |= superseded;
            record.note(view.now, state, why);
        }
    }
}
