//! The guard of the database: which version of its schema an image brings, which it bears, and whether old and new can have
//! one database together.
//!
//! A version is a whole number that grows with each migration. Images say theirs as annotations, or their containers as
//! Docker labels.

use crate::Timestamp;
use crate::gate::Point;
use crate::name::DeploymentId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The version that an image's migration brings.
pub const BRINGS: &str = "changeover.schema.brings";
/// The versions that it can run with: `4`, `3-5`, or `3-` for 3 and later.
pub const BEARS: &str = "changeover.schema.bears";

/// A version of a schema.
pub type Version = u64;

/// What a deployment's task at `before-start` does to the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// The version that the database had; none if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Version>,
    /// The version that it brings.
    pub to: Version,
}

impl Migration {
    /// What is on record of the database once a task of this deployment has succeeded at a point, given what was; none if
    /// that says nothing of the schema. Undone is only what the deployment itself has brought.
    pub fn leaves(
        self,
        point: Point,
        had: Option<&Had>,
        deployment: &DeploymentId,
        at: Timestamp,
    ) -> Option<Had> {
        let version = match point {
            Point::BeforeStart => Some(self.to),
            Point::AfterRollback if had.is_some_and(|had| had.brought_by == *deployment) => self.from,
            _ => return None,
        };
        Some(Had { version, brought_by: deployment.clone(), at })
    }
}

/// What a database has, as far as is on record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Had {
    /// The version; none if that is not known, as after the undoing of the first migration.
    pub version: Option<Version>,
    /// The deployment whose hook brought it, or took it back.
    pub brought_by: DeploymentId,
    /// When.
    pub at: Timestamp,
}

/// The versions that an image can run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first.
    pub from: Version,
    /// The last; none if every later one.
    pub to: Option<Version>,
}

impl Range {
    /// Whether it has this version.
    pub fn contains(self, version: Version) -> bool {
        version >= self.from && self.to.is_none_or(|to| version <= to)
    }

    fn read(text: &str) -> Option<Self> {
        let number = |text: &str| text.trim().parse::<Version>().ok();
        let range = match text.split_once('-') {
            None => Self { from: number(text)?, to: Some(number(text)?) },
            Some((from, to)) if to.trim().is_empty() => Self { from: number(from)?, to: None },
            Some((from, to)) => Self { from: number(from)?, to: Some(number(to)?) },
        };
        range.to.is_none_or(|to| to >= range.from).then_some(range)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to {
            Some(to) if to == self.from => write!(f, "{to}"),
            Some(to) => write!(f, "{} to {to}", self.from),
            None => write!(f, "{} and later", self.from),
        }
    }
}

/// What an image says of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Says {
    /// The version that its migration brings.
    pub brings: Option<Version>,
    /// The versions that it can run with.
    pub bears: Option<Range>,
}

impl Says {
    /// Reads it: annotations of the image over labels of the container. What cannot be read is told.
    ///
    /// # Errors
    /// Every mistake, one sentence each; `of` says whose it is.
    pub fn read(
        of: &str,
        annotations: &BTreeMap<String, String>,
        labels: &BTreeMap<String, String>,
    ) -> Result<Self, Vec<String>> {
        let mut mistakes = Vec::new();
        let find = |key: &str| annotations.get(key).or_else(|| labels.get(key)).map(|text| text.trim());
        let brings = find(BRINGS).and_then(|text| {
            let version = text.parse().ok();
            if version.is_none() {
                mistakes.push(format!("{of} has {BRINGS} {text:?}: write one whole number, such as 5"));
            }
            version
        });
        let bears = find(BEARS).and_then(|text| {
            let range = Range::read(text);
            if range.is_none() {
                mistakes.push(format!("{of} has {BEARS} {text:?}: write 4, 3-5, or 3- for 3 and later"));
            }
            range
        });
        if let (Some(brings), Some(bears)) = (brings, bears)
            && !bears.contains(brings)
        {
            mistakes.push(format!(
                "{of} brings schema {brings} and says that it bears {bears}: a version must bear what it brings"
            ));
        }
        if mistakes.is_empty() { Ok(Self { brings, bears }) } else { Err(mistakes) }
    }

    /// Whether it says nothing at all.
    pub fn is_silent(self) -> bool {
        self == Self::default()
    }
}

/// An image and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The image, as people know it.
    pub name: &'a str,
    /// What it says of the schema.
    pub says: Says,
}

