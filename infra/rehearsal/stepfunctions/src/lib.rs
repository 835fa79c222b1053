//! An interpreter for the parts of the Amazon States Language that Changeover uses.
