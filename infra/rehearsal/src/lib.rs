//! The rehearsal: scenarios, report and command line.
