//! What goes on a deployment's record around a shift. The model of the whole uses it as well.

use changeover_domain::Timestamp;
use changeover_domain::record::Deployment;
use changeover_domain::route::Weight;

/// Puts on record, before it is written, which step is made. False if that was on record. Pure.
pub fn intend(record: &mut Deployment, step: usize) -> bool {
    record.progress.shift.step.replace(step) != Some(step)
}

/// Puts on record that every route was read back with a step's weight. False if that was on record. Pure.
pub fn shifted(record: &mut Deployment, step: usize, weight: Weight, now: Timestamp) -> bool {
    let progress = &mut record.progress;
    if progress.shift.weight == weight && progress.shift.shifted_at.is_some() {
        return false;
    }
    progress.shift.step = Some(step);
    progress.shift.weight = weight;
    progress.shift.shifted_at = Some(now);
    progress.health.readings = 0;
    record.note(now, "Swap", note(weight));
    true
}

/// Puts on record that more tasks are to be asked for, and proven, before the next shift. Pure.
pub fn raise(record: &mut Deployment, why: &str, now: Timestamp) {
    let progress = &mut record.progress;
    progress.start.raised_at = Some(now);
    progress.start.raises = progress.start.raises.saturating_add(1);
    progress.health.readings = 0;
    record.note(now, "Swap", why);
}

/// What a shift comes to, in words.
pub(crate) fn note(weight: Weight) -> String {
    format!("the new tasks get {weight} of 100 requests")
}