/// What the guard has to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Why old and new cannot have the database together, each with which deployment has to come first.
    pub mistakes: Vec<String>,
    /// What was looked at, and what could not be.
    pub notes: Vec<String>,
    /// What the deployment does to the schema, if it brings a version that the database does not have.
    pub migration: Option<Migration>,
}

/// Judges a deployment from `old` to `new`, given what the database has as far as that is known, and whether a task runs
/// before anything new does: only that brings a schema.
pub fn judge(old: Side<'_>, new: Side<'_>, database: Option<Version>, migrates: bool) -> Judged {
    let mut judged = Judged::default();
    if old.says.is_silent() && new.says.is_silent() {
        if migrates || database.is_some() {
            judged.notes.push(format!(
                "neither {} nor {} says which schema of the database it bears ({BEARS}): whether both can have it together is not checked",
                old.name, new.name
            ));
        }
        return judged;
    }
    let rises = new.says.brings.filter(|brings| database.is_none_or(|has| *brings > has));
    judged.migration = rises.filter(|_| migrates).map(|to| Migration { from: database, to });
    if let Some(brings) = rises.filter(|_| !migrates) {
        judged.notes.push(format!(
            "{} brings schema {brings}, and no task at before-start does: the database is taken to have {}",
            new.name,
            database.map_or_else(|| "it already".to_owned(), |has| has.to_string())
        ));
    }
    // What the first new task meets.
    let meets = if migrates { rises.or(database) } else { database.or(rises) };
    of_new(new, meets, &mut judged);
    if let Some(migration) = judged.migration {
        of_old(old, new, migration.to, &mut judged);
    }
    judged
}

/// Whether the new version can run with what it meets.
fn of_new(new: Side<'_>, meets: Option<Version>, judged: &mut Judged) {
    let Some(meets) = meets else { return };
    match new.says.bears {
        None => judged.notes.push(format!(
            "{} does not say which schema it bears ({BEARS}): whether it bears {meets} is not checked",
            new.name
        )),
        Some(bears) if bears.contains(meets) => {
            judged.notes.push(format!("{} bears schema {bears}, and the database has {meets} then", new.name));
        }
        Some(bears) if meets < bears.from => judged.mistakes.push(format!(
            "{} bears schema {bears}, and the database has {meets}: first deploy what brings {} with a task at before-start",
            new.name, bears.from
        )),
        Some(bears) => judged.mistakes.push(format!(
            "{} bears schema {bears}, and the database has {meets}, which is newer: deploy a version that bears {meets} instead",
            new.name
        )),
    }
}

