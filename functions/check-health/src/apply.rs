//! What goes on a deployment's record with a ruling. The model of the whole uses it as well.

use crate::{Purpose, Ruling, View};
use changeover_domain::alarmed::Alarms;
use changeover_domain::record::{Deployment, clip};
use changeover_domain::state::Verdict;

/// Puts a ruling on record. `why` is the ruling's own, with what was read besides. Pure.
pub fn apply(record: &mut Deployment, view: &View, ruling: &Ruling, why: &str) {
    let progress = &mut record.progress;
    progress.health.readings = ruling.readings;
    if ruling.took_reading {
        progress.health.read_at = Some(view.now);
    }
    progress.set_since(ruling.since);
    progress.health.harmful |= ruling.harmful;
    if let Alarms::Unseen { since, .. } = &view.alarms {
        progress.health.blind_at = Some(*since);
    }
    if let Some(watching) = &ruling.watching {
        progress.watching = watching.clone();
    }
    if let (Some(migrated), Some(watching)) = (&mut progress.migrated, &ruling.old) {
        migrated.watching = watching.clone();
        if ruling.old_hurt {
            migrated.hurt = Some(clip(why));
        }
    }
    if ruling.verdict == Verdict::Ready {
        match view.purpose {
            Purpose::Start => drop(progress.health.healthy_at.get_or_insert(view.now)),
            Purpose::Bake => {
                progress.shift.baked = progress.shift.step;
                // A pause only looks whether all is well still.
                if !view.held {
                    progress.shift.proven = Some(clip(why));
                }
            }
        }
    }
    if ruling.verdict == Verdict::Failed {
        record.fail(why);
        record.superseded |= ruling.superseded;
    }
    record.note(view.now, view.purpose.state(), why);
}
