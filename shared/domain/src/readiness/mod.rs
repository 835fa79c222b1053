//! Readiness: the plan's proof that going back would work, before anything is touched.
//!
//! Going back has to start again what runs now, with a revision that ECS takes and an image that the registry has. What
//! a revision says is not enough for that: the push of the new image has moved the tag that it may name, and revisions
//! and images are tidied away. So the plan looks at what the tasks run, and says what going back goes to.

mod back;
mod copied;

pub use back::{Back, Now, Presence, back};
pub use copied::{DEPLOYMENT_TAG, MAX_TAGS, OUR_TAGS, Roles, WAY_BACK_TAG, is_reserved, of_copy, of_service};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a plan found about going back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Readiness {
    /// The copy of the live revision that going back goes to; none if that itself would bring back what runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<WayBack>,
    /// What was looked at and what came of it, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

/// A copy of the live revision, registered before the first change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayBack {
    /// Container → the image that it runs now, by digest; containers that are not named keep theirs.
    pub images: BTreeMap<String, String>,
    /// Why the revision itself will not do.
    pub why: String,
}
