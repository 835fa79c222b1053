//! CloudWatch Logs: what tasks and functions print, read where it is kept.
//!
//! Owns: groups, streams, pages and filters. Never keeps a line itself.

mod events;
mod filter;
mod groups;

use crate::account::Account;
use crate::input::unknown;
use parking_lot::Mutex;
use rehearsal_wire::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The refusal of a call that does not make sense.
const INVALID: &str = "InvalidParameterException";

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Milliseconds since 1970.
    pub at: u64,
    /// Without its end.
    pub text: String,
}

/// One stream of lines, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stream {
    /// Its group.
    pub group: String,
    /// Its name in the group.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Line>,
}

/// Everything that is printed, as it is now.
pub type Source = Arc<dyn Fn() -> Vec<Stream> + Send + Sync>;

/// The API over a source. Cheap to clone.
#[derive(Clone)]
pub struct Logs {
    account: Account,
    source: Source,
    /// Groups that exist without a stream, and how many days they keep lines.
    groups: Arc<Mutex<BTreeMap<String, Option<u64>>>>,
}

impl Logs {
    /// Reads from this source.
    #[must_use]
    pub fn new(account: Account, source: Source) -> Self {
        Self { account, source, groups: Arc::default() }
    }

    /// Makes a group, as a template does.
    pub fn add_group(&self, name: &str, retention_days: Option<u64>) {
        self.groups.lock().insert(name.to_owned(), retention_days);
    }

    /// Answers one call of the service `logs`.
    pub fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "GetLogEvents" => self.get_log_events(input),
            "FilterLogEvents" => self.filter_log_events(input),
            "DescribeLogStreams" => self.describe_streams(input),
            "DescribeLogGroups" => self.describe_groups(input),
            other => Err(unknown(other)),
        }
    }

    fn streams(&self) -> Vec<Stream> {
        (self.source)()
    }

    fn group_arn(&self, group: &str) -> String {
        self.account.arn("logs", &format!("log-group:{group}"))
    }
}

#[cfg(test)]
mod tests;
