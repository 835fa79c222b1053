//! What goes wrong at a time of day, whoever serves by then: a third party that fails, or a slow minute.

use crate::stage::Pace;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// How long after the stage is begun to be set an image is pushed where an outage is timed by it: the sample services
/// serve by then, and users have come for a while.
const PUSH_IN: Duration = Duration::from_secs(12);

/// Something that goes wrong at a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// How many seconds after the push it begins; before it, if negative.
    pub begins: i64,
    /// How many seconds it lasts.
    pub lasts: u32,
    /// Whether the new version suffers from it as well; otherwise only the one that serves at first.
    pub both: bool,
    /// Options of the sample application that say what goes wrong.
    pub options: &'static [&'static str],
}

impl Outage {
    /// When the image is pushed, for a stage that begins to be set now.
    pub(super) fn push_at(pace: Pace) -> Timestamp {
        rehearsal_world::now() + PUSH_IN * pace.patience
    }

    /// What an image that suffers from it is told, if the push is then.
    pub(super) fn told(&self, push_at: Timestamp) -> Vec<String> {
        let begins = push_at + SignedDuration::from_secs(self.begins);
        let mut told: Vec<String> = self.options.iter().map(|option| (*option).to_owned()).collect();
        told.extend(["--trouble-at".to_owned(), begins.as_second().to_string()]);
        told.extend(["--trouble-for".to_owned(), format!("{}s", self.lasts)]);
        told
    }
}
