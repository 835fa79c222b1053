//! Plain types and pure rules of a deployment; no I/O, no clock, no randomness.