/// Whether the old version can run beside what is brought: its tasks do, and going back needs them.
fn of_old(old: Side<'_>, new: Side<'_>, brings: Version, judged: &mut Judged) {
    match old.says.bears {
        None => judged.notes.push(format!(
            "{} does not say which schema it bears ({BEARS}): whether it bears {brings}, which {} brings while it still serves, is not checked",
            old.name, new.name
        )),
        Some(bears) if bears.contains(brings) => judged
            .notes
            .push(format!("{} bears schema {bears}, so that it can serve beside {brings} and after going back", old.name)),
        Some(bears) => judged.mistakes.push(format!(
            "{} brings schema {brings}, and {}, which serves beside it and is what a rollback goes back to, bears {bears}: first deploy a version that bears {bears} and {brings}, and brings nothing",
            new.name, old.name
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(pairs: &[(&str, &str)]) -> Result<Says, Vec<String>> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        Says::read("web:v2", &pairs, &BTreeMap::new())
    }

    fn side<'a>(name: &'a str, brings: Option<Version>, bears: Option<&str>) -> Side<'a> {
        Side { name, says: Says { brings, bears: bears.map(|text| Range::read(text).expect("a range")) } }
    }

    #[test]
    fn ranges_are_read_and_told() {
        for (text, words) in [("4", "4"), ("3-5", "3 to 5"), ("3-", "3 and later"), (" 3 - 5 ", "3 to 5")] {
            assert_eq!(Range::read(text).map(|range| range.to_string()).as_deref(), Some(words), "{text}");
        }
        for text in ["", "x", "5-3", "-", "-3", "3.1", "3-x", "3-4-5"] {
            assert_eq!(Range::read(text), None, "{text:?}");
        }
    }

    #[test]
    fn annotations_come_before_labels_and_mistakes_are_told_all_at_once() {
        let map = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let read = Says::read("web:v2", &map(BRINGS, "5"), &map(BRINGS, "4")).unwrap();
        assert_eq!(read.brings, Some(5));
        let read = Says::read("web:v2", &BTreeMap::new(), &map(BEARS, "4-")).unwrap();
        assert_eq!(read.bears, Some(Range { from: 4, to: None }));
        let mistakes = says(&[(BRINGS, "five"), (BEARS, "5-3")]).unwrap_err();
        assert_eq!(mistakes.len(), 2, "{mistakes:?}");
        assert!(mistakes.iter().all(|why| why.starts_with("web:v2 has changeover.schema.")), "{mistakes:?}");
        let mistakes = says(&[(BRINGS, "6"), (BEARS, "4-5")]).unwrap_err();
        assert!(mistakes[0].contains("must bear what it brings"), "{mistakes:?}");
    }

    #[test]
    fn expanding_goes_and_contracting_too_early_does_not() {
        // Expand: the old one bears the new column.
        let (v1, v2) = (side("v1", None, Some("1-2")), side("v2", Some(2), Some("1-2")));
        let judged = judge(v1, v2, Some(1), true);
        assert_eq!(
            (judged.mistakes.len(), judged.migration),
            (0, Some(Migration { from: Some(1), to: 2 })),
            "{judged:?}"
        );
        // Contract while what serves still needs what is taken away.
        let v3 = side("v3", Some(3), Some("2-3"));
        let judged = judge(v2, v3, Some(2), true);
        assert!(judged.mistakes[0].contains("first deploy a version that bears 1 to 2 and 3"), "{judged:?}");
        // Nothing else is in the way, and nothing more is told.
        assert_eq!(judged.mistakes.len(), 1, "{judged:?}");
    }

    #[test]
    fn what_meets_a_database_that_it_does_not_bear_is_refused_with_what_comes_first() {
        let old = side("v1", None, Some("1-"));
        let new = side("v4", None, Some("3-4"));
        assert!(judge(old, new, Some(2), false).mistakes[0].contains("first deploy what brings 3"));
        // An older image after the database has moved on.
        let older = side("v0", Some(1), Some("1"));
        let judged = judge(old, older, Some(2), true);
        assert!(judged.mistakes[0].contains("which is newer"), "{judged:?}");
        assert_eq!(judged.migration, None, "a migration of old brings nothing");
        // What brings something and has no task that does it meets what is there.
        let brings = side("v3", Some(3), Some("3"));
        let judged = judge(old, brings, Some(2), false);
        assert!(judged.mistakes[0].contains("the database has 2"), "{judged:?}");
        assert!(judged.notes[0].contains("no task at before-start"), "{judged:?}");
    }

    #[test]
    fn a_task_brings_what_the_image_says_and_its_own_undoing_takes_it_back() {
        let (now, ours, other) =
            (Timestamp::UNIX_EPOCH, DeploymentId::from("d-2"), DeploymentId::from("d-1"));
        let migration = Migration { from: Some(1), to: 2 };
        let brought = migration.leaves(Point::BeforeStart, None, &ours, now).expect("it is kept");
        assert_eq!((brought.version, &brought.brought_by), (Some(2), &ours));
        let undone = migration.leaves(Point::AfterRollback, Some(&brought), &ours, now);
        assert_eq!(undone.expect("it is kept").version, Some(1));
        let theirs = Had { brought_by: other, ..brought.clone() };
        assert_eq!(migration.leaves(Point::AfterRollback, Some(&theirs), &ours, now), None);
        assert_eq!(migration.leaves(Point::AfterRollback, None, &ours, now), None, "it never ran");
        assert_eq!(migration.leaves(Point::AfterSuccess, Some(&brought), &ours, now), None);
    }

    #[test]
    fn what_nobody_says_is_noted_and_not_refused() {
        let silent = side("v1", None, None);
        assert_eq!(judge(silent, silent, None, false), Judged::default(), "most services have no database");
        let judged = judge(silent, silent, None, true);
        assert!(judged.mistakes.is_empty() && judged.notes[0].contains("is not checked"), "{judged:?}");
        let judged = judge(silent, side("v2", Some(2), Some("1-2")), None, true);
        assert!(
            judged.mistakes.is_empty() && judged.migration == Some(Migration { from: None, to: 2 }),
            "{judged:?}"
        );
        assert!(judged.notes.iter().any(|note| note.contains("v1 does not say")), "{judged:?}");
    }
}
