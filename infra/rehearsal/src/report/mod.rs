//! What a rehearsal leaves behind: `report.json` with the facts, and `report.html` with the same for people.
//!
//! Owns the shape of both files. Knows nothing of how the facts were come by.

mod budget;
mod count;
mod fact;
pub mod invariant;
pub mod page;
pub mod phase;
pub mod price;
mod receipt;
mod slice;
mod verdict;

pub use budget::{Span, Visit, Waits, budget, states};
pub use count::{failed_requests, requests, seconds};
pub use fact::{
    FailedRequest, Moment, NO_DEPLOYMENT, Point, Report, Requests, Sample, SampleRequests, Scenario, Second,
    SecondVersion, Series, UNFINISHED, VersionRequests,
};
pub use receipt::{Cost, FunctionUse, Invocation, LambdaUse, LineItem, Receipt, StateTime, Usage, Waiting};
pub use slice::samples;
pub use verdict::{headline, verdict};

use anyhow::Context as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The file with the facts.
pub const JSON_FILE: &str = "report.json";
/// The page with the same facts for people.
pub const HTML_FILE: &str = "report.html";

/// Writes both files into `directory`, which is made if need be. Returns where the page is.
pub fn write(directory: &Path, report: &Report) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let facts = serde_json::to_string_pretty(report).context("the report does not fit into JSON")?;
    let json = directory.join(JSON_FILE);
    fs::write(&json, facts + "\n").with_context(|| format!("cannot write {}", json.display()))?;
    let html = directory.join(HTML_FILE);
    let page = page::render(report).into_string();
    fs::write(&html, page).with_context(|| format!("cannot write {}", html.display()))?;
    Ok(html)
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
