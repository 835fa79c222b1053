//! The swap function.
