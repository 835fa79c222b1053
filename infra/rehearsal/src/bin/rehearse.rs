//! The rehearsal: scenarios, report and command line.

fn main() {}
