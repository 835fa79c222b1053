//! The rehearsal: scenarios, report and command line.

pub mod report;
pub mod terminal;
