//! Whether old and new can have their database together, by what their images and containers say of its schema.

use crate::View;
use changeover_domain::evidence::ServiceSeen;
use changeover_domain::gate::{Hook, Point};
use changeover_domain::image::{PinnedImage, pinned_digest};
use changeover_domain::reference::Reference;
use changeover_domain::schema::{Migration, Says, Side, judge};
use changeover_domain::settings::{Objection, TAG_PREFIX};
use std::collections::BTreeMap;

/// Judges it; what the deployment does to the schema. `serving` is the revision that serves, and the first of `containers`
/// the one whose labels count.
pub(crate) fn schema(
    view: &View,
    live: &ServiceSeen,
    serving: &str,
    containers: &[String],
    mistakes: &mut Vec<String>,
    notes: &mut Vec<String>,
) -> Option<Migration> {
    let (Ok(settings), Ok(image), Some(container)) = (&view.settings, &view.image, containers.first()) else {
        return None;
    };
    let labels = |revision: &str| {
        let found = view.definitions.get(revision).and_then(|definition| definition.container(container));
        found.map(|found| found.labels.clone()).unwrap_or_default()
    };
    let old = old(view, live, serving, container);
    let none = BTreeMap::new();
    let annotations =
        |digest: Option<&str>| digest.and_then(|digest| view.annotations.get(digest)).unwrap_or(&none);
    let old_name = match &old {
        Some(old) => old.to_string(),
        None => format!("what {} runs", live.name),
    };
    let new_name = image.to_string();
    // The new revision is a copy of the one that the service is set to.
    let new_says = Says::read(&new_name, annotations(Some(&image.digest)), &labels(&live.task_definition));
    let old_digest = old.as_ref().map(|old| old.digest.as_str());
    let old_says = Says::read(&old_name, annotations(old_digest), &labels(serving));
    let old_says = old_says.unwrap_or_else(|wrong| {
        // It serves, however badly it is labelled.
        notes.extend(wrong);
        Says::default()
    });
    let new_says = match new_says {
        Ok(says) => says,
        Err(wrong) => {
            mistakes.extend(wrong);
            return None;
        }
    };
    let migrates = settings
        .hooks
        .iter()
        .any(|placed| placed.point == Point::BeforeStart && matches!(placed.hook, Hook::Task { .. }));
    let (old, new) = (Side { name: &old_name, says: old_says }, Side { name: &new_name, says: new_says });
    let judged = judge(old, new, view.database, migrates);
    notes.extend(judged.notes);
    if settings.schema_mismatch == Objection::Accept {
        notes.extend(judged.mistakes.iter().map(|why| format!("accepted: {why}")));
    } else {
        mistakes.extend(judged.mistakes.iter().map(|why| {
            format!("{why}; or set {TAG_PREFIX}schema-mismatch to accept, to deploy all the same")
        }));
    }
    judged.migration
}

/// The image that serves, if its digest is known: pinned, or as its tasks have it.
fn old(view: &View, live: &ServiceSeen, serving: &str, container: &str) -> Option<PinnedImage> {
    let found = view.definitions.get(serving)?.container(container)?;
    let tasks = view.tasks.get(&live.name).into_iter().flatten();
    let digest = match pinned_digest(&found.image) {
        Some(digest) => digest,
        None => tasks
            .filter(|task| task.is_up() && task.task_definition == serving)
            .find_map(|task| task.digests.get(container))?,
    };
    let reference = Reference::read(&found.image);
    Some(PinnedImage::new(reference.repository(), reference.name, reference.tag, digest))
}
