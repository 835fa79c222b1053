//! Scenarios in which the versions have a database together: which schema each is written for, and what must be in it in
//! the end.

use super::common::PUSH;
use super::{MayFail, Scenario};
use anyhow::Context as _;
use changeover_domain::schema::{BEARS, BRINGS};
use sample_webapp::Database;
use std::path::PathBuf;
use tempfile::TempDir;

/// The file's name.
const FILE: &str = "users.sqlite";
/// The variable that tells the sample application where it is.
const VARIABLE: &str = "DATABASE";

/// A first version: it bears its own schema, and the next, which only adds to it.
const FIRST: Written = Written { schema: 1, brings: None, bears: Some("1-2") };
/// One after it that takes away what the first needs.
const TOO_EARLY: Schemas =
    Schemas { before: FIRST, next: Written { schema: 3, brings: Some("3"), bears: Some("3") } };

/// Old and new have an expanded schema together.
pub(super) const EXPAND: Scenario = Scenario {
    name: "expand",
    about: "A migration adds a column; old and new have the database together, and nobody notices.",
    database: Some(Schemas {
        before: FIRST,
        next: Written { schema: 2, brings: Some("2"), bears: Some("2-3") },
    }),
    tags: &[("steps", "50 100"), ("before-start", "task --migrate 2")],
    outcome: Some("Succeeded"),
    ..PUSH
};
/// The guard refuses.
pub(super) const CONTRACT_TOO_EARLY: Scenario = Scenario {
    name: "contract-too-early",
    about: "A migration would take a column away that the version that serves still needs: refused, with what has to come first.",
    database: Some(TOO_EARLY),
    tags: &[("steps", "50 100"), ("before-start", "task --migrate 3")],
    outcome: Some("Refused"),
    reason: &["brings schema 3", "bears 1 to 2: first deploy a version that bears"],
    ..PUSH
};
/// What the guard is for.
pub(super) const CONTRACT_ALL_THE_SAME: Scenario = Scenario {
    name: "contract-all-the-same",
    about: "The same with the guard switched off: the version that serves fails from the migration on, which nothing takes back. This is what the guard is for.",
    database: Some(TOO_EARLY),
    tags: &[("steps", "50 100"), ("before-start", "task --migrate 3"), ("schema-mismatch", "accept")],
    outcome: Some("NeedsHuman"),
    reason: &["the old tasks suffer since the migration", "no hook is set at after-rollback", "by hand"],
    may_fail: MayFail::OldVersion,
    ..PUSH
};
/// What is watched where the guard knows nothing.
pub(super) const MIGRATION_HURTS_OLD: Scenario = Scenario {
    name: "migration-hurts-old",
    about: "Images say nothing of their schema, and the migration hurts the version that serves: no user meets the new one, a hook takes the migration back, and the old one is well again.",
    database: Some(Schemas {
        before: Written { schema: 1, brings: None, bears: None },
        next: Written { schema: 3, brings: None, bears: None },
    }),
    tags: &[
        ("steps", "50 100"),
        ("before-start", "task --migrate 3"),
        ("after-rollback", "task --migrate-back 1"),
    ],
    reason: &["the old tasks suffer since the migration"],
    may_fail: MayFail::OldVersion,
    ..PUSH
};

/// What a version is written for, and what its image says of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    /// The version of the schema.
    pub schema: u8,
    /// What its image says that its migration brings.
    pub brings: Option<&'static str>,
    /// What its image says that it bears.
    pub bears: Option<&'static str>,
}

/// The two versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schemas {
    /// The one that serves at first: the database has its schema then.
    pub before: Written,
    /// The one that comes.
    pub next: Written,
}

impl Schemas {
    /// What is wrong with the version that is on record in the end: what was deployed has brought its own, and so has what a
    /// person has to take back; nothing else has.
    pub(super) fn misrecorded(self, outcome: Option<&str>, on_record: Option<&str>) -> Option<String> {
        let brought = self.next.brings.filter(|_| matches!(outcome, Some("Succeeded" | "NeedsHuman")));
        (brought != on_record).then(|| format!("the ledger has schema {on_record:?}, not {brought:?}"))
    }
}

impl Written {
    /// The options of the sample application.
    pub(super) fn options(self) -> [String; 2] {
        ["--schema".to_owned(), self.schema.to_string()]
    }

    /// The annotations of its image.
    pub(super) fn annotations(self) -> Vec<(String, String)> {
        let said = [(BRINGS, self.brings), (BEARS, self.bears)];
        said.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned()))).collect()
    }
}

/// The database of a scenario, which goes with it.
pub(super) struct SharedDatabase {
    folder: TempDir,
}

impl SharedDatabase {
    /// Makes it, if the scenario has one.
    pub(super) fn of(scenario: &Scenario) -> anyhow::Result<Option<Self>> {
        let Some(schemas) = scenario.database else { return Ok(None) };
        let shared = Self { folder: tempfile::tempdir().context("no folder for the database")? };
        let mut database = Database::open(&shared.path()).context("no database")?;
        database.migrate(schemas.before.schema).context("the database has no schema")?;
        Ok(Some(shared))
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(FILE)
    }

    /// What containers are told of it.
    pub(super) fn environment(&self) -> Vec<(String, String)> {
        vec![(VARIABLE.to_owned(), self.path().display().to_string())]
    }

    /// What is wrong with it in the end: every request that was answered well has written a user, and everybody has a name.
    pub(super) fn missing(&self, answered: u64) -> anyhow::Result<Vec<String>> {
        let rows = Database::open(&self.path())?.rows().context("the users cannot be counted")?;
        let mut broken = Vec::new();
        if rows.all < answered {
            broken.push(format!("{} users are left of {answered} who were told that they are", rows.all));
        }
        if rows.readable < rows.all {
            broken.push(format!("{} of {} users have lost their name", rows.all - rows.readable, rows.all));
        }
        Ok(broken)
    }
}
