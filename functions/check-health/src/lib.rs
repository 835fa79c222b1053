//! The check-health function.
