//! One file for each verb, with its options.

pub mod completions;
pub mod deploy;
pub mod doctor;
pub mod freeze;
pub mod history;
pub mod init;
pub mod judge;
pub mod logs;
pub mod orders;
pub mod pair;
pub mod plan;
pub mod rollback;
pub mod serve;
pub mod show;
pub mod status;
pub mod version;
pub mod wait;
pub mod why;

use changeover_domain::span::Seconds;

/// A length of time on the command line.
fn span(text: &str) -> Result<Seconds, String> {
    Seconds::parse(text)
}

/// Who asks, if nobody says it: the verb, and whoever is logged in here.
fn cause(given: Option<&str>, verb: &str) -> String {
    given.map_or_else(
        || {
            let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
            user.map_or_else(|| format!("changeover {verb}"), |user| format!("changeover {verb} by {user}"))
        },
        str::to_owned,
    )
}
