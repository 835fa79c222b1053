//! The rehearsal: scenarios, report and command line.

pub mod report;
