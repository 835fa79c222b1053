//! The update-service function.
