//! Holds crates, state machine, template and docs together.
