//! The finish function.
