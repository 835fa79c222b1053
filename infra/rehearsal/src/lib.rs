//! The rehearsal: AWS in miniature, real traffic, scenarios, a witness of the design's invariants, and the report.

mod advice;
pub mod binaries;
pub mod build;
pub mod cli;
pub mod command;
pub mod crowd;
pub mod matrix;
pub mod report;
pub mod scenario;
pub mod soak;
pub mod stage;
pub mod story;
pub mod terminal;
pub mod witness;
