//! The plan function.
