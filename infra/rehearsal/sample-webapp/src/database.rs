//! The application's users, in a real database that several versions have together: a file of SQLite.
//!
//! Three versions of its schema: 1 has a user's `name`; 2 has a `full_name` beside it; 3 has nothing but that. A version of
//! the application is written for one of them, `--schema`, and fails where that is not what it meets.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use std::path::Path;
use std::time::Duration;

/// The newest version of the schema.
pub const NEWEST: u8 = 3;
/// How long one process waits for another's write.
const PATIENCE: Duration = Duration::from_secs(10);

/// What brings each version from the one before.
const MIGRATIONS: [&str; NEWEST as usize] = [
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)",
    "ALTER TABLE users ADD COLUMN full_name TEXT",
    "UPDATE users SET full_name = name WHERE full_name IS NULL; ALTER TABLE users DROP COLUMN name",
];

/// What takes each version back to the one before; before the first there is nothing.
const UNDOINGS: [&str; NEWEST as usize] = [
    "DROP TABLE users",
    "UPDATE users SET name = full_name WHERE name IS NULL; ALTER TABLE users DROP COLUMN full_name",
    "ALTER TABLE users ADD COLUMN name TEXT; UPDATE users SET name = full_name",
];

/// An open database.
#[derive(Debug)]
pub struct Database {
    connection: Connection,
}

/// What is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rows {
    /// All users.
    pub all: u64,
    /// Those who have a name, whichever column it is in.
    pub readable: u64,
}

impl Database {
    /// Opens it, and makes the file if there is none.
    ///
    /// # Errors
    /// SQLite's own, as all of these.
    pub fn open(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        // What a power failure would lose is no matter of a rehearsal.
        connection.pragma_update(None, "synchronous", "OFF")?;
        Ok(Self { connection })
    }

    /// The version of its schema; 0 before the first.
    pub fn version(&self) -> rusqlite::Result<u8> {
        self.connection.query_row("PRAGMA user_version", [], |row| row.get(0))
    }

    /// Brings the schema to a version, if it is older; whether anything was to be done.
    pub fn migrate(&mut self, to: u8) -> rusqlite::Result<bool> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let has: u8 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for migration in MIGRATIONS.iter().take(usize::from(to)).skip(usize::from(has)) {
            transaction.execute_batch(migration)?;
        }
        if to > has {
            transaction.pragma_update(None, "user_version", to)?;
        }
        transaction.commit()?;
        Ok(to > has)
    }

    /// Takes the schema back to a version, if it is newer; whether anything was to be done.
    pub fn migrate_back(&mut self, to: u8) -> rusqlite::Result<bool> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let has: u8 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for undoing in UNDOINGS.iter().take(usize::from(has)).skip(usize::from(to)).rev() {
            transaction.execute_batch(undoing)?;
        }
        if to < has {
            transaction.pragma_update(None, "user_version", to)?;
        }
        transaction.commit()?;
        Ok(to < has)
    }

    /// What a request does: somebody signs up, and the name of whoever did before is read, as code for this version of the
    /// schema does both. Whether that name could be read.
    pub fn visit(&self, schema: u8, name: &str) -> rusqlite::Result<bool> {
        let (write, read) = match schema {
            1 => ("INSERT INTO users (name) VALUES (?1)", "name"),
            2 => ("INSERT INTO users (name, full_name) VALUES (?1, ?1)", "coalesce(full_name, name)"),
            _ => ("INSERT INTO users (full_name) VALUES (?1)", "full_name"),
        };
        let before = self
            .connection
            .prepare_cached(&format!("SELECT {read} FROM users ORDER BY id DESC LIMIT 1"))?
            .query_row([], |row| row.get::<_, Option<String>>(0))
            .optional()?;
        self.connection.prepare_cached(write)?.execute(params![name])?;
        Ok(before.is_none_or(|name| name.is_some()))
    }

    /// Counts its users, row by row.
    pub fn rows(&self) -> rusqlite::Result<Rows> {
        let named = match self.version()? {
            1 => "name",
            2 => "coalesce(full_name, name)",
            _ => "full_name",
        };
        let count = format!("SELECT count(*), count({named}) FROM users");
        self.connection.query_row(&count, [], |row| Ok(Rows { all: row.get(0)?, readable: row.get(1)? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(version: u8) -> Database {
        let mut database = Database::open(Path::new(":memory:")).expect("it opens");
        assert!(database.migrate(version).expect("it migrates"));
        database
    }

    #[test]
    fn both_versions_have_an_expanded_schema_together_and_nothing_is_lost() {
        let mut database = at(1);
        assert_eq!(database.visit(1, "Ada"), Ok(true));
        assert_eq!(database.migrate(2), Ok(true));
        assert_eq!(database.migrate(2), Ok(false), "once");
        for schema in [1, 2, 1, 2] {
            assert_eq!(database.visit(schema, "Grace"), Ok(true), "schema {schema}");
        }
        assert_eq!(database.rows(), Ok(Rows { all: 5, readable: 5 }));
        database.migrate(3).expect("it migrates");
        assert_eq!(database.visit(3, "Mary"), Ok(true));
        assert_eq!(database.rows(), Ok(Rows { all: 6, readable: 6 }));
    }

    #[test]
    fn what_was_migrated_is_taken_back_and_nothing_is_lost() {
        let mut database = at(1);
        assert_eq!(database.visit(1, "Ada"), Ok(true));
        assert_eq!(database.migrate(3), Ok(true));
        assert!(database.visit(1, "Grace").is_err() && database.visit(3, "Mary").is_ok());
        assert_eq!(database.migrate_back(1), Ok(true));
        assert_eq!(database.migrate_back(1), Ok(false), "once");
        assert_eq!(database.visit(1, "Grace"), Ok(true));
        assert_eq!(database.rows(), Ok(Rows { all: 3, readable: 3 }));
    }

    #[test]
    fn a_version_fails_where_the_schema_is_not_its_own() {
        let database = at(3);
        assert!(database.visit(1, "Ada").is_err() && database.visit(2, "Ada").is_err());
        assert!(at(1).visit(2, "Ada").is_err());
    }
}
