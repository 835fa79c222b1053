//! The drain function.
